"""Code that draws a picture, for every door, way of waiting and language: one table, one template for each cell.

The doors are in `code_doors`; what is shown is what the journey test runs.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from .catalogue import ImageModel, examples
from .code_doors import DOORS, NATIVE, native_body
from .code_shapes import LANGUAGES, Door, Language, Sample, Way

__all__ = ["DOORS", "LANGUAGES", "NATIVE", "Language", "Sample", "as_python", "code", "native_body", "of", "written"]


def of(
    image_model: ImageModel,
    input: Mapping[str, Any] | None = None,
    quantity: int = 1,
    *,
    doors: Iterable[Door] | None = None,
) -> list[Sample]:
    """Every sample for an image model, doors first, then languages, then ways; `input` None is its usual one. A door
    that does not serve the image model is left out; `doors` None are all."""
    return [
        Sample(door, way, language, code(door, way, language, image_model, input, quantity))
        for door in (DOORS if doors is None else doors)
        if door.serves(image_model)
        for language in LANGUAGES
        for way in door.ways
    ]


def code(
    door: Door,
    way: Way,
    language: Language,
    image_model: ImageModel,
    input: Mapping[str, Any] | None = None,
    quantity: int = 1,
) -> str:
    """One sample, ready to run: it reads the API key from KREA_API_KEY."""
    body = door.body(image_model, examples.usual(image_model) if input is None else input, quantity)
    context = {
        "site": settings.PUBLIC_URL,
        "api": settings.PUBLIC_URL + door.path,
        "image_model": image_model,
        "quantity": quantity,
        "body": written(body, language),
        **door.more(image_model),
    }
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
