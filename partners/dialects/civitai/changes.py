"""Changes of a workflow or of its step: an update, or a JSON Patch (RFC 6902), read and checked."""

from collections.abc import Mapping, Sequence
from typing import Any

from generations.brief import BadBrief, FieldError

from .said_again import ECHOED, KEPT, OBJECT, can_be_kept, echoed, error, object_in, tags_in


def read_update(raw: object) -> dict[str, Any]:
    """What an update changes: `status`, `tags`, `metadata` or `allowMatureContent`. Raises BadBrief."""
    errors: list[FieldError] = []
    known = ("status", "tags", "metadata", "allowMatureContent")
    body = object_in(raw, (), known, errors)
    if body.get("status") not in (None, "canceled"):
        errors.append(error(("status",), "must be one of: canceled.", ["canceled"]))
    change: dict[str, Any] = {"status": "canceled"} if body.get("status") else {}
    change |= echoed(body, {name: ECHOED[name] for name in known if name in ECHOED}, (), errors)
    if body.get("tags") is not None:
        change["tags"] = tags_in(body["tags"], ("tags",), errors)
    return _kept(change, errors)


def read_update_of_step(raw: object) -> dict[str, Any]:
    """The metadata that an update of a step puts in place of the old. Raises BadBrief."""
    errors: list[FieldError] = []
    body = object_in(raw, (), ("metadata",), errors)
    if not errors and body.get("metadata") is None:
        errors.append(error(("metadata",), OBJECT.because))
    return _kept(echoed(body, {"metadata": OBJECT}, (), errors), errors)


def patched(tags: Sequence[str], metadata: Mapping[str, Any], raw: object) -> dict[str, Any]:
    """What a JSON Patch (RFC 6902) of a workflow leaves: `add`, `replace` and `remove` at /tags, /tags/-,
    /tags/{place}, /metadata and /metadata/{name}, and /status, which may become canceled. Raises BadBrief."""
    return read_update(_patched({"tags": list(tags), "metadata": dict(metadata), "status": None}, raw))


def patched_step(metadata: Mapping[str, Any], raw: object) -> dict[str, Any]:
    """What a JSON Patch of a step leaves, as `patched`: only its metadata can be changed. Raises BadBrief."""
    return read_update_of_step(_patched({"metadata": dict(metadata)}, raw))


def _patched(left: dict[str, Any], raw: object) -> dict[str, Any]:
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        raise BadBrief([error(("body",), "must be a list of operations, each an object with op and path.")])
    for place, each in enumerate(raw):
        if not _patch(left, each.get("op"), str(each.get("path", "")), each.get("value")):
            places = " or ".join(f"/{name}" for name in left)
            raise BadBrief([error((place,), f"must be add, replace or remove at {places}, or inside of it.")])
    return left


def _patch(left: dict[str, Any], op: object, path: str, value: object) -> bool:
    """Do one operation; False for one that cannot be done."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    inner = left.get(steps[0]) if steps else None
    match op, steps:
        case "add" | "replace", [name] if name in left:
            left[name] = value
        case "remove", [("tags" | "metadata") as name] if name in left:
            left[name] = [] if name == "tags" else {}
        case "add" | "replace", ["metadata", name] if isinstance(inner, dict):
            inner[name] = value
        case "remove", ["metadata", name] if isinstance(inner, dict) and name in inner:
            del inner[name]
        case "add", ["tags", "-"] if isinstance(inner, list):
            inner.append(value)
        case "remove", ["tags", at] if isinstance(inner, list) and at in map(str, range(len(inner))):
            del inner[int(at)]
        case _:
            return False
    return True


def _kept(change: dict[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    if not can_be_kept(change):
        errors.append(error(("metadata",), KEPT))
    if errors:
        raise BadBrief(errors)
    return change
