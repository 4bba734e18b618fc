"""The studio's form: what is typed becomes a brief, and a brief what would have been typed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given

from generations import catalogue, controls
from generations.brief import BadBrief, Brief
from generations.catalogue import ImageModel
from generations.forms import StudioForm, typed_from
from tests.generations.catalogue.asking import good_inputs
from tests.generations.catalogue.one_more import one_more

PICTURE = "https://example.com/brush.jpg"
SKETCH = '''
"""Sketch: black and white drawings, for a test."""

from typing import Annotated, Literal

from pydantic import Field

from generations.catalogue.image_model import ImageModel
from generations.catalogue.inputs import Input


class SketchInput(Input):
    paper: Annotated[Literal["small", "tall"], Field(title="Paper", description="The sheet.")] = "small"
    strokes: Annotated[int, Field(title="Strokes", description="How many lines.", ge=10, le=90)] = 40
    ink: Annotated[bool, Field(title="Ink", description="Instead of pencil.")] = False

    def pixel_size(self) -> tuple[int, int]:
        return (640, 480) if self.paper == "small" else (480, 960)


IMAGE_MODEL = ImageModel(
    id="sketch", order=15, name="Sketch", endpoint="someone/sketch", oxen_id="sketch",
    summary="Best for drawings.", not_for="It takes no colour.", licence="Commercial use",
    input_schema=SketchInput, max_quantity=2, priced_by="image", typical_s=(1, 2), deadline_s=60,
)
'''


@pytest.fixture
def sketch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ImageModel]:
    """A fifth image model: one more file in the folder of the catalogue."""
    with one_more(SKETCH, tmp_path, monkeypatch) as image_model:
        yield image_model


def form(image_model: str = "krea-2-medium", **typed: str) -> StudioForm:
    named = {name.replace("__", "."): value for name, value in typed.items()}
    return StudioForm(catalogue.get(image_model), {"prompt": "a fox"} | named)


def refusals(wrong: StudioForm) -> dict[str, str]:
    """What is wrong, by the name of the field."""
    with pytest.raises(BadBrief) as caught:
        wrong.brief()
    return {error.field: error.in_form for error in caught.value.errors}


def test_form_reads_every_kind_of_field() -> None:
    typed = {
        "prompt": "a fox", "seed": "7", "image_size": "own", "image_size.width": "1280", "image_size.height": "720",
        "enable_safety_checker": "on", "num_inference_steps": "30", "guidance_scale": "3.5", "acceleration": "high",
        "output_format": "png", "quantity": "3",
    }  # fmt: skip

    brief = StudioForm(catalogue.get("flux-krea-dev"), typed).brief()

    expected = {
        "prompt": "a fox", "seed": 7, "image_size": {"width": 1280, "height": 720}, "enable_safety_checker": True,
        "num_inference_steps": 30, "guidance_scale": 3.5, "acceleration": "high", "output_format": "png",
    }  # fmt: skip
    assert (brief.input_json(), brief.quantity) == (expected, 3)


def test_what_is_left_empty_is_the_default() -> None:
    brief = form(seed="", aspect_ratio="").brief()

    assert brief == Brief.read("krea-2-medium", {"prompt": "a fox"})


@given(good_inputs())
def test_every_brief_fills_the_form_that_makes_it_again(asked: tuple[str, dict[str, Any]]) -> None:
    brief = Brief.read(*asked)

    typed = typed_from(brief.image_model, brief.input_json(), brief.quantity)

    assert StudioForm(brief.model, typed).brief() == brief


def test_text_that_is_no_number_is_refused_and_stays_as_it_was_typed() -> None:
    wrong = form("flux-krea-dev", seed="seven", num_inference_steps="99", guidance_scale="4,5", quantity="many")

    assert refusals(wrong) == {
        "seed": "Seed must be a whole number from 0 to 4294967295.",
        "num_inference_steps": "Steps must be a whole number from 1 to 50.",
        "guidance_scale": "Guidance must be a number from 1 to 20.",
        "quantity": "Quantity must be a whole number from 1 to 4.",
    }
    assert wrong.typed["seed"] == "seven"


def test_quantity_that_was_emptied_is_refused_and_not_taken_for_one() -> None:
    assert refusals(form(quantity="")) == {"quantity": "Quantity must be a whole number from 1 to 10."}
    assert form().brief().quantity == 1


def test_number_too_long_for_python_is_refused_like_any_other() -> None:
    assert list(refusals(form(seed="9" * 5000))) == ["seed"]


def test_rows_that_are_empty_are_closed_up_so_that_errors_meet_their_row() -> None:
    gapped = form(
        image_style_references__0__image_url=" ", image_style_references__0__strength="2",
        image_style_references__3__image_url=PICTURE, image_style_references__3__strength="-0.5",
        image_style_references__7__image_url="not an address", image_style_references__7__strength="1",
    )  # fmt: skip

    assert list(refusals(gapped)) == ["image_style_references.1.image_url"]
    assert gapped.typed["image_style_references.0.image_url"] == PICTURE
    assert gapped.typed["image_style_references.0.strength"] == "-0.5"


def test_file_becomes_a_data_uri_in_the_brief() -> None:
    files = {"image_style_references.2.file": SimpleUploadedFile("a.png", b"bytes", "image/png")}

    brief = StudioForm(catalogue.get("krea-2-medium"), {"prompt": "a fox"}, files).brief()

    assert brief.reference_urls() == ("data:image/png;base64,Ynl0ZXM=",)


def test_file_that_is_too_large_is_named_with_its_row() -> None:
    large = SimpleUploadedFile("a.png", b"x" * (10 * 1024 * 1024 + 1), "image/png")
    typed = {"prompt": "a fox", "image_style_references.0.image_url": PICTURE}

    wrong = StudioForm(catalogue.get("krea-2-medium"), typed, {"image_style_references.1.file": large})

    assert refusals(wrong) == {
        "image_style_references.1.image_url": "Style reference 2 must be a file of at most 10 MB."
    }


def test_file_for_a_field_that_takes_none_is_ignored() -> None:
    forged = {
        "prompt": SimpleUploadedFile("a.png", b"x" * (11 * 1024 * 1024)),
        "loras.0.file": SimpleUploadedFile("a.png", b"x"),
    }

    assert StudioForm(catalogue.get("krea-2-turbo-lora"), {"prompt": "a fox"}, forged).brief().lora_paths() == ()


def test_other_image_model_keeps_what_was_typed_and_gives_it_back() -> None:
    krea = form(
        aspect_ratio="16:9", creativity="high", quantity="9", image_style_references__0__image_url=PICTURE
    )  # fmt: skip

    flux = krea.for_model(catalogue.get("flux-krea-dev"))
    back = StudioForm(flux.image_model, {**flux.typed, **flux.carried()}).for_model(krea.image_model)

    assert flux.brief() == Brief.read("flux-krea-dev", {"prompt": "a fox"}, 4)
    assert back.brief().input_json() == krea.brief().input_json()


def test_choice_that_the_other_image_model_does_not_offer_becomes_its_default() -> None:
    turbo = form("flux-krea-dev", acceleration="high", output_format="png").for_model(
        catalogue.get("krea-2-turbo-lora")
    )

    assert turbo.brief().input["acceleration"] == "none"
    assert turbo.brief().input["output_format"] == "png"


def test_carried_values_are_those_of_image_models_and_nothing_a_stranger_adds() -> None:
    assert form("flux-krea-dev", creativity="low", evil="1", quote="x").carried() == {"creativity": "low"}


def test_price_can_be_had_before_the_prompt_is_there() -> None:
    assert form(prompt="", quantity="2").priced_brief().quantity == 2


def test_fifth_image_model_has_a_form_from_its_file_alone(sketch: ImageModel, alice: Any) -> None:
    typed = {"prompt": "a fox", "paper": "tall", "strokes": "12", "ink": "on"}

    drawn = controls.of(StudioForm(sketch, typed), alice)

    paper, strokes, ink, _ = drawn.main
    templates = [each.template.rpartition("/")[2] for each in drawn.main]
    assert templates == ["shapes.html", "number.html", "boolean.html", "seed.html"]
    assert [(each.value, each.shape and (each.shape.width, each.shape.height)) for each in paper.options] == [
        ("small", (640, 480)),
        ("tall", (480, 960)),
    ]
    assert (strokes.value, ink.is_on) == ("12", True)
    assert StudioForm(sketch, typed).brief().input["ink"] is True


def test_shapes_are_drawn_where_a_choice_moves_the_size_and_nowhere_else(alice: Any) -> None:
    drawn = controls.of(form(), alice)
    by_name = {each.name: each for each in drawn.main}

    wide = next(each for each in by_name["aspect_ratio"].options if each.value == "16:9")
    assert wide.shape is not None
    assert (wide.shape.width, wide.shape.height, wide.shape.drawn["width"]) == (1376, 768, 28)
    assert {each.shape for each in by_name["creativity"].options} == {None}


def test_advanced_settings_are_folded_away_until_one_is_set(alice: Any) -> None:
    assert controls.of(form("flux-krea-dev"), alice).advanced_is_open is False
    assert controls.of(form("flux-krea-dev", seed="4"), alice).advanced_is_open is False
    assert controls.of(form("flux-krea-dev", acceleration="high"), alice).advanced_is_open is True
    assert controls.of(form("flux-krea-dev", enable_safety_checker="off"), alice).advanced_is_open is True
