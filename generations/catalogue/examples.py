"""Inputs to show of an image model, made from its schema alone: the least, the usual, and everything."""

from collections.abc import Iterable
from typing import Any

from generations.catalogue.form_fields import Field
from generations.catalogue.image_model import ImageModel

LISTS = ("references", "loras")


def minimal(image_model: ImageModel) -> dict[str, Any]:
    """Only what must be there."""
    return _filled(field for field in image_model.fields() if field.required)


def usual(image_model: ImageModel) -> dict[str, Any]:
    """What a form shows at once, at its defaults; no lists, whose addresses would be nobody's."""
    return _filled(field for field in image_model.fields() if not field.advanced and field.kind not in LISTS)


def full(image_model: ImageModel) -> dict[str, Any]:
    """Every field. Addresses are examples: nothing is there."""
    return _filled(image_model.fields())


def _filled(fields: Iterable[Field]) -> dict[str, Any]:
    return {field.name: value_of(field) for field in fields}


def value_of(field: Field) -> Any:
    """A value that may stand in the field: its default, else its example; one entry for a list."""
    if field.kind in LISTS:
        return [_filled(field.parts)]
    return field.example if field.default is None else field.default
