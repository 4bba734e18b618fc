"""FLUX.1 Krea [dev]: each row of its input, at its bounds and just beyond."""

from typing import Any

import pytest

from generations.catalogue import PriceItem

from .asking import accepted, refusal, refusals

FLUX = "flux-krea-dev"


def test_a_prompt_alone_is_enough() -> None:
    brief = accepted(FLUX)

    assert brief.input_json() == {
        "prompt": "a fox",
        "image_size": "landscape_4_3",
        "enable_safety_checker": True,
        "num_inference_steps": 28,
        "guidance_scale": 4.5,
        "acceleration": "none",
        "output_format": "jpeg",
    }
    assert brief.price_items() == (PriceItem(FLUX, 1024 * 768),)
    assert brief.price_items()[0].unit == "megapixel"


@pytest.mark.parametrize("steps", [1, 50])
def test_steps_go_from_one_to_fifty(steps: int) -> None:
    assert accepted(FLUX, num_inference_steps=steps).input["num_inference_steps"] == steps


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (0, "out_of_range"),
        (51, "out_of_range"),
        (10**30, "out_of_range"),
        (28.0, "wrong_type"),
        ("28", "wrong_type"),
        (True, "wrong_type"),
        (None, "wrong_type"),
    ],
)
def test_any_other_number_of_steps_is_refused(steps: Any, code: str) -> None:
    error = refusal(FLUX, num_inference_steps=steps)

    assert (error.pointer, error.code) == ("/input/num_inference_steps", code)
    assert error.allowed == {"minimum": 1, "maximum": 50}
    assert error.detail == "num_inference_steps must be a whole number from 1 to 50."
    assert error.in_form == "Steps must be a whole number from 1 to 50."


@pytest.mark.parametrize("guidance", [1, 1.0, 7.25, 20])
def test_guidance_goes_from_one_to_twenty(guidance: float) -> None:
    assert accepted(FLUX, guidance_scale=guidance).input["guidance_scale"] == guidance


@pytest.mark.parametrize("guidance", [0.99, 20.01, float("nan")])
def test_any_other_guidance_is_refused(guidance: float) -> None:
    error = refusal(FLUX, guidance_scale=guidance)

    assert (error.pointer, error.code) == ("/input/guidance_scale", "out_of_range")
    assert error.allowed == {"minimum": 1, "maximum": 20}


@pytest.mark.parametrize("acceleration", ["none", "regular", "high"])
def test_three_accelerations_are_taken(acceleration: str) -> None:
    assert accepted(FLUX, acceleration=acceleration).input["acceleration"] == acceleration


def test_any_other_acceleration_is_refused() -> None:
    assert refusal(FLUX, acceleration="full").allowed == ["none", "regular", "high"]


def test_fal_is_sent_every_field_and_our_seed() -> None:
    brief = accepted(FLUX, image_size="square", num_inference_steps=40, guidance_scale=3, acceleration="high")

    assert brief.fal_body(0) == {
        "prompt": "a fox",
        "image_size": "square",
        "num_inference_steps": 40,
        "guidance_scale": 3.0,
        "acceleration": "high",
        "output_format": "jpeg",
        "enable_safety_checker": True,
        "seed": 0,
    }


def test_quantity_is_four_at_most() -> None:
    assert refusals(FLUX, {"prompt": "a fox"}, 4) == {}
    assert refusals(FLUX, {"prompt": "a fox"}, 5)["/quantity"].allowed == {"minimum": 1, "maximum": 4}
