"""The search of prompts: words in any case, with or without accents; several words are all of them, each matched from
its beginning ("fox" finds "foxes"); words in quotes are found whole and side by side. Nothing is a wildcard.

What is compared is made here and is the same on every database: a word becomes a key of plain letters and digits, with
its owner in front, so that the database's index finds one customer's words without meeting another's. See decision
0012; the indexes themselves are in `search_index`.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from billing.compiled import insert

from .models import Generation, PromptWords
from .search_index import Matches

LONGEST = 200  # characters of what is looked for
FEW = 500  # generations that are looked up one by one; of more, the database decides which way to go
KEY_LENGTH = 200  # of one word's key; longer words are compared by their beginning
# A word of a script that has no spaces between words is its letters one by one: Thai to Khmer, kana, Chinese.
_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_QUOTED = re.compile(
    r'["\u201c\u201d\u201e\u00ab\u00bb]([^"\u201c\u201d\u201e\u00ab\u00bb]*)["\u201c\u201d\u00ab\u00bb]|(\S+)'
)
Rows = TypeVar("Rows", bound="QuerySet[Any]")
_NOT_PLAIN = re.compile(r"[^a-y0-9]")


@dataclass(frozen=True)
class Phrase:
    """Words that stand side by side; `is_open`: the last of them may go on."""

    words: tuple[str, ...]
    is_open: bool


def read(text: str) -> list[Phrase]:
    """What is looked for. Raises ValueError, in words, for what cannot be."""
    if len(text) > LONGEST:
        raise ValueError(f"Search for at most {LONGEST} characters; these are {len(text)}.")
    found = [
        Phrase(tuple(words), is_open=not quoted)
        for quoted, plain in _QUOTED.findall(text)
        if (words := _words(quoted or plain))
    ]
    if not found:
        raise ValueError("Search for at least one word or number.")
    return found


def narrow(rows: Rows, user: Any, text: str, *, by: str = "generation") -> Rows:
    """Those whose prompt has these words; `by` is the column of their generation. Asks how many there are: a few are
    named, so that no database looks through everything for them; for many, each row is asked in its turn, until a page
    is full."""
    found = PromptWords.objects.filter(Matches(_keyed(user.pk, read(text))))
    few = list(found.values_list("generation_id", flat=True)[: FEW + 1])
    if len(few) <= FEW:
        return rows.filter(**{f"{by}__in": few})
    return rows.filter(Exists(found.filter(generation=OuterRef(by))))


def write(generation: Generation) -> None:
    """Have a new generation found."""
    insert(PromptWords(generation=generation, keys=keys(generation.user_id, generation.prompt)))


def forget(generation_ids: Collection[UUID]) -> None:
    """Take the words of erased prompts away."""
    PromptWords.objects.filter(generation__in=list(generation_ids)).exclude(keys="").update(keys="")


def keys(user_id: int, prompt: str) -> str:
    """`keys(42, "Red foxes!")` is `"u42zred u42zfoxes"`."""
    return " ".join(_key(user_id, word) for word in _words(prompt))


def _words(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    return _WORD.findall(unicodedata.normalize("NFKD", bare.casefold()))


def _keyed(user_id: int, phrases: Iterable[Phrase]) -> list[tuple[list[str], bool]]:
    return [([_key(user_id, word) for word in phrase.words], phrase.is_open) for phrase in phrases]


def _key(user_id: int, word: str) -> str:
    """Plain letters and digits, which every index takes for one word. What begins a word begins its key: each letter
    has a code of its own that begins no other one."""
    return f"u{user_id}z{_NOT_PLAIN.sub(lambda each: f'z{ord(each[0]):x}z', word)}"[:KEY_LENGTH]
