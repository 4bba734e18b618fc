"""What is wrong with one field, in a sentence for people and in values for programs."""

from dataclasses import dataclass
from typing import Any, cast

from generations.catalogue.json_schema import Node, child

Place = tuple[str | int, ...]
"""The way to a field from the top of a body: ("input", "image_style_references", 2, "strength")."""

NAME_MAX = 60


@dataclass(frozen=True)
class FieldError:
    """`pointer` is a JSON pointer into `{model, input, quantity}`; `field` a dotted path for forms.

    `detail` names the field as the API does and says what is allowed; `in_form` says the same with the
    field's label. `allowed`: the values of a fixed set, or bounds in the words of JSON Schema; None where
    no list can be given. `code`: missing, unknown_field, wrong_type, not_allowed, out_of_range, too_short,
    too_long, bad_address; a later check (of a file behind an address, say) may add its own.
    """

    pointer: str
    field: str
    detail: str
    allowed: object = None
    code: str = "not_allowed"
    in_form: str = ""

    def __post_init__(self) -> None:
        if not self.in_form:
            object.__setattr__(self, "in_form", self.detail)

    @classmethod
    def at(cls, place: Place, code: str, detail: str, allowed: object = None, in_form: str = "") -> "FieldError":
        """An error at a place in the body, with pointer and dotted path made from it."""
        steps = [_harmless(step) for step in place]
        pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
        field = ".".join(steps[1:] if steps[0] == "input" else steps)
        return cls(pointer, field, detail, allowed, code, in_form)


def name_of(place: Place) -> str:
    """A place within the input as the API's documents name it: image_style_references[2].strength"""
    name = ""
    for step in place:
        name += f"[{step}]" if isinstance(step, int) else f".{_harmless(step)}"
    return name.removeprefix(".") or "input"


def label_of(schema: Node, place: Place) -> str:
    """The same place in the words of the form: Style reference 3, strength"""
    labels: list[str] = []
    node = schema
    for step in place:
        node = child(node, step)
        title = str(node.get("title", step))
        if isinstance(step, int):
            labels[-1:] = [f"{title} {step + 1}"]
        else:
            labels.append(title.lower() if labels else title)
    return ", ".join(labels) or "The input"


def what_fits(node: Node) -> str:
    """What may stand in a field, to go on after "must be"."""
    if "x-fits" in node:
        return str(node["x-fits"])
    if "oneOf" in node:
        return ", or ".join(what_fits(branch) for branch in node["oneOf"])
    if "enum" in node:
        return "one of " + ", ".join(str(value) for value in node["enum"])
    types = node.get("type")
    match types if isinstance(types, str) else (types or [""])[0]:
        case "integer":
            return "a whole number" + _from_to(node)
        case "number":
            return "a number" + _from_to(node)
        case "boolean":
            return "true or false"
        case "array":
            return f"a list of at most {node['maxItems']} entries" if "maxItems" in node else "a list"
        case "object":
            return "an object with " + " and ".join(node.get("properties", ()))
        case "string" if "maxLength" in node:
            return f"text of {node.get('minLength', 0)} to {node['maxLength']} characters"
    return "text"


def allowed_in(node: Node) -> object:
    """The same for programs."""
    if "x-allowed" in node:
        return cast(object, node["x-allowed"])
    if "oneOf" in node:
        values: list[object] = []
        for branch in node["oneOf"]:
            fits = allowed_in(branch)
            values += fits if isinstance(fits, list) else [fits]
        return values
    if "enum" in node:
        return list(node["enum"])
    if node.get("type") == "boolean":
        return [True, False]
    if "properties" in node:
        return {name: allowed_in(inner) for name, inner in node["properties"].items()}
    bounds = ("minimum", "maximum", "minLength", "maxLength", "maxItems")
    return {bound: node[bound] for bound in bounds if bound in node} or None


def _from_to(node: Node) -> str:
    match node.get("minimum"), node.get("maximum"):
        case None, None:
            return ""
        case None, most:
            return f" of at most {_number(most)}"
        case least, None:
            return f" of at least {_number(least)}"
        case least, most:
            return f" from {_number(least)} to {_number(most)}"


def _number(value: Any) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _harmless(step: str | int) -> str:
    """A step that a stranger may have chosen: valid UTF-8, printable, and not long."""
    text = str(step).encode(errors="replace").decode()
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if len(text) <= NAME_MAX else text[: NAME_MAX - 1] + "…"
