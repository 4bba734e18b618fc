"""What is said again: fields that change nothing, tags and metadata, each checked, and kept where databases take it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generations.brief import FieldError

TAGS_MAX, TAG_MAX = 10, 200
TIPS_MAX = 2
SAID_AGAIN_BYTES = 8192
KEPT = f"and the rest around the input must be plain JSON of at most {SAID_AGAIN_BYTES} bytes, without NUL."
# As its examples write it, and as its guide says (ISO 8601).
TIMEOUT = re.compile(
    r"(?:\d{1,3}\.)?\d{1,2}:\d\d:\d\d(?:\.\d{1,7})?|P(?=.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?"
)
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Kind:
    """What a field that changes nothing may hold; `because` goes on after its name."""

    fits: Callable[[Any], bool]
    because: str
    allowed: object = None


def _one_of(*values: str) -> Kind:
    return Kind(
        lambda value: isinstance(value, str) and value in values, f"must be one of: {', '.join(values)}.", values
    )


def _currencies(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each in CURRENCIES for each in value)


def _tips(value: Any) -> bool:
    rates = value.items() if isinstance(value, dict) else [("", None)]
    return all(
        name in ("civitai", "creators")
        and isinstance(rate, int | float)
        and not isinstance(rate, bool)
        and 0 <= rate <= TIPS_MAX
        for name, rate in rates
    )


CURRENCIES = ("yellow", "blue", "green", "fakeRed")
FLAG = Kind(lambda value: isinstance(value, bool), "must be true or false.", [True, False])
OBJECT = Kind(lambda value: isinstance(value, dict), "must be an object.")
# Fields that change nothing: kept, and said again.
ECHOED = {
    "currencies": Kind(_currencies, f"must be a list of: {', '.join(CURRENCIES)}.", CURRENCIES),
    "allowMatureContent": FLAG,
    "upgradeMode": _one_of("manual", "automatic"),
    "nsfwLevel": _one_of("pg", "pg13", "r", "x", "xxx", "na"),
    "tips": Kind(_tips, f"must be an object with civitai and creators, each a number from 0 to {TIPS_MAX}."),
    "experimental": FLAG,
    "metadata": OBJECT,
}
ECHOED_OF_STEP = {
    "name": Kind(
        lambda value: isinstance(value, str) and 1 <= len(value) <= 100, "must be a text of 1 to 100 characters."
    ),
    "priority": _one_of("high", "normal", "low"),
    "timeout": Kind(
        lambda value: isinstance(value, str) and bool(TIMEOUT.fullmatch(value)), "must be a time such as 00:10:00."
    ),
    "retries": Kind(
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100,
        "must be a whole number from 0 to 100.",
    ),
    "metadata": OBJECT,
}


def object_in(raw: object, place: Place, known: Sequence[str], errors: list[FieldError]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        errors.append(error(place or ("body",), f"must be an object with {', '.join(known)}."))
        return {}
    for name in [name for name in raw if name not in known][:20]:
        errors.append(error((*place, name), f"is not known here; there are {', '.join(known)}.", list(known)))
    return raw


def echoed(
    body: Mapping[str, Any], kinds: Mapping[str, Kind], place: Place, errors: list[FieldError]
) -> dict[str, Any]:
    given = {name: body[name] for name in kinds if body.get(name) is not None}
    for name, value in given.items():
        if not kinds[name].fits(value):
            errors.append(error((*place, name), kinds[name].because, kinds[name].allowed))
    return given


def tags_in(raw: object, place: Place, errors: list[FieldError]) -> list[str]:
    if raw is None:
        return []
    if isinstance(raw, list) and len(raw) <= TAGS_MAX and all(map(is_tag, raw)) and len(set(raw)) == len(raw):
        return list(raw)
    errors.append(error(place, f"must be at most {TAGS_MAX} different texts of 1 to {TAG_MAX} characters."))
    return []


def is_tag(raw: object) -> bool:
    return isinstance(raw, str) and 1 <= len(raw) <= TAG_MAX and can_be_kept({"tag": raw})


def words(metadata: Mapping[str, Any]) -> str:
    """The names and values of metadata, one a line, in small letters: what a list's `query` looks in."""
    return "\n".join(_words(metadata))


def can_be_kept(wire: Mapping[str, Any]) -> bool:
    """Whether it is not too much, and every database takes it: no NUL, no half of a surrogate pair, no infinity."""
    try:
        text = json.dumps(wire, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return len(text) <= SAID_AGAIN_BYTES and b"\\u0000" not in text


def error(place: Place, because: str, allowed: object = None) -> FieldError:
    """An error at a place of the body, in a sentence that begins with the field's name."""
    return FieldError.at(place, "not_allowed", f"{place[-1]} {because}", allowed)


def _words(value: object) -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                yield str(name).casefold()
                yield from _words(inner)
        case list():
            for inner in value:
                yield from _words(inner)
        case bool() | None:
            return
        case _:
            yield str(value).casefold()
