"""From an input schema to the JSON Schema that is shown to partners, and that forms and errors are made from.

Beside the standard words it has six of our own: `x-choices` (label and help of each value), `x-kind`
(what a list or a size is for), `x-advanced` (a form may fold it away), `x-seed` (the number that makes a picture
repeatable), and where the standard words cannot say what may stand there, `x-fits` for people and `x-allowed` for
programs.
"""

from functools import cache
from typing import Any, cast

from pydantic import BaseModel

Node = dict[str, Any]


@cache
def schema_of(schema: type[BaseModel]) -> Node:
    """Kept: nobody may change it."""
    raw = schema.model_json_schema()
    return cast(Node, _without_references(raw, raw.get("$defs", {})))


def child(node: Node, step: str | int) -> Node:
    """The part of a schema that describes a property or an item; empty where there is none."""
    if isinstance(step, int):
        return cast(Node, node.get("items", {}))
    for branch in (node, *node.get("oneOf", ())):
        if step in branch.get("properties", {}):
            return cast(Node, branch["properties"][step])
    return {}


def _without_references(part: Any, definitions: Node) -> Any:
    if isinstance(part, list):
        return [_without_references(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        target = definitions[part["$ref"].removeprefix("#/$defs/")]
        part = target | {key: value for key, value in part.items() if key != "$ref"}
    rest = {key: _without_references(value, definitions) for key, value in part.items() if key != "$defs"}
    return _with_null_among_its_types(rest)


def _with_null_among_its_types(node: Node) -> Node:
    """`anyOf [X, null]` said as `type: [X, null]`, which more form makers understand."""
    match node.get("anyOf"):
        case [{"type": str(kind)}, {"type": "null"}]:
            given: Node = node["anyOf"][0]
            outer = {key: value for key, value in node.items() if key != "anyOf"}
            if outer.get("default", ...) is None:
                del outer["default"]
            return given | outer | {"type": [kind, "null"]}
    return node
