"""Why somebody of the staff did something with money, in words that stay in the books, and who it was."""

import re
from typing import Any

ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.")
LONGEST = 300


def read(text: str) -> str:
    """Checked and trimmed; ValueError that says what is wrong with it."""
    words = " ".join(text.split())
    if not words:
        raise ValueError("Say why; it stays in the books.")
    if len(words) > LONGEST:
        raise ValueError(f"At most {LONGEST} characters, please; these are {len(words)}.")
    if ADDRESS.search(words):
        raise ValueError("Leave e-mail addresses out; the words stay in the books when the account is deleted.")
    return words


def actor(user: Any) -> str:
    """As the books write it down: an id, not a name."""
    return f"staff:{user.pk}"
