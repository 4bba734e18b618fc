"""The seed in the studio's form: a number holds for the next order, a locked one for all that follow, and an empty
field is a new random seed for every order. Works on what was typed, by dotted names, as `forms` does."""

import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256

from .catalogue.form_fields import Field
from .catalogue.inputs import SEED_MAX

ON = "on"


def lock_of(field: Field) -> str:
    """The name of the box that locks the field: `"seed.lock"`."""
    return f"{field.name}.lock"


def is_locked(typed: Mapping[str, str], field: Field) -> bool:
    return typed.get(lock_of(field)) == ON


def roll(field: Field) -> str:
    """A random number that the field takes."""
    least, count = _range(field)
    return str(least + secrets.randbelow(count))


def rolled(typed: Mapping[str, str], fields: Iterable[Field], name: str) -> dict[str, str]:
    """With a new random number in the seed of this name; as it was where there is none."""
    return {**typed, **{field.name: roll(field) for field in fields if field.is_seed and field.name == name}}


def with_locked_filled(typed: Mapping[str, str], fields: Iterable[Field]) -> dict[str, str]:
    """With a number in every locked field that is empty: what is to be kept has to be known. It follows from the form's
    wish, so that the same form sent twice is the same brief, and one order."""
    locked = [field for field in fields if field.is_seed and is_locked(typed, field)]
    wish = typed.get("nonce") or secrets.token_urlsafe()
    return {**typed, **{field.name: _of_wish(wish, field) for field in locked if not typed.get(field.name, "").strip()}}


def after_an_order(typed: Mapping[str, str], fields: Iterable[Field]) -> dict[str, str]:
    """What stands in the form for the next order: seeds that are not locked are forgotten."""
    spent = {field.name for field in fields if field.is_seed and not is_locked(typed, field)}
    return {name: value for name, value in typed.items() if name not in spent}


def _of_wish(wish: str, field: Field) -> str:
    least, count = _range(field)
    return str(least + int.from_bytes(sha256(f"{field.name} {wish}".encode()).digest()) % count)


def _range(field: Field) -> tuple[int, int]:
    """The least number that the field takes, and how many there are."""
    least, most = int(field.minimum or 0), int(SEED_MAX if field.maximum is None else field.maximum)
    return least, most - least + 1
