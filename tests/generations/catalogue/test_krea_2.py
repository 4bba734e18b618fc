"""Krea 2 Medium and Large: each row of their input, at its bounds and just beyond."""

from typing import Any

import pytest

from generations import catalogue
from generations.catalogue import PriceItem

from .asking import PICTURE, accepted, refusal, refusals

KREA_2 = pytest.mark.parametrize("krea_2", ["krea-2-medium", "krea-2-large"])
RATIOS = ["1:1", "4:3", "3:2", "16:9", "2.35:1", "4:5", "2:3", "9:16"]


@KREA_2
def test_a_prompt_alone_is_enough(krea_2: str) -> None:
    brief = accepted(krea_2)

    assert brief.input_json() == {
        "prompt": "a fox",
        "aspect_ratio": "1:1",
        "creativity": "medium",
        "image_style_references": [],
    }
    assert brief.seed is None


@KREA_2
@pytest.mark.parametrize("creativity", ["raw", "low", "medium", "high"])
def test_four_steps_of_creativity_are_taken(krea_2: str, creativity: str) -> None:
    assert accepted(krea_2, creativity=creativity).input["creativity"] == creativity


@KREA_2
@pytest.mark.parametrize("creativity", ["Raw", "HIGH", "", "extreme", None, 1, ["raw"]])
def test_any_other_creativity_is_refused_with_the_four(krea_2: str, creativity: Any) -> None:
    error = refusal(krea_2, creativity=creativity)

    assert (error.pointer, error.field, error.code) == ("/input/creativity", "creativity", "not_allowed")
    assert error.allowed == ["raw", "low", "medium", "high"]
    assert error.detail == "creativity must be one of raw, low, medium, high."
    assert error.in_form == "Creativity must be one of raw, low, medium, high."


@KREA_2
def test_eight_aspect_ratios_are_taken_with_their_pixels(krea_2: str) -> None:
    assert {ratio: accepted(krea_2, aspect_ratio=ratio).size() for ratio in RATIOS} == {
        "1:1": (1024, 1024),
        "4:3": (1184, 896),
        "3:2": (1248, 832),
        "16:9": (1376, 768),
        "2.35:1": (1568, 672),
        "4:5": (928, 1152),
        "2:3": (832, 1248),
        "9:16": (768, 1376),
    }


@KREA_2
@pytest.mark.parametrize("ratio", ["3:4", "1:2", "1x1", "", None, 1.0])
def test_any_other_aspect_ratio_is_refused_with_the_eight(krea_2: str, ratio: Any) -> None:
    error = refusal(krea_2, aspect_ratio=ratio)

    assert (error.pointer, error.code, error.allowed) == ("/input/aspect_ratio", "not_allowed", RATIOS)


@KREA_2
@pytest.mark.parametrize("strength", [-2, -2.0, -0.5, 0, 1, 1.5, 2])
def test_strength_goes_from_minus_two_to_two(krea_2: str, strength: float) -> None:
    brief = accepted(krea_2, image_style_references=[{"image_url": PICTURE, "strength": strength}])

    assert brief.input_json()["image_style_references"] == [{"image_url": PICTURE, "strength": strength}]


def test_strength_is_one_unless_said() -> None:
    brief = accepted("krea-2-medium", image_style_references=[{"image_url": PICTURE}])

    assert brief.input_json()["image_style_references"] == [{"image_url": PICTURE, "strength": 1.0}]


@pytest.mark.parametrize(
    ("strength", "code"),
    [
        (-2.01, "out_of_range"),
        (2.01, "out_of_range"),
        (float("nan"), "out_of_range"),
        (float("inf"), "out_of_range"),
        (10**400, "wrong_type"),
        ("1", "wrong_type"),
        (True, "wrong_type"),
        (None, "wrong_type"),
    ],
)
def test_any_other_strength_is_refused_with_its_index(strength: Any, code: str) -> None:
    good, bad = {"image_url": PICTURE}, {"image_url": PICTURE, "strength": strength}

    error = refusal("krea-2-medium", image_style_references=[good, good, bad])

    assert error.pointer == "/input/image_style_references/2/strength"
    assert error.field == "image_style_references.2.strength"
    assert (error.code, error.allowed) == (code, {"minimum": -2, "maximum": 2})
    assert error.detail == "image_style_references[2].strength must be a number from -2 to 2."
    assert error.in_form == "Style reference 3, strength must be a number from -2 to 2."


