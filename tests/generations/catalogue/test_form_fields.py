"""What a form is made from: every input of an image model, with words for people."""

from generations import catalogue
from generations.catalogue.form_fields import Field


def fields(image_model: str) -> dict[str, Field]:
    return {field.name: field for field in catalogue.get(image_model).fields()}


def test_every_input_has_a_field_of_a_known_kind() -> None:
    kinds = {model.id: {field.name: field.kind for field in model.fields()} for model in catalogue.all()}

    krea_2 = {
        "prompt": "text",
        "seed": "integer",
        "aspect_ratio": "choice",
        "creativity": "choice",
        "image_style_references": "references",
    }
    sized = {"prompt": "text", "seed": "integer", "image_size": "size", "enable_safety_checker": "boolean"}
    assert kinds == {
        "krea-2-medium": krea_2,
        "krea-2-large": krea_2,
        "krea-2-turbo-lora": sized | {"loras": "loras", "acceleration": "choice", "output_format": "choice"},
        "flux-krea-dev": sized
        | {
            "num_inference_steps": "integer",
            "guidance_scale": "number",
            "acceleration": "choice",
            "output_format": "choice",
        },
    }


def test_fields_begin_with_the_prompt_which_alone_is_required() -> None:
    for model in catalogue.all():
        first, *rest = model.fields()

        assert (first.name, first.required, first.max_length) == ("prompt", True, 5000)
        assert first.example
        assert not any(field.required for field in rest)


def test_every_field_and_every_choice_has_words_for_people() -> None:
    for model in catalogue.all():
        for field in model.fields():
            assert field.label[0].isupper()
            assert field.help.endswith(".")
            assert all(choice.label and choice.help for choice in field.choices)


def test_choices_are_the_values_that_are_allowed() -> None:
    for model in catalogue.all():
        properties = model.json_schema()["properties"]
        for field in model.fields():
            node = properties[field.name]
            allowed = node.get("enum") or [
                value for branch in node.get("oneOf", ()) for value in branch.get("enum", ())
            ]
            assert [choice.value for choice in field.choices] == allowed


def test_defaults_are_those_of_the_input() -> None:
    assert {name: field.default for name, field in fields("flux-krea-dev").items()} == {
        "prompt": None,
        "seed": None,
        "image_size": "landscape_4_3",
        "enable_safety_checker": True,
        "num_inference_steps": 28,
        "guidance_scale": 4.5,
        "acceleration": "none",
        "output_format": "jpeg",
    }


def test_creativity_is_four_named_steps_with_a_sentence_each() -> None:
    steps = fields("krea-2-medium")["creativity"].choices

    assert [(step.value, step.label) for step in steps] == [
        ("raw", "Raw"),
        ("low", "Low"),
        ("medium", "Medium"),
        ("high", "High"),
    ]
    assert len({step.help for step in steps}) == 4
    assert all(step.help.endswith(".") for step in steps)


def test_shapes_and_sizes_are_shown_with_their_pixels() -> None:
    wide = fields("krea-2-large")["aspect_ratio"].choices[3]
    square = fields("flux-krea-dev")["image_size"].choices[0]

    assert (wide.value, wide.label, wide.help) == ("16:9", "Wide 16:9", "about 1376 x 768 pixels")
    assert (square.value, square.label, square.help) == ("square_hd", "Square", "1024 x 1024 pixels")


def test_own_size_has_two_parts_with_bounds() -> None:
    parts = fields("krea-2-turbo-lora")["image_size"].parts

    assert [(part.name, part.kind, part.minimum, part.maximum) for part in parts] == [
        ("width", "integer", 256, 2048),
        ("height", "integer", 256, 2048),
    ]


def test_lists_say_how_many_and_of_what_parts() -> None:
    references = fields("krea-2-medium")["image_style_references"]
    loras = fields("krea-2-turbo-lora")["loras"]

    assert (references.max_items, loras.max_items) == (10, 3)
    assert [(part.name, part.default, part.minimum, part.maximum) for part in references.parts] == [
        ("image_url", None, None, None),
        ("strength", 1.0, -2, 2),
    ]
    assert [(part.name, part.default, part.minimum, part.maximum) for part in loras.parts] == [
        ("path", None, None, None),
        ("scale", 1.0, 0, 4),
    ]


def test_dials_have_bounds() -> None:
    flux = fields("flux-krea-dev")

    assert (flux["num_inference_steps"].minimum, flux["num_inference_steps"].maximum) == (1, 50)
    assert (flux["guidance_scale"].minimum, flux["guidance_scale"].maximum) == (1, 20)


def test_what_few_people_touch_may_be_folded_away() -> None:
    assert [field.name for field in catalogue.get("flux-krea-dev").fields() if field.advanced] == [
        "seed",
        "enable_safety_checker",
        "acceleration",
        "output_format",
    ]
