"""From the body of a workflow, an update or a patch to a checked value, or to everything that is wrong with it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generations.brief import BadBrief, Brief, FieldError

from .names import CAMEL, SAYS, SIZES, SNAKE

ECHOED = ("currencies", "allowMatureContent", "upgradeMode", "nsfwLevel", "tips", "experimental")
ECHOED_OF_STEP = ("name", "priority", "timeout", "retries", "metadata")
TEMPLATE = ("steps", "tags", "metadata", "callbacks", "arguments", "ephemeral", "externalId", *ECHOED)
STEP = ("$type", "input", *ECHOED_OF_STEP)
TAGS_MAX, TAG_MAX = 10, 200
SAID_AGAIN_BYTES = 8192
KEPT = f"and the rest around the input must be plain JSON of at most {SAID_AGAIN_BYTES} bytes, without NUL."
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Asked:
    """A workflow that is wanted. `wire` is what has to be said again; `external_id` makes it one however often sent."""

    brief: Brief
    wire: dict[str, Any] = field(repr=False)
    external_id: str | None = None


def read(raw: object) -> Asked:
    """The order in the body of a workflow. Raises BadBrief with every error there is."""
    errors: list[FieldError] = []
    body = _object(raw, (), TEMPLATE, errors)
    step, place = _only_step(body, errors)
    brief = _brief(step.get("input"), (*place, "input"), errors)
    wire = {
        **{name: body[name] for name in ECHOED if body.get(name) is not None},
        "tags": _tags(body.get("tags"), ("tags",), errors),
        "metadata": _free(body.get("metadata"), ("metadata",), errors),
        "step": {name: step[name] for name in ECHOED_OF_STEP if step.get(name) is not None},
    }
    _say_no(body, errors)
    external_id = body.get("externalId")
    if external_id is not None and not (isinstance(external_id, str) and EXTERNAL_ID.fullmatch(external_id)):
        errors.append(_error(("externalId",), "must be 1 to 128 letters, digits, - and _."))
    if not _can_be_kept(wire):
        errors.append(_error(("metadata",), KEPT))
    if errors or brief is None:
        raise BadBrief(errors)
    return Asked(brief, wire, external_id)


def read_update(raw: object) -> dict[str, Any]:
    """What an update changes: `status`, `tags`, `metadata` or `allowMatureContent`. Raises BadBrief."""
    errors: list[FieldError] = []
    known = ("status", "tags", "metadata", "allowMatureContent")
    body = _object(raw, (), known, errors)
    if body.get("status") not in (None, "canceled"):
        errors.append(_error(("status",), "must be one of: canceled.", ["canceled"]))
    change = {name: value for name, value in body.items() if value is not None}
    if "tags" in change:
        change["tags"] = _tags(change["tags"], ("tags",), errors)
    if "metadata" in change:
        change["metadata"] = _free(change["metadata"], ("metadata",), errors)
    if not _can_be_kept(change):
        errors.append(_error(("metadata",), KEPT))
    if errors:
        raise BadBrief(errors)
    return change


def patched(wire: Mapping[str, Any], raw: object) -> dict[str, Any]:
    """What a JSON Patch (RFC 6902) of tags and metadata leaves: `add`, `replace` and `remove` at /tags, /tags/-,
    /tags/{place}, /metadata and /metadata/{name}. Raises BadBrief."""
    left = {"tags": list(wire.get("tags", [])), "metadata": dict(wire.get("metadata", {}))}
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        raise BadBrief([_error(("body",), "must be a list of operations, each an object with op and path.")])
    for place, each in enumerate(raw):
        if not _patch(left, each.get("op"), str(each.get("path", "")), each.get("value")):
            said = "must be add, replace or remove at /tags or /metadata, or at one of theirs."
            raise BadBrief([_error((place,), said)])
    return read_update(left)


def _object(raw: object, place: Place, known: Sequence[str], errors: list[FieldError]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        errors.append(_error(place or ("body",), f"must be an object with {', '.join(known)}."))
        return {}
    for name in [name for name in raw if name not in known][:20]:
        errors.append(_error((*place, name), f"is not known here; there are {', '.join(known)}.", list(known)))
    return raw


def _only_step(body: Mapping[str, Any], errors: list[FieldError]) -> tuple[dict[str, Any], Place]:
    place: Place = ("steps", 0)
    steps = body.get("steps")
    if not isinstance(steps, list) or len(steps) != 1:
        errors.append(_error(("steps",), "must be a list of exactly one step; send a workflow for each."))
        if not isinstance(steps, list) or not steps:
            return {}, place
    step = _object(steps[0], place, STEP, errors)
    if step and step.get("$type") != "imageGen":
        errors.append(_error((*place, "$type"), "must be one of: imageGen.", ["imageGen"]))
    return step, place


def _brief(raw: object, place: Place, errors: list[FieldError]) -> Brief | None:
    if not isinstance(raw, dict):
        errors.append(_error(place, "must be an object with engine, model, operation and prompt."))
        return None
    given = dict(raw)
    for name, value in SAYS.items():
        if given.pop(name, None) != value:
            errors.append(_error((*place, name), f"must be one of: {value}.", [value]))
    size = given.pop("size", "medium")
    if not isinstance(size, str) or size not in SIZES:
        errors.append(_error((*place, "size"), f"must be one of: {', '.join(SIZES)}.", list(SIZES)))
    for name in ("outputFormat", "imageMetadata"):
        if given.pop(name, None) is not None:
            errors.append(_error((*place, name), "cannot be chosen here; leave it out."))
    for name in [name for name in CAMEL if name in given]:
        del given[name]
        errors.append(_error((*place, name), f"is called {CAMEL[name]} here."))
    quantity = given.pop("quantity", 1)
    try:
        return Brief.read(SIZES.get(str(size), SIZES["medium"]), _snake(given), quantity, same_seed=True)
    except BadBrief as bad:
        errors += bad.errors
        return None


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


def _say_no(body: Mapping[str, Any], errors: list[FieldError]) -> None:
    """To what would have to change something and cannot."""
    for name, why in (
        ("callbacks", "are not delivered here: wait, or ask for the workflow."),
        ("arguments", "and references to them are not known here: write the values into the step."),
        ("ephemeral", "workflows are not known here: delete the workflow when you have what you want."),
    ):
        if body.get(name):
            errors.append(_error((name,), why))


def _tags(raw: object, place: Place, errors: list[FieldError]) -> list[str]:
    if raw is None:
        return []
    if isinstance(raw, list) and len(raw) <= TAGS_MAX and all(map(is_tag, raw)) and len(set(raw)) == len(raw):
        return list(raw)
    errors.append(_error(place, f"must be at most {TAGS_MAX} different texts of 1 to {TAG_MAX} characters."))
    return []


def is_tag(raw: object) -> bool:
    return isinstance(raw, str) and 1 <= len(raw) <= TAG_MAX and _can_be_kept({"tag": raw})


def _free(raw: object, place: Place, errors: list[FieldError]) -> dict[str, Any]:
    if raw is None or isinstance(raw, dict):
        return raw or {}
    errors.append(_error(place, "must be an object."))
    return {}


def _patch(left: dict[str, Any], op: object, path: str, value: object) -> bool:
    """Do one operation; False for one that cannot be done."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    match op, steps:
        case "add" | "replace", [("tags" | "metadata") as name]:
            left[name] = value
        case "remove", [("tags" | "metadata") as name]:
            left[name] = [] if name == "tags" else {}
        case "add" | "replace", ["metadata", name] if isinstance(left["metadata"], dict):
            left["metadata"][name] = value
        case "remove", ["metadata", name] if isinstance(left["metadata"], dict) and name in left["metadata"]:
            del left["metadata"][name]
        case "add", ["tags", "-"] if isinstance(left["tags"], list):
            left["tags"].append(value)
        case "remove", ["tags", at] if isinstance(left["tags"], list) and at in map(str, range(len(left["tags"]))):
            del left["tags"][int(at)]
        case _:
            return False
    return True


def _can_be_kept(wire: Mapping[str, Any]) -> bool:
    """Whether it is not too much, and every database takes it: no NUL, no half of a surrogate pair, no infinity."""
    try:
        text = json.dumps(wire, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return len(text) <= SAID_AGAIN_BYTES and b"\\u0000" not in text


def _error(place: Place, because: str, allowed: object = None) -> FieldError:
    """An error at a place of the body, in a sentence that begins with the field's name."""
    return FieldError.at(place, "not_allowed", f"{place[-1]} {because}", allowed)