def test_ten_references_are_taken_and_eleven_are_not() -> None:
    ten = [{"image_url": PICTURE}] * 10

    assert len(accepted("krea-2-large", image_style_references=ten).reference_urls()) == 10
    error = refusal("krea-2-large", image_style_references=[*ten, {"image_url": PICTURE}])
    assert (error.pointer, error.code, error.allowed) == (
        "/input/image_style_references",
        "too_long",
        {"maxItems": 10},
    )
    assert error.detail == "image_style_references must be a list of at most 10 entries, not 11."


def test_too_many_references_do_not_hide_what_is_wrong_with_one_of_them() -> None:
    many = [{"image_url": PICTURE, "strength": 9}, *[{"image_url": PICTURE}] * 12]

    errors = refusals("krea-2-medium", {"prompt": "a fox", "image_style_references": many})

    assert set(errors) == {
        "/input/image_style_references",
        "/input/image_style_references/0/strength",
    }


@pytest.mark.parametrize("references", [None, {}, "https://example.com/a.png", 3])
def test_references_must_be_a_list(references: Any) -> None:
    error = refusal("krea-2-medium", image_style_references=references)

    assert (error.pointer, error.code) == ("/input/image_style_references", "wrong_type")
    assert error.detail == "image_style_references must be a list of at most 10 entries."


def test_a_reference_must_be_an_object_with_an_address_and_nothing_unknown() -> None:
    references = ["https://example.com/a.png", {}, {"image_url": PICTURE, "weight": 1}, {"\ud800": 1}]

    errors = refusals("krea-2-medium", {"prompt": "a fox", "image_style_references": references})

    assert {pointer: error.code for pointer, error in errors.items()} == {
        "/input/image_style_references/0": "wrong_type",
        "/input/image_style_references/1/image_url": "missing",
        "/input/image_style_references/2/weight": "unknown_field",
        "/input/image_style_references/3": "not_allowed",
    }
    assert errors["/input/image_style_references/2/weight"].detail == (
        "image_style_references[2] takes no weight: it must be an object with image_url and strength."
    )


@KREA_2
def test_references_cost_a_flat_premium_however_many(krea_2: str) -> None:
    one = accepted(krea_2, image_style_references=[{"image_url": PICTURE}])
    ten = accepted(krea_2, image_style_references=[{"image_url": PICTURE}] * 10)

    assert accepted(krea_2, aspect_ratio="9:16").price_items() == (PriceItem(krea_2),)
    assert one.price_items() == (PriceItem(krea_2), PriceItem(f"{krea_2}.style_references"))
    assert ten.price_items() == one.price_items()
    assert {item.unit for item in ten.price_items()} == {"image"}


@KREA_2
def test_fal_is_sent_every_field_our_seed_and_addresses_it_can_reach(krea_2: str) -> None:
    brief = accepted(
        krea_2,
        aspect_ratio="2:3",
        creativity="raw",
        seed=5,
        image_style_references=[
            {"image_url": "data:image/png;base64,iVBORw0=", "strength": -1},
            {"image_url": PICTURE},
        ],
    )

    body = brief.fal_body(7, ["https://ours.example/a", "https://ours.example/b"])

    assert body == {
        "prompt": "a fox",
        "aspect_ratio": "2:3",
        "creativity": "raw",
        "seed": 7,
        "image_style_references": [
            {"image_url": "https://ours.example/a", "strength": -1.0},
            {"image_url": "https://ours.example/b", "strength": 1.0},
        ],
    }


def test_a_body_for_fal_needs_an_address_for_every_reference() -> None:
    brief = accepted("krea-2-medium", image_style_references=[{"image_url": PICTURE}])

    with pytest.raises(ValueError, match="0 addresses for 1 references"):
        brief.fal_body(7)
    with pytest.raises(ValueError, match="1 addresses for 0 references"):
        accepted("krea-2-medium").fal_body(7, [PICTURE])


@KREA_2
def test_nothing_in_krea_2_needs_permission(krea_2: str) -> None:
    assert accepted(krea_2).needs_permission() == []


def test_quantity_is_ten_at_most() -> None:
    errors = refusals("krea-2-medium", {"prompt": "a fox"}, 11)

    assert refusals("krea-2-medium", {"prompt": "a fox"}, 10) == {}
    assert errors["/quantity"].allowed == {
        "minimum": 1,
        "maximum": catalogue.get("krea-2-medium").max_quantity,
    }
    assert errors["/quantity"].detail == "quantity must be a whole number from 1 to 10."
