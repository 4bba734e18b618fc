"""An image model's input as a form needs it, read from its JSON Schema alone."""

from dataclasses import dataclass
from typing import Any, Literal, cast

from generations.catalogue.json_schema import Node
from generations.catalogue.strict import Choice

Kind = Literal["text", "choice", "integer", "number", "boolean", "size", "references", "loras"]

KINDS: dict[str, Kind] = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input. `parts` are the fields of an item of a list (references, loras) or of one's own size.

    `default` None where there is none: the field is `required`, or means "chosen for you" when empty. `is_seed`: a form
    offers to keep it or to have a random one. `needs_permission`: other than its default it is for some users alone.
    """

    name: str
    kind: Kind
    label: str
    help: str
    required: bool
    default: Any
    example: Any
    advanced: bool
    needs_permission: bool
    is_seed: bool
    choices: tuple[Choice, ...]
    minimum: int | float | None
    maximum: int | float | None
    min_length: int | None
    max_length: int | None
    max_items: int | None
    parts: tuple["Field", ...]


def fields_of(schema: Node) -> list[Field]:
    """The properties of a JSON Schema object, in the order in which they are declared."""
    required = schema.get("required", [])
    return [_field(name, node, name in required) for name, node in schema["properties"].items()]


def _field(name: str, node: Node, required: bool) -> Field:
    return Field(
        name=name,
        kind=_kind(node),
        label=node["title"],
        help=node.get("description", ""),
        required=required,
        default=node.get("default"),
        example=next(iter(node.get("examples", ())), None),
        advanced=node.get("x-advanced", False),
        needs_permission=node.get("x-needs-permission", False),
        is_seed=node.get("x-seed", False),
        choices=tuple(Choice(**choice) for choice in _choices(node)),
        minimum=node.get("minimum"),
        maximum=node.get("maximum"),
        min_length=node.get("minLength"),
        max_length=node.get("maxLength"),
        max_items=node.get("maxItems"),
        parts=tuple(_parts(node)),
    )


def _kind(node: Node) -> Kind:
    if "x-kind" in node:
        return cast(Kind, node["x-kind"])
    if "enum" in node:
        return "choice"
    types = [node["type"]] if isinstance(node["type"], str) else node["type"]
    return KINDS[types[0]]


def _choices(node: Node) -> list[dict[str, str]]:
    """A fixed set of values without words of its own is still a choice, shown as it is."""
    plain = [{"value": value, "label": str(value)} for value in node.get("enum", ())]
    return cast(list[dict[str, str]], node.get("x-choices", plain))


def _parts(node: Node) -> list[Field]:
    for inner in (node.get("items", {}), *node.get("oneOf", ())):
        if "properties" in inner:
            return fields_of(inner)
    return []
