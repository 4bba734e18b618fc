"""A field that an image model does not take: the answer says so, and where to go with it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations import catalogue
from generations.brief import BadBrief, Brief

from .asking import refusal, refusals


@pytest.mark.parametrize(
    ("image_model", "name", "detail"),
    [
        ("krea-2-medium", "loras", "Krea 2 Medium takes no loras. Krea 2 Turbo + LoRA takes it."),
        (
            "krea-2-large",
            "width",
            "Krea 2 Large takes no width: use aspect_ratio. "
            "Krea 2 Turbo + LoRA and FLUX.1 Krea [dev] take it, as image_size.",
        ),
        (
            "krea-2-medium",
            "negative_prompt",
            "Krea 2 Medium takes no negative_prompt: no image model here does. "
            "Say in the prompt what you do want to see.",
        ),
        (
            "flux-krea-dev",
            "num_images",
            "FLUX.1 Krea [dev] takes no num_images: use quantity, beside the input.",
        ),
        (
            "flux-krea-dev",
            "sync_mode",
            "FLUX.1 Krea [dev] takes no sync_mode: it is not supported. "
            "Every picture is kept and fetched from its own address.",
        ),
        (
            "flux-krea-dev",
            "aspect_ratio",
            "FLUX.1 Krea [dev] takes no aspect_ratio: use image_size. Krea 2 Medium and Krea 2 Large take it.",
        ),
        ("flux-krea-dev", "height", "FLUX.1 Krea [dev] takes no height: use image_size."),
        (
            "krea-2-medium",
            "imageStyleReferences",
            "Krea 2 Medium takes no imageStyleReferences: use image_style_references.",
        ),
        ("krea-2-medium", "creativty", "Krea 2 Medium takes no creativty. Did you mean creativity?"),
        (
            "krea-2-medium",
            "mood",
            "Krea 2 Medium takes no mood. It takes prompt, seed, aspect_ratio, creativity and image_style_references.",
        ),
    ],
)
def test_unknown_field_is_refused_with_advice(image_model: str, name: str, detail: str) -> None:
    error = refusal(image_model, **{name: 1})

    assert (error.pointer, error.field, error.code) == (f"/input/{name}", name, "unknown_field")
    assert error.detail == detail
    assert error.in_form == detail
    assert error.allowed == list(catalogue.get(image_model).field_names)


def test_everything_wrong_is_said_at_once() -> None:
    raw = {"creativity": "wild", "seed": "7", "width": 1, "image_style_references": [{"strength": 3}]}

    errors = refusals("krea-2-medium", raw, 0)

    assert {pointer: error.code for pointer, error in errors.items()} == {
        "/input/prompt": "missing",
        "/input/creativity": "not_allowed",
        "/input/seed": "wrong_type",
        "/input/width": "unknown_field",
        "/input/image_style_references/0/image_url": "missing",
        "/input/image_style_references/0/strength": "out_of_range",
        "/quantity": "out_of_range",
    }


def test_a_name_made_to_annoy_is_shown_short_and_printable() -> None:
    error = refusal("krea-2-medium", **{"~/\0" + "x" * 1000: 1})

    assert error.pointer.startswith("/input/~0~1\N{REPLACEMENT CHARACTER}xxx")
    assert len(error.detail) < 200


def test_a_name_that_is_no_text_does_not_hide_the_rest() -> None:
    errors = refusals("krea-2-medium", {"\ud800": 1, 5: 1, "seed": -1, "prompt": "a fox"})

    assert {pointer: error.code for pointer, error in errors.items()} == {
        "/input": "unknown_field",
        "/input/seed": "out_of_range",
    }


def test_a_body_made_to_annoy_gets_a_bounded_answer() -> None:
    raw = {f"field{number}": number for number in range(20_000)} | {"loras": [7] * 20_000}

    assert len(refusals("krea-2-turbo-lora", raw)) <= 101


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([name for model in catalogue.all() for name in model.field_names])


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([model.id for model in catalogue.all()]) | anything,
    st.dictionaries(names | st.text(st.characters()), anything) | anything,
    anything,
)
def test_whatever_comes_in_is_taken_or_refused_in_plain_sentences(image_model: Any, raw: Any, quantity: Any) -> None:
    try:
        Brief.read(image_model, raw, quantity)
    except BadBrief as bad:
        assert bad.errors
        for error in bad.errors:
            assert error.detail.endswith((".", "?"))
            assert "Input should" not in error.detail
            json.dumps([error.pointer, error.detail, error.in_form, error.allowed], ensure_ascii=False).encode()
