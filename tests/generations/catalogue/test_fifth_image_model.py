"""A fifth image model is one new file: put into the folder, it is found, and everything follows from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from generations import catalogue
from generations.brief import Brief
from generations.catalogue import PriceItem

from .asking import refusal
from .one_more import one_more

FIFTH = '''
"""Sketch: black and white drawings."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from generations.catalogue.image_model import ImageModel
from generations.catalogue.inputs import Input


class SketchInput(Input):
    SURCHARGES: ClassVar[tuple[str, ...]] = ("ink",)

    medium: Annotated[Literal["pencil", "ink"], Field(title="Medium", description="The tool.")] = "pencil"
    strokes: Annotated[int, Field(title="Strokes", description="How many lines.", ge=10, le=90)] = 40

    def pixel_size(self) -> tuple[int, int]:
        return 640, 480

    def surcharges(self) -> tuple[str, ...]:
        return ("ink",) if self.medium == "ink" else ()


IMAGE_MODEL = ImageModel(
    id="sketch",
    order=15,
    name="Sketch",
    endpoint="someone/sketch",
    oxen_id="sketch",
    summary="Best for drawings.",
    not_for="It takes no colour.",
    licence="Commercial use",
    input_schema=SketchInput,
    max_quantity=2,
    priced_by="image",
    typical_s=(1, 2),
    deadline_s=60,
)
'''


@pytest.fixture
def sketch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[catalogue.ImageModel]:
    """The folder of the catalogue with one more file in it."""
    with one_more(FIFTH, tmp_path, monkeypatch) as image_model:
        yield image_model


@pytest.mark.usefixtures("sketch")
def test_fifth_image_model_is_found_and_takes_its_place_in_the_list() -> None:
    assert [model.id for model in catalogue.all()] == [
        "krea-2-medium",
        "sketch",
        "krea-2-large",
        "krea-2-turbo-lora",
        "flux-krea-dev",
    ]


def test_fifth_image_model_has_form_fields(sketch: catalogue.ImageModel) -> None:
    medium, strokes = sketch.fields()[2:]

    assert (medium.label, medium.kind, medium.default) == ("Medium", "choice", "pencil")
    assert [choice.value for choice in medium.choices] == ["pencil", "ink"]
    assert (strokes.label, strokes.kind, strokes.minimum, strokes.maximum) == ("Strokes", "integer", 10, 90)


@pytest.mark.usefixtures("sketch")
def test_fifth_image_model_is_validated_in_the_same_words() -> None:
    assert refusal("sketch", strokes=91).detail == "strokes must be a whole number from 10 to 90."
    assert refusal("sketch", medium="chalk").allowed == ["pencil", "ink"]
    assert refusal("krea-2-medium", strokes=5).detail == "Krea 2 Medium takes no strokes. Sketch takes it."


def test_fifth_image_model_has_a_json_schema(sketch: catalogue.ImageModel) -> None:
    strokes = sketch.json_schema()["properties"]["strokes"]

    assert (strokes["minimum"], strokes["maximum"], strokes["default"]) == (10, 90, 40)


def test_fifth_image_model_has_price_items_and_a_body_for_fal(sketch: catalogue.ImageModel) -> None:
    brief = Brief.read("sketch", {"prompt": "a fox", "medium": "ink"}, 2)

    assert brief.price_items() == (PriceItem("sketch"), PriceItem("sketch.ink"))
    assert sketch.price_item_names == ("sketch", "sketch.ink")
    assert brief.fal_body(3) == {"prompt": "a fox", "medium": "ink", "strokes": 40, "seed": 3}
