"""Checks an input the way fal's models do: at the result, as a list of pydantic-like errors."""

from collections.abc import Iterator, Mapping
from typing import Any

from standins.fal.catalogue import Endpoint, Field

Problem = dict[str, Any]
LARGEST_SIDE = 2048
SMALLEST_SIDE = 256


def problems(endpoint: Endpoint, given: object) -> list[Problem]:
    """All that is wrong with an input; empty when it can be drawn. Unknown fields are ignored, as at fal."""
    if not isinstance(given, Mapping):
        return [problem(["body"], "Input should be a valid dictionary", "model_attributes_type", given)]
    found: list[Problem] = []
    for name, field in endpoint.fields.items():
        if given.get(name) is None:
            if field.required:
                found.append(problem(["body", name], "Field required", "missing", dict(given)))
            continue
        found += CHECKS[field.kind](["body", name], field, given[name])
    return found


def problem(loc: list[str | int], msg: str, kind: str, given: object, **ctx: object) -> Problem:
    """One error in fal's form."""
    told: Problem = {"loc": loc, "msg": msg, "type": kind, "url": f"https://docs.fal.ai/errors#{kind}"}
    if ctx:
        told["ctx"] = ctx
    told["input"] = given
    return told


def check_string(loc: list[str | int], field: Field, given: Any) -> Iterator[Problem]:
    if not isinstance(given, str):
        yield problem(loc, "Input should be a valid string", "string_type", given)
    elif field.least is not None and len(given) < field.least:
        msg = f"String should have at least {field.least:g} character"
        yield problem(loc, msg, "string_too_short", given, min_length=field.least)
    elif field.most is not None and len(given) > field.most:
        msg = f"String should have at most {field.most:g} characters"
        yield problem(loc, msg, "string_too_long", given, max_length=field.most)


def check_integer(loc: list[str | int], field: Field, given: Any) -> Iterator[Problem]:
    whole = isinstance(given, int) or (isinstance(given, float) and given.is_integer())
    if isinstance(given, bool) or not whole:
        yield problem(loc, "Input should be a valid integer", "int_type", given)
    else:
        yield from within(loc, field, given)


def check_number(loc: list[str | int], field: Field, given: Any) -> Iterator[Problem]:
    if isinstance(given, bool) or not isinstance(given, int | float):
        yield problem(loc, "Input should be a valid number", "float_type", given)
    else:
        yield from within(loc, field, given)


def within(loc: list[str | int], field: Field, given: float) -> Iterator[Problem]:
    if field.least is not None and given < field.least:
        msg = f"Input should be greater than or equal to {field.least:g}"
        yield problem(loc, msg, "greater_than_equal", given, ge=field.least)
    elif field.most is not None and given > field.most:
        msg = f"Input should be less than or equal to {field.most:g}"
        yield problem(loc, msg, "less_than_equal", given, le=field.most)


def check_boolean(loc: list[str | int], field: Field, given: Any) -> Iterator[Problem]:
    if not isinstance(given, bool):
        yield problem(loc, "Input should be a valid boolean", "bool_type", given)


def check_enum(loc: list[str | int], field: Field, given: Any) -> Iterator[Problem]:
    if given not in field.allowed:
        expected = " or ".join(
            filter(None, [", ".join(f"'{one}'" for one in field.allowed[:-1]), f"'{field.allowed[-1]}'"])
        )
        yield problem(loc, f"Input should be {expected}", "literal_error", given, expected=expected)


def check_size(loc: list[str | int], field: Field, given: Any) -> Iterator[Problem]:
    if not isinstance(given, Mapping):
        yield from check_enum(loc, field, given)
        return
    side = Field("integer", least=SMALLEST_SIDE, most=LARGEST_SIDE)
    for name in ("width", "height"):
        yield from check_integer([*loc, name], side, given.get(name, 512))


def check_references(loc: list[str | int], field: Field, given: Any) -> Iterator[Problem]:
    yield from check_list(loc, field, given, "image_url", "strength", Field("number", least=-2, most=2))


def check_loras(loc: list[str | int], field: Field, given: Any) -> Iterator[Problem]:
    yield from check_list(loc, field, given, "path", "scale", Field("number", least=0, most=4))


def check_list(
    loc: list[str | int], field: Field, given: Any, address: str, weight: str, weight_field: Field
) -> Iterator[Problem]:
    if not isinstance(given, list | tuple):
        yield problem(loc, "Input should be a valid list", "list_type", given)
        return
    if field.most is not None and len(given) > field.most:
        msg = f"List should have at most {field.most:g} items after validation, not {len(given)}"
        yield problem(loc, msg, "too_long", given, max_length=field.most, actual_length=len(given))
    for index, item in enumerate(given):
        here = [*loc, index]
        if not isinstance(item, Mapping):
            yield problem(here, "Input should be a valid dictionary", "model_attributes_type", item)
        elif item.get(address) is None:
            yield problem([*here, address], "Field required", "missing", dict(item))
        else:
            yield from check_string([*here, address], Field("string"), item[address])
            if item.get(weight) is not None:
                yield from check_number([*here, weight], weight_field, item[weight])


CHECKS = {
    "string": check_string,
    "integer": check_integer,
    "number": check_number,
    "boolean": check_boolean,
    "enum": check_enum,
    "size": check_size,
    "references": check_references,
    "loras": check_loras,
}
