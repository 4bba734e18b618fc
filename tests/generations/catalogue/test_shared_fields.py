"""What several image models take alike: prompt, seed, addresses, sizes, format, safety checker."""

from typing import Any
from uuid import UUID

import pytest

from generations import catalogue

from .asking import accepted, refusal, refusals

EVERY = pytest.mark.parametrize("image_model", [model.id for model in catalogue.all()])
SIZED = pytest.mark.parametrize("image_model", ["krea-2-turbo-lora", "flux-krea-dev"])
PRESETS = ["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]


@EVERY
@pytest.mark.parametrize("prompt", ["x", "x" * 5000, "🦊" * 5000, "a\tb\nc", "  a fox  ", "日本の狐", "👩‍🎨"])
def test_prompt_of_one_to_five_thousand_characters_is_taken_as_it_is(image_model: str, prompt: str) -> None:
    assert accepted(image_model, prompt=prompt).input["prompt"] == prompt


@EVERY
@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("", "too_short"),
        (" \n\t ", "too_short"),
        ("\u200b\u3000", "too_short"),
        ("x" * 5001, "too_long"),
        ("a\0fox", "not_allowed"),
        ("a\x1b[31mfox", "not_allowed"),
        ("a\x9ffox", "not_allowed"),
        ("a \ud83e fox", "not_allowed"),
        (None, "wrong_type"),
        (7, "wrong_type"),
        (["a fox"], "wrong_type"),
        (b"a fox", "wrong_type"),
    ],
)
def test_any_other_prompt_is_refused(image_model: str, prompt: Any, code: str) -> None:
    error = refusal(image_model, prompt=prompt)

    assert (error.pointer, error.field, error.code) == ("/input/prompt", "prompt", code)
    assert error.detail.startswith("prompt ")
    assert len(error.detail) < 100


@EVERY
def test_prompt_is_required(image_model: str) -> None:
    errors = refusals(image_model, {})

    assert {pointer: error.code for pointer, error in errors.items()} == {"/input/prompt": "missing"}
    assert errors["/input/prompt"].detail == "prompt is missing: it must be text of 1 to 5000 characters."


def test_line_breaks_of_every_kind_become_one_before_they_are_counted() -> None:
    assert accepted("krea-2-medium", prompt="a\r\nb\rc\vd\fe\x85f\u2028g\u2029h").input["prompt"] == (
        "a\nb\nc\nd\ne\nf\ng\nh"
    )
    assert len(accepted("krea-2-medium", prompt="x\r\n" * 2500).input["prompt"]) == 5000


@EVERY
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_seed_is_an_unsigned_integer_of_32_bits(image_model: str, seed: int) -> None:
    assert accepted(image_model, seed=seed).seed == seed


@EVERY
def test_seed_of_null_is_no_seed(image_model: str) -> None:
    assert accepted(image_model, seed=None) == accepted(image_model)
    assert "seed" not in accepted(image_model, seed=None).input


@EVERY
@pytest.mark.parametrize(
    ("seed", "code"),
    [
        (-1, "out_of_range"),
        (2**32, "out_of_range"),
        (10**400, "out_of_range"),
        (7.0, "wrong_type"),
        ("7", "wrong_type"),
        (True, "wrong_type"),
    ],
)
def test_any_other_seed_is_refused(image_model: str, seed: Any, code: str) -> None:
    error = refusal(image_model, seed=seed)

    assert (error.pointer, error.code) == ("/input/seed", code)
    assert error.allowed == {"minimum": 0, "maximum": 4294967295}
    assert error.detail == "seed must be a whole number from 0 to 4294967295."


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/a.png",
        "http://example.com:8080/a?signature=%2Fx#y",
        "https://bücher.example/ä.png",
        "data:image/png;base64,iVBORw0=",
        "DATA:image/webp;charset=utf-8;base64,UklG",
        "https://example.com/" + "a" * 4076,
    ],
)
def test_reference_may_be_a_web_address_or_a_data_uri(address: str) -> None:
    brief = accepted("krea-2-medium", image_style_references=[{"image_url": address}])

    assert brief.reference_urls() == (address,)


def test_reference_may_be_the_id_of_an_upload_in_any_spelling() -> None:
    upload = UUID("019EF3CA-BF2E-71B2-8000-0123456789AB")

    brief = accepted("krea-2-medium", image_style_references=[{"image_url": str(upload).upper()}])

    assert brief.reference_urls() == (str(upload),)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "//example.com/a.png",
        "example.com/a.png",
        "https://",
        "https://user@example.com/a.png",
        "https://example.com/a\nb.png",
        "https://example.com:0/a.png",
        "https://example.com/a\\b.png",
        "data:text/html;base64,PGI+",
        "data:image/png,notbase64",
        "data:image/png;base64,",
        "data:image/png;base64,ï",
        "019ef3ca-bf2e-71b2-8000",
        "urn:uuid:019ef3ca-bf2e-71b2-8000-0123456789ab",
    ],
)
def test_any_other_reference_is_refused(address: str) -> None:
    error = refusal("krea-2-large", image_style_references=[{"image_url": address}])

    assert (error.pointer, error.code) == ("/input/image_style_references/0/image_url", "bad_address")
    assert error.allowed == {"schemes": ["https", "http", "data"], "or": "the id of an upload"}
    assert error.detail == (
        "image_style_references[0].image_url must be an http or https address, "
        "a data URI of an image in base64, or the id of an upload."
    )


