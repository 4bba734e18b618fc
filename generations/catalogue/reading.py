"""From JSON to an image model's checked input, or to everything that is wrong with it, all at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from generations.catalogue.field_errors import FieldError, Place, allowed_in, label_of, name_of, what_fits
from generations.catalogue.image_model import ImageModel
from generations.catalogue.inputs import Input
from generations.catalogue.json_schema import Node, child
from generations.catalogue.strict import REFUSED
from generations.catalogue.unknown_fields import advise

ERRORS_MAX = 100  # a body made to annoy can hold a million

# What pydantic calls it, and what we do. A refusal of our own validators carries its code with it.
CODES = {
    "missing": "missing",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "too_short": "too_short",
    "too_long": "too_long",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "multiple_of": "out_of_range",
    "finite_number": "out_of_range",
}


def read(
    image_model: ImageModel, raw: object, catalogue: Sequence[ImageModel]
) -> tuple[Input | None, list[FieldError]]:
    """The input and no errors, or None and at least one. `catalogue`: where to look for who takes a field."""
    schema = image_model.kept_schema()
    if not isinstance(raw, Mapping):
        return None, [_error(schema, (), "wrong_type", "must be an object with a prompt")]
    within, errors = _in_bounds(schema, raw)
    try:
        checked = image_model.input_schema.model_validate(within)
    except ValidationError as refusal:
        details = refusal.errors(include_url=False, include_input=False)[:ERRORS_MAX]
        errors += [_translated(schema, error, image_model, catalogue) for error in details]
        return None, errors
    return (None, errors) if errors else (checked, [])


def _in_bounds(schema: Node, raw: Mapping[Any, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """The input without what would hide its other errors, and the errors of that.

    pydantic gives up at a name that is no text, and reads a list to its end before it says "too long".
    """
    errors = []
    within = {name: value for name, value in raw.items() if _is_text(name)}
    if len(within) < len(raw):
        errors.append(_error(schema, (), "unknown_field", "has a field whose name is no text"))
    for name, node in schema["properties"].items():
        value, most = raw.get(name), node.get("maxItems")
        if most is not None and isinstance(value, list | tuple) and len(value) > most:
            within[name] = value[:most]
            because = f"must be {what_fits(node)}, not {len(value)}"
            errors.append(_error(schema, (name,), "too_long", because, allowed_in(node)))
    return within, errors


def _translated(
    schema: Node, error: Mapping[str, Any], image_model: ImageModel, catalogue: Sequence[ImageModel]
) -> FieldError:
    place = _place(error["loc"])
    kind, node = error["type"], _node(schema, place)
    if kind == "extra_forbidden":
        return _unknown(schema, place, image_model, catalogue)
    if kind == REFUSED:
        context = error["ctx"]
        allowed = context["allowed"] or allowed_in(node)
        return _error(schema, place, context["code"], context["because"], allowed)
    if kind in ("string_unicode", "invalid_key"):
        return _error(schema, place, "not_allowed", "must be text without broken characters")
    code = CODES.get(kind, "wrong_type" if kind.endswith("_type") else "not_allowed")
    because = f"is missing: it must be {what_fits(node)}" if code == "missing" else f"must be {what_fits(node)}"
    return _error(schema, place, code, because, allowed_in(node))


def _unknown(schema: Node, place: Place, image_model: ImageModel, catalogue: Sequence[ImageModel]) -> FieldError:
    holder, name = place[:-1], name_of(place[-1:])
    if not holder:
        detail = advise(name, image_model, catalogue)
        return FieldError.at(("input", *place), "unknown_field", detail, list(image_model.field_names))
    fits = _node(schema, holder)
    allowed = allowed_in(fits)
    because = f"takes no {name}: it must be {what_fits(fits)}"
    names = list(allowed) if isinstance(allowed, dict) else allowed
    return FieldError.at(
        ("input", *place),
        "unknown_field",
        f"{name_of(holder)} {because}.",
        names,
        f"{label_of(schema, holder)} {because}.",
    )


def _error(schema: Node, place: Place, code: str, because: str, allowed: object = None) -> FieldError:
    detail, in_form = f"{name_of(place)} {because}.", f"{label_of(schema, place)} {because}."
    return FieldError.at(("input", *place), code, detail, allowed, in_form)


def _is_text(name: object) -> bool:
    return isinstance(name, str) and not any("\ud800" <= character <= "\udfff" for character in name)


def _place(loc: tuple[str | int, ...]) -> Place:
    """pydantic's place without the tag of a union, which is no step of the body."""
    return tuple(step for index, step in enumerate(loc) if index != 1 or not _is_tag(step))


def _is_tag(step: str | int) -> bool:
    return isinstance(step, str) and step.startswith("<") and step.endswith(">")


def _node(schema: Node, place: Place) -> Node:
    node = schema
    for step in place:
        node = child(node, step)
    return node
