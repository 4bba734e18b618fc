"""Every parameter of a picture in the words of the form that it came from, and the road that it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .catalogue.form_fields import Field
from .forms import known_model
from .models import Generation, Image, Status, Upload
from .pictures import links
from .presentation import in_words


@dataclass(frozen=True)
class Parameter:
    label: str
    value: str


@dataclass(frozen=True)
class ShownReference:
    """A style reference as it was kept; `thumbnail` is empty where it is gone."""

    thumbnail: str
    strength: str


@dataclass(frozen=True)
class Station:
    """One stop of the road; `after` is how long after the one before, in words, empty at the start."""

    label: str
    at: datetime
    after: str


ENDS = {
    Status.STORED: "Stored",
    Status.FAILED: "Given up",
    Status.BLOCKED: "Blocked",
    Status.CANCELED: "Cancelled",
}


def of(generation: Generation) -> list[Parameter]:
    """All but prompt, seed and style references, which have places of their own."""
    image_model = known_model(generation.image_model)
    if image_model is None:
        skipped = {"prompt", "seed"}
        return [Parameter(name, str(value)) for name, value in generation.input.items() if name not in skipped]
    fields = [field for field in image_model.fields() if field.kind != "references" and field.name != "seed"]
    shown = [field for field in fields if field.name in generation.input and not _is_prompt(field)]
    found = [Parameter(field.label, _value(field, generation.input[field.name])) for field in shown]
    return [parameter for parameter in found if parameter.value]


def references(generation: Generation) -> list[ShownReference]:
    """The style references in their order."""
    kept = {str(row.pk): row for row in Upload.objects.filter(pk__in=generation.references)}
    field = _references_field(generation)
    rows: list[Mapping[str, Any]] = generation.input.get(field, []) if field else []
    return [
        ShownReference(
            links.address(kept[id].name) if id in kept else "", strength_words(f"{row.get('strength', 1):g}")
        )
        for id, row in zip(generation.references, rows, strict=False)
    ]


def road(image: Image) -> list[Station]:
    """When it was submitted, sent, drawn and stored, as far as it came."""
    draw = image.draw
    stations = [
        ("Submitted", image.generation.created_at),
        ("Sent to be drawn", draw.sent_at if draw else None),
        ("Drawn", draw.completed_at if draw and draw.outcome == "delivered" else None),
        (ENDS.get(Status(image.status), ""), image.status_at if image.is_final else None),
    ]
    passed = [(label, at) for label, at in stations if at is not None]
    return [
        Station(label, at, _later((at - passed[number - 1][1]).total_seconds()) if number else "")
        for number, (label, at) in enumerate(passed)
    ]


def took(image: Image) -> str:
    """How long it was under way, in words; empty while it is."""
    if not image.is_final:
        return ""
    return in_words((image.status_at - image.generation.created_at).total_seconds())


def strength_words(strength: str) -> str:
    """Of a style reference: below zero, the picture keeps away from it."""
    return f"{strength}, avoid" if strength.startswith("-") else strength


def _later(seconds: float) -> str:
    return f"{in_words(seconds)} later" if seconds >= 0.5 else "at once"


def _references_field(generation: Generation) -> str:
    image_model = known_model(generation.image_model)
    fields = image_model.fields() if image_model else []
    return next((field.name for field in fields if field.kind == "references"), "")


def _is_prompt(field: Field) -> bool:
    return field.kind == "text" and field.required


def _value(field: Field, value: Any) -> str:
    match field.kind:
        case "choice" | "size" if isinstance(value, str):
            chosen = next((choice for choice in field.choices if choice.value == value), None)
            return f"{chosen.label} ({chosen.help})" if chosen and field.kind == "size" else _label(chosen, value)
        case "size":
            return f"{value['width']} x {value['height']} pixels"
        case "boolean":
            return "On" if value else "Off"
        case "loras":
            return "; ".join(f"{row['path']} at {row.get('scale', 1):g}" for row in value)
    return str(value).removesuffix(".0") if field.kind == "number" else str(value)


def _label(chosen: Any, value: str) -> str:
    return chosen.label if chosen else value
