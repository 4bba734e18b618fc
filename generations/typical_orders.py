"""Typical orders of an image model, one for each size that a form offers and each step of quantity: for whoever looks
at what a change of prices means."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from billing import prices

from . import price_table
from .brief import Brief
from .catalogue import ImageModel, examples
from .catalogue.sizes import PIXELS_MAX

STEPS = (1, 4, 10)  # as far as an image model takes so many at once


@dataclass(frozen=True)
class Typical:
    """One picture as customers order it, in words; what it is priced by, and the quantities that are usual."""

    words: str
    items: tuple[prices.Item, ...]
    quantities: tuple[int, ...]


def of(image_model: ImageModel) -> list[Typical]:
    quantities = tuple(sorted({min(step, image_model.max_quantity) for step in STEPS}))
    return [Typical(words, _items(brief), quantities) for words, brief in _briefs(image_model)]


def of_item(item: str, image_model: ImageModel) -> list[Typical]:
    """Those whose price this price item is a part of."""
    return [each for each in of(image_model) if item in {part.item for part in each.items}]


def _briefs(image_model: ImageModel) -> Iterator[tuple[str, Brief]]:
    usual = examples.usual(image_model)
    size = next((field for field in image_model.fields() if field.kind == "size"), None)
    if size is None:
        yield "Any shape", Brief.read(image_model.id, usual)
    else:
        for choice in size.choices:
            yield f"{choice.label}, {choice.help}", Brief.read(image_model.id, usual | {size.name: choice.value})
        largest: dict[str, Any] = {part.name: int(part.maximum or 0) for part in size.parts}
        first = next(iter(largest))
        largest[first] = min(largest[first], PIXELS_MAX // max(value for value in largest.values()))
        brief = Brief.read(image_model.id, usual | {size.name: largest})
        width, height = brief.size()
        yield f"The largest of one's own, {width} x {height} pixels", brief
    referenced = price_table.with_reference(image_model)
    if referenced is not None:
        yield "With style references", referenced


def _items(brief: Brief) -> tuple[prices.Item, ...]:
    return tuple(prices.Item(each.item, each.pixels) for each in brief.price_items())
