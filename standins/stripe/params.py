"""What parameters a call knows, and the reading of each: unknown ones are refused, needed ones demanded."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from standins.stripe.errors import malformed

LONGEST_TEXT = 5000
Reader = Callable[[Any, str], Any]


@dataclass(frozen=True)
class Param:
    """`read` takes what came and its name, and gives the value or raises."""

    read: Reader
    needed: bool = False
    inside: "Params | None" = None  # the fields of a group, or of each of many


Params = Mapping[str, Param]


def needed(param: Param) -> Param:
    return replace(param, needed=True)


def read(params: Params, given: Mapping[str, Any], inside: str = "") -> dict[str, Any]:
    """The values of all that was given. An empty text means: unset."""
    for name in given:
        if name not in params:
            full = named(inside, name)
            raise malformed(f"Received unknown parameter: {full}", param=full, code="parameter_unknown")
    for name, param in params.items():
        if param.needed and name not in given:
            full = named(inside, name)
            raise malformed(f"Missing required param: {full}.", param=full, code="parameter_missing")
        if param.needed and given[name] == "":
            full = named(inside, name)
            raise malformed(
                f"You passed an empty string for '{full}'. We assume empty values are an attempt to unset a parameter;"
                f" however '{full}' cannot be unset.",
                param=full,
                code="parameter_invalid_empty",
            )
    return {name: params[name].read(value, named(inside, name)) for name, value in given.items()}


def named(inside: str, name: str) -> str:
    return f"{inside}[{name}]" if inside else name


def text(longest: int = LONGEST_TEXT) -> Param:
    def reader(value: Any, name: str) -> str | None:
        if not isinstance(value, str):
            raise malformed(f"Invalid string: {value}", param=name)
        if len(value) > longest:
            raise malformed(
                f"Invalid string: {value[:20]}...; must be at most {longest} characters",
                param=name,
                code="parameter_invalid_string_too_long" if longest < LONGEST_TEXT else None,
            )
        return value or None

    return Param(reader)


def integer(least: int | None = None, most: int | None = None) -> Param:
    def reader(value: Any, name: str) -> int | None:
        if value == "":
            return None
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise malformed(f"Invalid integer: {value}", param=name, code="parameter_invalid_integer")
        number = int(value)
        if least is not None and number < least:
            raise malformed(
                f"This value must be greater than or equal to {least}.", param=name, code="parameter_invalid_integer"
            )
        if most is not None and number > most:
            raise malformed(
                f"This value must be less than or equal to {most}.", param=name, code="parameter_invalid_integer"
            )
        return number

    return Param(reader)


def decimal() -> Param:
    def reader(value: Any, name: str) -> str | None:
        if value == "":
            return None
        try:
            if isinstance(value, str) and Decimal(value).is_finite():
                return value
        except InvalidOperation:
            pass
        raise malformed(f"Invalid decimal: {value}", param=name)

    return Param(reader)


def boolean() -> Param:
    def reader(value: Any, name: str) -> bool | None:
        if value == "":
            return None
        if value not in ("true", "false"):
            raise malformed(f"Invalid boolean: {value}", param=name)
        return bool(value == "true")

    return Param(reader)


def choice(*options: str) -> Param:
    def reader(value: Any, name: str) -> str | None:
        if value == "":
            return None
        if value not in options:
            raise malformed(f"Invalid {name}: must be one of {' or '.join([', '.join(options)])}", param=name)
        return str(value)

    return Param(reader)


def currency() -> Param:
    """Dollars only: nothing else is sold here."""

    def reader(value: Any, name: str) -> str:
        if str(value).lower() != "usd":
            raise malformed(f"Invalid currency: {value}. The stand-in knows only usd.", param=name)
        return "usd"

    return Param(reader)


def group(**fields: Param) -> Param:
    def reader(value: Any, name: str) -> dict[str, Any] | None:
        if value == "":
            return None
        if not isinstance(value, dict):
            raise malformed("Invalid object", param=name)
        return read(fields, value, name)

    return Param(reader, inside=fields)


def many(one: Param, *, most: int = 100) -> Param:
    def reader(value: Any, name: str) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, dict) or not all(part.isdigit() for part in value):
            raise malformed("Invalid array", param=name)
        if len(value) > most:
            raise malformed(f"Array {name} exceeded maximum {most} allowed elements.", param=name)
        return [one.read(value[part], named(name, part)) for part in sorted(value, key=int)]

    return Param(reader, inside=one.inside)


def metadata() -> Param:
    """Keys to texts; an empty text takes a key away, an empty whole takes all."""

    def reader(value: Any, name: str) -> dict[str, str | None]:
        if value == "":
            return {"": None}
        if not isinstance(value, dict) or len(value) > 50:
            raise malformed("Invalid metadata: at most 50 keys with texts.", param=name)
        for key, said in value.items():
            if not isinstance(said, str) or len(key) > 40 or len(said) > 500:
                raise malformed(
                    "Metadata keys have at most 40 characters, values are texts of at most 500.",
                    param=named(name, key),
                )
        return {key: said or None for key, said in value.items()}

    return Param(reader)


def merged(old: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Metadata after a change."""
    kept = {} if "" in given else dict(old)
    kept.update({key: value for key, value in given.items() if key and value is not None})
    return {key: value for key, value in kept.items() if given.get(key, value) is not None}


def span() -> Param:
    """A filter over moments: one number, or gt, gte, lt, lte."""
    limits = {name: integer() for name in ("gt", "gte", "lt", "lte")}

    def reader(value: Any, name: str) -> dict[str, int]:
        if isinstance(value, str):
            moment = integer().read(value, name)
            return {"gte": moment, "lte": moment}
        return read(limits, value, name)

    return Param(reader)


def postal() -> Param:
    return group(**{name: text() for name in ("city", "country", "line1", "line2", "postal_code", "state")})
