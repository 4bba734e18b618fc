"""The brief: one value for every door, checked once, canonical, and never changed after."""

import dataclasses
import json
import random
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations import catalogue
from generations.brief import BadBrief, Brief, FieldError

from .catalogue.asking import PICTURE, accepted, good_inputs, refusals

UPLOAD = "019ef3ca-bf2e-71b2-8000-0123456789ab"

# What fal's pages of the four endpoints list, without num_images and sync_mode, which are never sent.
FAL_KNOWS = {
    "krea-2-medium": {"prompt", "aspect_ratio", "creativity", "seed", "image_style_references"},
    "krea-2-large": {"prompt", "aspect_ratio", "creativity", "seed", "image_style_references"},
    "krea-2-turbo-lora": {
        "prompt",
        "seed",
        "image_size",
        "acceleration",
        "enable_safety_checker",
        "output_format",
        "loras",
    },
    "flux-krea-dev": {
        "prompt",
        "image_size",
        "num_inference_steps",
        "seed",
        "guidance_scale",
        "enable_safety_checker",
        "output_format",
        "acceleration",
    },
}


def shuffled(value: Any, order: random.Random) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(inner, order)) for key, inner in value.items()]
        order.shuffle(items)
        return dict(items)
    return [shuffled(inner, order) for inner in value] if isinstance(value, list) else value


def test_brief_knows_its_image_model() -> None:
    brief = Brief.read("krea-2-large", {"prompt": "a fox"}, 3)

    assert (brief.image_model, brief.model.name, brief.quantity) == ("krea-2-large", "Krea 2 Large", 3)


def test_brief_cannot_be_changed() -> None:
    brief = accepted("krea-2-medium", image_style_references=[{"image_url": PICTURE}])

    with pytest.raises(dataclasses.FrozenInstanceError):
        brief.quantity = 9  # type: ignore[misc]
    with pytest.raises(TypeError):
        brief.input["prompt"] = "a wolf"  # type: ignore[index]
    with pytest.raises(TypeError):
        brief.input["image_style_references"][0]["strength"] = 2
    assert isinstance(brief.input["image_style_references"], tuple)


def test_brief_keeps_nothing_of_what_it_was_read_from_or_gave_away() -> None:
    raw = {"prompt": "a fox", "image_style_references": [{"image_url": PICTURE}]}
    brief = Brief.read("krea-2-medium", raw)
    before = brief.digest()

    raw["image_style_references"][0]["image_url"] = "https://example.com/other.jpg"  # type: ignore[index]
    brief.input_json()["image_style_references"].clear()

    assert brief.digest() == before
    assert brief.reference_urls() == (PICTURE,)


def test_a_brief_is_checked_however_it_is_made() -> None:
    with pytest.raises(BadBrief):
        Brief("krea-2-medium", {"prompt": ""})
    with pytest.raises(BadBrief):
        dataclasses.replace(accepted("krea-2-medium"), quantity=11)


def test_defaults_are_kept_so_that_a_picture_can_be_made_again() -> None:
    assert accepted("flux-krea-dev").input["num_inference_steps"] == 28
    assert accepted("flux-krea-dev") == accepted("flux-krea-dev", num_inference_steps=28)


def test_prompt_stays_out_of_the_log() -> None:
    assert "fox" not in repr(accepted("krea-2-medium"))
    with pytest.raises(BadBrief) as bad:
        Brief.read("krea-2-medium", {"prompt": "a fox" * 2000})
    assert "fox" not in str(bad.value)


@pytest.mark.parametrize("image_model", ["krea-3", "", None, 7, ["krea-2-medium"], "KREA-2-MEDIUM"])
def test_unknown_image_model_is_refused_with_the_ones_there_are(image_model: Any) -> None:
    errors = refusals(image_model, {"prompt": "a fox"}, 0)

    assert errors["/model"].allowed == [model.id for model in catalogue.all()]
    assert errors["/model"].detail == (
        "model must be one of krea-2-medium, krea-2-large, krea-2-turbo-lora, flux-krea-dev."
    )
    assert errors["/quantity"].allowed == {"minimum": 1, "maximum": 10}


