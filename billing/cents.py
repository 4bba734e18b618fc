"""US cents as people read and write them: `1000` is `"$10.00"`. Integers throughout."""

import re

_DOLLARS = re.compile(r"\$?\s*([0-9]{1,6})(?:\.([0-9]{2}))?")


def show(cents: int) -> str:
    """`123450` as `"$1,234.50"`."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${whole:,}.{rest:02d}"


def read(text: str) -> int:
    """`"25"` or `"25.00"` as cents; ValueError that says what is allowed for anything else."""
    match = _DOLLARS.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text[:40]!r} is not an amount of US dollars, such as 25 or 25.50.")
    whole, rest = match.groups()
    return int(whole) * 100 + int(rest or "0")
