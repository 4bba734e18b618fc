"""Code that draws a picture, for every door, way of waiting and language: one table, one template for each cell.

A door is an API that the site speaks. A new one is an entry in DOORS and its templates,
`templates/models/code/<door>/<way>.<ending>.txt`; what is shown is what the journey test runs.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from .catalogue import ImageModel, examples


@dataclass(frozen=True)
class Language:
    """`needs`: what has to be installed to run a sample."""

    id: str
    name: str
    ending: str
    needs: str


@dataclass(frozen=True)
class Way:
    """One way to get at the pictures: its heading, and in a sentence when to take it."""

    id: str
    name: str
    about: str


@dataclass(frozen=True)
class Door:
    """An API of the site. `path` is where it begins, `body` what is sent for an image model."""

    id: str
    name: str
    path: str
    body: Callable[[ImageModel], dict[str, Any]]
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Sample:
    door: Door
    way: Way
    language: Language
    code: str


def native_body(image_model: ImageModel) -> dict[str, Any]:
    return {"model": image_model.id, "input": examples.usual(image_model), "quantity": 1}


LANGUAGES = (
    Language("curl", "curl", "sh", "bash, curl and jq"),
    Language("python", "Python", "py", "Python 3.9 or later, no package"),
    Language("javascript", "JavaScript", "mjs", "Node 18 or later, no package"),
)
NATIVE = Door(
    "native",
    "Native API",
    "/api/v1",
    native_body,
    (
        Way("wait", "Wait for it", "One call that answers with the pictures. For one or a few of them."),
        Way("poll", "Ask for it", "Order, then ask until it is done. For large batches; nothing is held open."),
        Way("events", "Be told", "Listen to your events and hear when it is done. For many orders at once."),
    ),
)
DOORS = (NATIVE,)


def of(image_model: ImageModel) -> list[Sample]:
    """Every sample for an image model, doors first, then languages, then ways."""
    return [
        Sample(door, way, language, code(door, way, language, image_model))
        for door in DOORS
        for language in LANGUAGES
        for way in door.ways
    ]


def code(door: Door, way: Way, language: Language, image_model: ImageModel) -> str:
    """One sample, ready to run: it reads the API key from KREA_API_KEY."""
    context = {"api": settings.PUBLIC_URL + door.path, "body": written(door.body(image_model), language)}
    return render_to_string(f"models/code/{door.id}/{way.id}.{language.ending}.txt", context).strip() + "\n"


def written(body: dict[str, Any], language: Language) -> str:
    """A JSON value in a language: Python has words of its own, and bash wants single quotes escaped."""
    match language.id:
        case "python":
            return as_python(body)
        case "curl":
            return json.dumps(body, ensure_ascii=False, indent=2).replace("'", "'\\''")
    return json.dumps(body, ensure_ascii=False, indent=2)


def as_python(value: Any, indent: str = "") -> str:
    """A JSON value as a literal of Python's, in lines of their own."""
    inner = indent + "    "
    if isinstance(value, dict) and value:
        lines = (f"{inner}{json.dumps(name)}: {as_python(each, inner)},\n" for name, each in value.items())
        return "{\n" + "".join(lines) + indent + "}"
    if isinstance(value, list) and value:
        return "[\n" + "".join(f"{inner}{as_python(each, inner)},\n" for each in value) + indent + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