@pytest.mark.parametrize("raw", [None, [], "a fox", 7, True])
def test_input_must_be_an_object(raw: Any) -> None:
    errors = refusals("krea-2-medium", raw)

    assert (errors["/input"].code, errors["/input"].detail) == (
        "wrong_type",
        "input must be an object with a prompt.",
    )


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (0, "out_of_range"),
        (-1, "out_of_range"),
        (11, "out_of_range"),
        (1.0, "wrong_type"),
        ("1", "wrong_type"),
        (True, "wrong_type"),
        (None, "wrong_type"),
    ],
)
def test_quantity_is_a_whole_number_within_bounds(quantity: Any, code: str) -> None:
    error = refusals("krea-2-medium", {"prompt": "a fox"}, quantity)["/quantity"]

    assert (error.code, error.field) == (code, "quantity")
    assert error.in_form == "Quantity must be a whole number from 1 to 10."


def test_bad_brief_says_everything_in_one_line() -> None:
    with pytest.raises(BadBrief) as bad:
        Brief.read("krea-2-medium", {"prompt": "a fox", "creativity": "wild"}, 0)

    assert str(bad.value) == (
        "creativity must be one of raw, low, medium, high. quantity must be a whole number from 1 to 10."
    )


def test_pinned_seed_counts_up_and_wraps() -> None:
    brief = Brief.read("krea-2-medium", {"prompt": "a fox", "seed": 2**32 - 2}, 4)

    assert brief.seeds() == [2**32 - 2, 2**32 - 1, 0, 1]


def test_same_seed_gives_every_image_the_pinned_one() -> None:
    brief = Brief.read("krea-2-medium", {"prompt": "a fox", "seed": 7}, 3, same_seed=True)

    assert brief.seeds() == [7, 7, 7]
    assert brief != Brief.read("krea-2-medium", {"prompt": "a fox", "seed": 7}, 3)


@pytest.mark.parametrize("same_seed", [False, True])
def test_without_a_pinned_seed_each_image_gets_a_random_one(same_seed: bool) -> None:
    brief = Brief.read("krea-2-medium", {"prompt": "a fox"}, 3, same_seed=same_seed)
    drawn = iter([5, 0, 2**32 - 1])
    asked = []

    def source(below: int) -> int:
        asked.append(below)
        return next(drawn)

    assert brief.seeds(source) == [5, 0, 2**32 - 1]
    assert asked == [2**32] * 3
    assert brief.seeds() != brief.seeds()


def test_references_are_replaced_and_keep_their_strength() -> None:
    data = "data:image/png;base64,iVBORw0="
    references = [{"image_url": data, "strength": -1}, {"image_url": PICTURE}]
    brief = Brief.read(
        "krea-2-large",
        {"prompt": "a fox", "seed": 7, "image_style_references": references},
        2,
        same_seed=True,
    )

    kept = brief.with_references([UPLOAD, PICTURE])

    assert kept.reference_urls() == (UPLOAD, PICTURE)
    assert brief.reference_urls() == (data, PICTURE)
    assert [item["strength"] for item in kept.input["image_style_references"]] == [-1.0, 1.0]
    assert (kept.quantity, kept.seed, kept.same_seed) == (2, 7, True)


def test_references_are_replaced_one_for_one() -> None:
    brief = accepted("krea-2-medium", image_style_references=[{"image_url": PICTURE}])

    with pytest.raises(ValueError, match=r"shorter|longer"):
        brief.with_references([])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        brief.with_references([UPLOAD, UPLOAD])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        accepted("flux-krea-dev").with_references([UPLOAD])
    assert accepted("flux-krea-dev").with_references([]) == accepted("flux-krea-dev")


