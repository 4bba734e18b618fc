"""From the body of a workflow to a checked value, or to everything that is wrong with it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from generations.brief import BadBrief, Brief, FieldError
from partners.webhooks import addresses

from .names import CALLBACK_TYPES, CAMEL, OUTPUT_FORMATS, SAYS, SIZES, SNAKE
from .said_again import (
    ECHOED,
    ECHOED_OF_STEP,
    FLAG,
    KEPT,
    Place,
    can_be_kept,
    echoed,
    error,
    object_in,
    tags_in,
)

CALLBACKS_MAX = 10
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
TEMPLATE = ("steps", "tags", "callbacks", "arguments", "ephemeral", "externalId", *ECHOED)
STEP = ("$type", "input", *ECHOED_OF_STEP)
NOT_HERE = {  # what would have to change something and cannot
    "arguments": "and references to them are not known here: write the values into the step.",
    "ephemeral": "workflows are not known here: delete the workflow when you have what you want.",
}


@dataclass(frozen=True)
class Asked:
    """A workflow that is wanted. `wire` is what has to be said again; `external_id` makes it one however often sent.
    `output_format` is one of ours, empty for that in which the picture comes."""

    brief: Brief
    wire: dict[str, Any] = field(repr=False)
    tags: list[str] = field(default_factory=list, repr=False)
    external_id: str | None = None
    output_format: str = ""


def read(raw: object) -> Asked:
    """The order in the body of a workflow. Raises BadBrief with every error there is."""
    errors: list[FieldError] = []
    body = object_in(raw, (), TEMPLATE, errors)
    step, place = _only_step(body, errors)
    given, output_format, image_metadata = _input(step.get("input"), (*place, "input"), errors)
    brief = _brief(given, (*place, "input"), errors)
    wire = {
        **echoed(body, ECHOED, (), errors),
        "callbacks": _callbacks(body.get("callbacks"), errors),
        "step": echoed(step, ECHOED_OF_STEP, place, errors),
        "input": {} if image_metadata is None else {"imageMetadata": image_metadata},
    }
    tags = tags_in(body.get("tags"), ("tags",), errors)
    errors += [error((name,), because) for name, because in NOT_HERE.items() if body.get(name)]
    external_id = body.get("externalId")
    if external_id is not None and not (isinstance(external_id, str) and EXTERNAL_ID.fullmatch(external_id)):
        errors.append(error(("externalId",), "must be 1 to 128 letters, digits, - and _."))
    if not can_be_kept(wire):
        errors.append(error(("metadata",), KEPT))
    if errors or brief is None:
        raise BadBrief(errors)
    return Asked(brief, wire, tags, external_id, output_format)


def _only_step(body: Mapping[str, Any], errors: list[FieldError]) -> tuple[dict[str, Any], Place]:
    place: Place = ("steps", 0)
    steps = body.get("steps")
    if not isinstance(steps, list) or len(steps) != 1:
        errors.append(error(("steps",), "must be a list of exactly one step; send a workflow for each."))
        if not isinstance(steps, list) or not steps:
            return {}, place
    step = object_in(steps[0], place, STEP, errors)
    if step and step.get("$type") != "imageGen":
        errors.append(error((*place, "$type"), "must be one of: imageGen.", ["imageGen"]))
    return step, place


def _callbacks(raw: object, errors: list[FieldError]) -> list[dict[str, Any]]:
    if raw is None:
        return []
    if not isinstance(raw, list) or len(raw) > CALLBACKS_MAX:
        errors.append(error(("callbacks",), f"must be a list of at most {CALLBACKS_MAX} objects with url and type."))
        return []
    for index, each in enumerate(raw):
        place: Place = ("callbacks", index)
        callback = object_in(each, place, ("url", "type", "detailed"), errors)
        types, url = callback.get("type"), callback.get("url")
        if not (
            isinstance(types, list) and types and all(isinstance(one, str) and one in CALLBACK_TYPES for one in types)
        ):
            because = f"must be a list of one or more of: {', '.join(CALLBACK_TYPES)}."
            errors.append(error((*place, "type"), because, list(CALLBACK_TYPES)))
        if callback.get("detailed") is not None and not FLAG.fits(callback["detailed"]):
            errors.append(error((*place, "detailed"), FLAG.because, FLAG.allowed))
        try:
            addresses.check(url if isinstance(url, str) else "")
        except addresses.BadAddress as bad:
            errors.append(error((*place, "url"), f"cannot be called: {bad}", addresses.ALLOWED))
    return raw


def _input(raw: object, place: Place, errors: list[FieldError]) -> tuple[dict[str, Any] | None, str, str | None]:
    """The input without what is no matter of the image model: with our name of `outputFormat`, and `imageMetadata`."""
    if not isinstance(raw, dict):
        errors.append(error(place, "must be an object with engine, model, operation and prompt."))
        return None, "", None
    given = dict(raw)
    wanted, metadata = given.pop("outputFormat", None), given.pop("imageMetadata", None)
    if wanted is not None and not (isinstance(wanted, str) and wanted in OUTPUT_FORMATS):
        because = f"must be one of: {', '.join(OUTPUT_FORMATS)}."
        errors.append(error((*place, "outputFormat"), because, list(OUTPUT_FORMATS)))
        wanted = None
    if metadata is not None and not isinstance(metadata, str):
        errors.append(error((*place, "imageMetadata"), "must be a text."))
    return given, OUTPUT_FORMATS[wanted] if wanted else "", metadata


def _brief(given: dict[str, Any] | None, place: Place, errors: list[FieldError]) -> Brief | None:
    if given is None:
        return None
    for name, value in SAYS.items():
        if given.pop(name, None) != value:
            errors.append(error((*place, name), f"must be one of: {value}.", [value]))
    size = given.pop("size", "medium")
    if not isinstance(size, str) or size not in SIZES:
        errors.append(error((*place, "size"), f"must be one of: {', '.join(SIZES)}.", list(SIZES)))
    for name in [name for name in CAMEL if name in given]:
        del given[name]
        errors.append(error((*place, name), f"is called {CAMEL[name]} here."))
    if pointing := list(_references_in(given, place)):
        errors += [error(each, "must be a value: references ($ref) are not known here.") for each in pointing[:20]]
        return None
    quantity = given.pop("quantity", 1)
    try:
        return Brief.read(SIZES.get(str(size), SIZES["medium"]), _snake(given), quantity, same_seed=True)
    except BadBrief as bad:
        errors += bad.errors
        return None


def _references_in(value: object, place: Place) -> Iterator[Place]:
    """Where the value of another step, or of the workflow's arguments, is asked for."""
    if isinstance(value, dict) and "$ref" in value:
        yield place
    elif isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _references_in(inner, (*place, name))


def _snake(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same input with the names that the image model knows."""
    named = {SNAKE.get(name, name): value for name, value in given.items()}
    references = named.get("image_style_references")
    if references is None:
        named.pop("image_style_references", None)
    if isinstance(references, list):
        named["image_style_references"] = [
            {SNAKE.get(name, name): value for name, value in each.items()} if isinstance(each, dict) else each
            for each in references
        ]
    return named