def test_references_have_a_length() -> None:
    picture = "data:image/png;base64," + "A" * (14_000_000 - 22)

    assert accepted("krea-2-medium", image_style_references=[{"image_url": picture}]).reference_urls() == (picture,)
    for address in (picture + "A", "https://example.com/" + "a" * 4077):
        error = refusal("krea-2-medium", image_style_references=[{"image_url": address}])
        assert error.code == "too_long"
        assert len(error.detail) < 200


@SIZED
def test_six_sizes_by_name_are_taken_with_their_pixels(image_model: str) -> None:
    assert {preset: accepted(image_model, image_size=preset).size() for preset in PRESETS} == {
        "square_hd": (1024, 1024),
        "square": (512, 512),
        "portrait_4_3": (768, 1024),
        "portrait_16_9": (576, 1024),
        "landscape_4_3": (1024, 768),
        "landscape_16_9": (1024, 576),
    }


@SIZED
@pytest.mark.parametrize(("width", "height"), [(256, 256), (2048, 256), (256, 2048), (2000, 2000), (2048, 1953)])
def test_own_size_is_taken_and_priced_by_its_pixels(image_model: str, width: int, height: int) -> None:
    brief = accepted(image_model, image_size={"width": width, "height": height})

    assert brief.size() == (width, height)
    assert brief.price_items() == (catalogue.PriceItem(image_model, width * height),)


@SIZED
def test_own_size_has_four_megapixels_at_most(image_model: str) -> None:
    error = refusal(image_model, image_size={"width": 2048, "height": 1954})

    assert (error.pointer, error.code) == ("/input/image_size", "out_of_range")
    assert error.allowed == {"max_pixels": 4_000_000}
    assert error.detail == "image_size must have at most 4 megapixels: width times height may be 4000000."


@SIZED
@pytest.mark.parametrize(
    ("side", "code"),
    [
        (255, "out_of_range"),
        (2049, "out_of_range"),
        (512.0, "wrong_type"),
        ("512", "wrong_type"),
        (True, "wrong_type"),
    ],
)
def test_sides_of_another_length_are_refused(image_model: str, side: Any, code: str) -> None:
    error = refusal(image_model, image_size={"width": 512, "height": side})

    assert (error.pointer, error.field, error.code) == ("/input/image_size/height", "image_size.height", code)
    assert error.allowed == {"minimum": 256, "maximum": 2048}


@SIZED
def test_own_size_needs_both_sides_and_nothing_else(image_model: str) -> None:
    errors = refusals(image_model, {"prompt": "a fox", "image_size": {"width": 512, "<own>": 1}})

    assert {pointer: error.code for pointer, error in errors.items()} == {
        "/input/image_size/height": "missing",
        "/input/image_size/<own>": "unknown_field",
    }


@SIZED
@pytest.mark.parametrize("size", ["huge", "1024x1024", "", None, 1024, [1024, 768]])
def test_any_other_size_is_refused_with_what_there_is(image_model: str, size: Any) -> None:
    error = refusal(image_model, image_size=size)

    side = {"minimum": 256, "maximum": 2048}
    assert (error.pointer, error.code) == ("/input/image_size", "not_allowed")
    assert error.allowed == [*PRESETS, {"width": side, "height": side}]


@SIZED
def test_two_formats_are_taken_and_no_other(image_model: str) -> None:
    for output_format in ("jpeg", "png"):
        assert accepted(image_model, output_format=output_format).input["output_format"] == output_format
    assert refusal(image_model, output_format="webp").allowed == ["jpeg", "png"]


@SIZED
def test_switching_the_safety_checker_off_needs_permission(image_model: str) -> None:
    assert accepted(image_model, enable_safety_checker=True).needs_permission() == []
    assert accepted(image_model, enable_safety_checker=False).needs_permission() == ["enable_safety_checker"]


@SIZED
@pytest.mark.parametrize("value", [0, 1, "false", None])
def test_safety_checker_is_true_or_false(image_model: str, value: Any) -> None:
    error = refusal(image_model, enable_safety_checker=value)

    assert (error.code, error.allowed) == ("wrong_type", [True, False])
    assert error.detail == "enable_safety_checker must be true or false."
