"""One entry of the catalogue: all that the product knows about an image model, and asks of one."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from generations.catalogue.addresses import Lora, StyleReference
from generations.catalogue.form_fields import Field, fields_of
from generations.catalogue.inputs import Input
from generations.catalogue.json_schema import schema_of


@dataclass(frozen=True)
class PriceItem:
    """One line of the price of one image: the name of a price row, and what it is multiplied with.

    `pixels` None: the row's amount, once. Else: that amount for each 1,000,000 pixels.
    """

    item: str
    pixels: int | None = None

    @property
    def unit(self) -> Literal["image", "megapixel"]:
        return "image" if self.pixels is None else "megapixel"


@dataclass(frozen=True)
class Advice:
    """One line of guidance: what somebody meets or wants, and what to do then."""

    when: str
    then: str


@dataclass(frozen=True, kw_only=True)
class ImageModel:
    """What each file of this folder declares as IMAGE_MODEL; `order` is its place in every list.

    `good_for`, `bad_for` and `advice` are for its page: what it is for, what it is not for and what to take instead,
    and what to do when. `finished_by` is the id of the image model that draws the same input finer, if there is one.
    """

    id: str
    order: int
    name: str
    endpoint: str
    oxen_id: str
    summary: str
    not_for: str
    licence: str
    input_schema: type[Input]
    max_quantity: int
    priced_by: Literal["image", "megapixel"]
    typical_s: tuple[int, int]
    deadline_s: int
    finished_by: str = ""
    good_for: tuple[str, ...] = ()
    bad_for: tuple[str, ...] = ()
    advice: tuple[Advice, ...] = ()

    @property
    def typical_seconds(self) -> int:
        """One number for `typical_s`: its middle, rounded up."""
        return -(-sum(self.typical_s) // 2)

    @property
    def price_item_names(self) -> tuple[str, ...]:
        """Every price row that an input of this image model can need."""
        return (self.id, *(f"{self.id}.{name}" for name in self.input_schema.SURCHARGES))

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(self.input_schema.model_fields)

    def price_items(self, input: Input) -> tuple[PriceItem, ...]:
        """What one image costs; a generation costs this for each of its images."""
        width, height = input.pixel_size()
        pixels = width * height if self.priced_by == "megapixel" else None
        return (PriceItem(self.id, pixels), *(PriceItem(f"{self.id}.{name}") for name in input.surcharges()))

    def size(self, input: Input) -> tuple[int, int]:
        """Width and height to expect, in pixels; the true size is read from the file."""
        return input.pixel_size()

    def references(self, input: Input) -> tuple[StyleReference, ...]:
        return input.style_references()

    def loras(self, input: Input) -> tuple[Lora, ...]:
        return input.lora_weights()

    def needs_permission(self, input: Input) -> list[str]:
        """Names of the fields whose values only some users may choose."""
        return list(input.needs_permission())

    def fal_body(self, input: Input, seed: int, reference_urls: Sequence[str] = ()) -> dict[str, Any]:
        """The body for fal, for one image. ValueError unless there is one address for each reference."""
        if len(reference_urls) != len(input.style_references()):
            raise ValueError(f"{len(reference_urls)} addresses for {len(input.style_references())} references")
        return input.fal_body(seed, reference_urls)

    def json_schema(self) -> dict[str, Any]:
        """The input as JSON Schema 2020-12 without references, so that it can be put into any document."""
        return deepcopy(self.kept_schema())

    def kept_schema(self) -> dict[str, Any]:
        """The same for who only reads it: its parts are those of everybody."""
        return schema_of(self.input_schema) | {"title": self.name, "description": self.summary}

    def fields(self) -> list[Field]:
        """The input as a form shows it, in order."""
        return fields_of(self.json_schema())
