"""The JSON Schema that partners read: it says what the validation does, and stands on its own."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from generations import catalogue

from .asking import PICTURE, WEIGHTS, good_inputs, refusals

SCHEMAS = {model.id: Draft202012Validator(model.json_schema()) for model in catalogue.all()}


def test_schemas_are_valid_and_need_nothing_around_them() -> None:
    for model in catalogue.all():
        schema = model.json_schema()

        Draft202012Validator.check_schema(schema)
        assert "$ref" not in json.dumps(schema)
        assert (schema["title"], schema["required"]) == (model.name, ["prompt"])


def test_every_property_has_a_title_and_a_description() -> None:
    for model in catalogue.all():
        for node in model.json_schema()["properties"].values():
            for inner in (node, *node.get("items", {}).get("properties", {}).values()):
                assert inner["title"]
                assert inner["description"].endswith(".")


def test_a_reader_may_change_its_copy() -> None:
    model = catalogue.get("krea-2-medium")

    model.json_schema()["properties"].clear()

    assert list(model.json_schema()["properties"]) == list(model.field_names)


def test_seed_may_be_null_and_says_so_plainly() -> None:
    seed = catalogue.get("krea-2-medium").json_schema()["properties"]["seed"]

    assert (seed["type"], seed["minimum"], seed["maximum"]) == (["integer", "null"], 0, 4294967295)
    assert "default" not in seed


@settings(max_examples=100, deadline=None)
@given(good_inputs())
def test_what_is_taken_fits_the_schema(asked: tuple[str, dict[str, Any]]) -> None:
    image_model, raw = asked

    assert refusals(image_model, raw) == {}
    assert list(SCHEMAS[image_model].iter_errors(raw)) == []


@pytest.mark.parametrize(
    ("image_model", "wrong"),
    [
        ("krea-2-medium", {"prompt": ""}),
        ("krea-2-medium", {"prompt": "x" * 5001}),
        ("krea-2-medium", {"seed": -1}),
        ("krea-2-medium", {"aspect_ratio": "3:4"}),
        ("krea-2-medium", {"creativity": "Raw"}),
        ("krea-2-medium", {"image_style_references": [{"image_url": PICTURE}] * 11}),
        ("krea-2-medium", {"image_style_references": [{"image_url": PICTURE, "strength": 2.1}]}),
        ("krea-2-medium", {"image_style_references": [{"strength": 1}]}),
        ("krea-2-medium", {"loras": []}),
        ("krea-2-turbo-lora", {"loras": [{"path": WEIGHTS}] * 4}),
        ("krea-2-turbo-lora", {"loras": [{"path": WEIGHTS, "scale": 5}]}),
        ("krea-2-turbo-lora", {"acceleration": "high"}),
        ("krea-2-turbo-lora", {"image_size": "huge"}),
        ("krea-2-turbo-lora", {"image_size": {"width": 255, "height": 512}}),
        ("krea-2-turbo-lora", {"image_size": {"width": 512}}),
        ("flux-krea-dev", {"num_inference_steps": 51}),
        ("flux-krea-dev", {"guidance_scale": 0.5}),
        ("flux-krea-dev", {"output_format": "webp"}),
        ("flux-krea-dev", {"enable_safety_checker": "no"}),
    ],
)
def test_what_is_refused_does_not_fit_the_schema(image_model: str, wrong: dict[str, Any]) -> None:
    raw = {"prompt": "a fox"} | wrong

    assert refusals(image_model, raw)
    assert list(SCHEMAS[image_model].iter_errors(raw))
