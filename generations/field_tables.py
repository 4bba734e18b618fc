"""An input as a table to be read: one row for each field and for each part of one, made from the schema alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from .catalogue import ImageModel, examples
from .catalogue.field_errors import what_fits
from .catalogue.form_fields import Field
from .catalogue.json_schema import Node, child
from .catalogue.strict import Choice

TYPES = {
    "text": "string",
    "choice": "string",
    "size": "string or object",
    "references": "list of objects",
    "loras": "list of objects",
}


@dataclass(frozen=True)
class Row:
    """`name` is the way to the field (`image_size.width`, `loras[].path`); `default` and `insert`, a value to begin
    with, are JSON. What may stand there: `choices` where it has a fixed set, and `bounds` in words. `depth` 1 for a
    part of another row."""

    name: str
    type: str
    required: bool
    default: str
    meaning: str
    choices: tuple[Choice, ...]
    bounds: str
    depth: int
    insert: str

    @property
    def pointer(self) -> str:
        """Where errors point to when they mean this field, or a part of it."""
        return f"/input/{self.name}"


def rows(image_model: ImageModel) -> list[Row]:
    """The input of an image model, in the order of its schema."""
    schema = image_model.json_schema()
    return [row for field in image_model.fields() for row in _rows(field, child(schema, field.name), field.name, 0)]


def _rows(field: Field, node: Node, name: str, depth: int) -> Iterator[Row]:
    yield Row(
        name=name,
        type=TYPES.get(field.kind, field.kind),
        required=field.required,
        default=_default(field),
        meaning=field.help,
        choices=field.choices,
        bounds=_bounds(field, node),
        depth=depth,
        insert=json.dumps(examples.value_of(field), ensure_ascii=False),
    )
    is_list = "items" in node
    for part in field.parts:
        inner = child(child(node, 0) if is_list else node, part.name)
        yield from _rows(part, inner, f"{name}{'[]' if is_list else ''}.{part.name}", depth + 1)


def _default(field: Field) -> str:
    if field.required:
        return ""
    return "none" if field.default is None else json.dumps(field.default, ensure_ascii=False)


def _bounds(field: Field, node: Node) -> str:
    """A sentence on what may stand there; a fixed set of values says it by itself."""
    if field.kind == "size":
        own = next(branch for branch in node["oneOf"] if "properties" in branch)
        return f"One of these names, or an object: {own['description'][0].lower()}{own['description'][1:]}"
    if field.choices:
        return ""
    fits = what_fits(node)
    return f"{fits[0].upper()}{fits[1:]}."