def test_a_later_check_can_point_at_a_reference_or_a_lora() -> None:
    brief = accepted("krea-2-medium")

    error = FieldError.at(brief.reference_place(2), "unreachable", "Style reference 3 cannot be reached.")

    assert error.pointer == "/input/image_style_references/2/image_url"
    assert error.field == "image_style_references.2.image_url"
    assert error.in_form == "Style reference 3 cannot be reached."
    assert FieldError.at(brief.lora_place(0), "unreachable", "").pointer == "/input/loras/0/path"


def test_digest_tells_briefs_apart() -> None:
    briefs = [
        Brief.read("krea-2-medium", {"prompt": "a fox"}),
        Brief.read("krea-2-large", {"prompt": "a fox"}),
        Brief.read("krea-2-medium", {"prompt": "a fox"}, 2),
        Brief.read("krea-2-medium", {"prompt": "a wolf"}),
        Brief.read("krea-2-medium", {"prompt": "a fox", "seed": 0}),
        Brief.read("krea-2-medium", {"prompt": "a fox"}, same_seed=True),
    ]

    assert len({brief.digest() for brief in briefs}) == len(briefs)
    assert len(set(briefs)) == len(briefs)
    assert all(len(brief.digest()) == 64 for brief in briefs)


def test_digest_is_of_canonical_json_so_that_moving_a_field_in_its_file_changes_nothing() -> None:
    canonical = (
        '["krea-2-medium",{"aspect_ratio":"1:1","creativity":"medium",'
        '"image_style_references":[],"prompt":"a fox","seed":7},2,false]'
    )

    brief = Brief.read("krea-2-medium", {"prompt": "a fox", "seed": 7}, 2)

    assert brief.digest() == sha256(canonical.encode()).hexdigest()


def test_numbers_written_otherwise_are_the_same_brief() -> None:
    def brief(strength: float) -> Brief:
        return accepted("krea-2-medium", image_style_references=[{"image_url": PICTURE, "strength": strength}])

    assert brief(1).digest() == brief(1.0).digest()
    assert brief(0.0).digest() == brief(-0.0).digest()


@settings(max_examples=100, deadline=None)
@given(good_inputs(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(
    asked: tuple[str, dict[str, Any]], quantity: int, order: random.Random
) -> None:
    image_model, raw = asked

    brief, other = (Brief.read(image_model, value, quantity) for value in (raw, shuffled(raw, order)))

    assert brief == other
    assert (brief.digest(), hash(brief)) == (other.digest(), hash(other))


@settings(max_examples=100, deadline=None)
@given(good_inputs())
def test_a_brief_written_down_is_read_again_unchanged(asked: tuple[str, dict[str, Any]]) -> None:
    brief = Brief.read(*asked)

    assert Brief.read(brief.image_model, json.loads(json.dumps(brief.input_json()))) == brief
    assert Brief.read(brief.image_model, brief.input) == brief
    assert Brief.read(brief.image_model, dict(brief.input)).digest() == brief.digest()


@settings(max_examples=100, deadline=None)
@given(good_inputs(), st.integers(0, 2**32 - 1))
def test_fal_gets_our_seed_and_no_field_that_it_does_not_know(asked: tuple[str, dict[str, Any]], seed: int) -> None:
    brief = Brief.read(*asked)
    addresses = [f"https://ours.example/{index}" for index in range(len(brief.reference_urls()))]

    body = brief.fal_body(seed, addresses)

    assert set(body) == FAL_KNOWS[brief.image_model]
    assert body["seed"] == seed
    assert body["prompt"] == brief.input["prompt"]
    assert [item["image_url"] for item in body.get("image_style_references", ())] == addresses
    json.dumps(body, allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(good_inputs())
def test_price_items_follow_from_the_input(asked: tuple[str, dict[str, Any]]) -> None:
    brief = Brief.read(*asked)
    base, *extra = brief.price_items()
    width, height = brief.size()

    by_pixels = brief.model.priced_by == "megapixel"
    assert (base.item, base.pixels) == (brief.image_model, width * height if by_pixels else None)
    assert [item.item for item in extra] == (
        [f"{brief.image_model}.style_references"] if brief.reference_urls() else []
    )
    assert {item.item for item in brief.price_items()} <= set(brief.model.price_item_names)
