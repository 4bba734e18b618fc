"""Krea 2 Turbo + LoRA: each row of its input, at its bounds and just beyond."""

from typing import Any

import pytest

from generations.catalogue import PriceItem

from .asking import WEIGHTS, accepted, refusal, refusals

TURBO = "krea-2-turbo-lora"


def test_a_prompt_alone_is_enough() -> None:
    brief = accepted(TURBO)

    assert brief.input_json() == {
        "prompt": "a fox",
        "image_size": "square_hd",
        "enable_safety_checker": True,
        "loras": [],
        "acceleration": "none",
        "output_format": "png",
    }
    assert brief.price_items() == (PriceItem(TURBO, 1024 * 1024),)


def test_three_loras_are_taken_and_four_are_not() -> None:
    three = [{"path": WEIGHTS, "scale": scale} for scale in (0, 1.5, 4)]

    assert accepted(TURBO, loras=three).lora_paths() == (WEIGHTS,) * 3
    error = refusal(TURBO, loras=[*three, {"path": WEIGHTS}])
    assert (error.pointer, error.code, error.allowed) == ("/input/loras", "too_long", {"maxItems": 3})


def test_scale_is_one_unless_said() -> None:
    assert accepted(TURBO, loras=[{"path": WEIGHTS}]).input_json()["loras"] == [{"path": WEIGHTS, "scale": 1.0}]


@pytest.mark.parametrize(
    ("scale", "code"),
    [(-0.01, "out_of_range"), (4.01, "out_of_range"), (float("-inf"), "out_of_range"), ("1", "wrong_type")],
)
def test_any_other_scale_is_refused_with_its_index(scale: Any, code: str) -> None:
    error = refusal(TURBO, loras=[{"path": WEIGHTS}, {"path": WEIGHTS, "scale": scale}])

    assert (error.pointer, error.code) == ("/input/loras/1/scale", code)
    assert error.allowed == {"minimum": 0, "maximum": 4}
    assert error.in_form == "LoRA 2, scale must be a number from 0 to 4."


@pytest.mark.parametrize(
    "path",
    [
        WEIGHTS,
        "https://example.com/A.SAFETENSORS",
        "https://example.com:8443/a.safetensors?download=true&token=x",
        "https://example.com/" + "a" * (4096 - 32) + ".safetensors",
    ],
)
def test_https_address_of_a_safetensors_file_is_taken(path: str) -> None:
    assert len(path) <= 4096
    assert accepted(TURBO, loras=[{"path": path}]).lora_paths() == (path,)


@pytest.mark.parametrize(
    "path",
    [
        "http://example.com/a.safetensors",
        "https://example.com/a.ckpt",
        "https://example.com/?file=a.safetensors",
        "https:///a.safetensors",
        "https://[::1/a.safetensors",
        "https://example.com:99999/a.safetensors",
        "https://user:secret@example.com/a.safetensors",
        "https://example.com/a b.safetensors",
        "https://example.com/a\0.safetensors",
        "https://example.com\\@evil.example/a.safetensors",
        "https://example.com/a\\b.safetensors",
        "owner/repository",
        "a.safetensors",
    ],
)
def test_any_other_lora_address_is_refused(path: str) -> None:
    error = refusal(TURBO, loras=[{"path": path}])

    assert (error.pointer, error.code) == ("/input/loras/0/path", "bad_address")
    assert error.allowed == {"schemes": ["https"], "ending": ".safetensors"}
    assert error.detail == "loras[0].path must be the https address of a .safetensors file."


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "too_short"),
        (5, "wrong_type"),
        ("https://example.com/" + "a" * 4096 + ".safetensors", "too_long"),
    ],
)
def test_lora_address_has_a_length_and_a_type(path: Any, code: str) -> None:
    assert refusal(TURBO, loras=[{"path": path}]).code == code


@pytest.mark.parametrize("acceleration", ["none", "regular"])
def test_two_accelerations_are_taken(acceleration: str) -> None:
    assert accepted(TURBO, acceleration=acceleration).input["acceleration"] == acceleration


def test_high_acceleration_is_refused() -> None:
    error = refusal(TURBO, acceleration="high")

    assert (error.pointer, error.allowed) == ("/input/acceleration", ["none", "regular"])


def test_fal_is_sent_every_field_and_our_seed() -> None:
    brief = accepted(
        TURBO,
        image_size={"width": 800, "height": 600},
        acceleration="regular",
        output_format="jpeg",
        loras=[{"path": WEIGHTS, "scale": 0.8}],
    )

    assert brief.fal_body(11) == {
        "prompt": "a fox",
        "image_size": {"width": 800, "height": 600},
        "acceleration": "regular",
        "output_format": "jpeg",
        "enable_safety_checker": True,
        "loras": [{"path": WEIGHTS, "scale": 0.8}],
        "seed": 11,
    }


def test_quantity_is_four_at_most() -> None:
    assert refusals(TURBO, {"prompt": "a fox"}, 4) == {}
    assert refusals(TURBO, {"prompt": "a fox"}, 5)["/quantity"].allowed == {"minimum": 1, "maximum": 4}
