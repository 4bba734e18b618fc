"""Options of a command line become a brief: whatever the catalogue has, a command line can say."""

import base64
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest

from generations import catalogue
from generations.brief import BadBrief, Brief
from krea_site import brief_options

UPLOAD = "0199f0b2-7c1e-7000-8000-0123456789ab"


def read(*words: str) -> Brief:
    parser = ArgumentParser()
    brief_options.add(parser)
    return brief_options.read("a fox", vars(parser.parse_args(words)))


def refused(*words: str) -> list[str]:
    with pytest.raises(BadBrief) as refusal:
        read(*words)
    return [error.detail for error in refusal.value.errors]


def test_every_field_of_every_image_model_has_an_option() -> None:
    parser = ArgumentParser()
    brief_options.add(parser)

    names = {name for model in catalogue.all() for name in model.field_names} - {"prompt"}

    assert names <= set(vars(parser.parse_args([])))
    assert "none|regular|high" in parser.format_help()  # what any image model offers, not the first one alone


def test_bare_prompt_is_one_picture_of_the_default_image_model() -> None:
    brief = read()

    assert (brief.image_model, brief.quantity, brief.input["prompt"]) == ("krea-2-medium", 1, "a fox")


def test_options_become_values_of_the_right_kind() -> None:
    flux = read(
        "--model=flux-krea-dev", "--quantity=4", "--image-size=1280x720", "--num-inference-steps=20",
        "--guidance-scale=3.5", "--format=png", "--acceleration=high", "--seed=7", "--enable-safety-checker=on",
    )  # fmt: skip

    assert flux.quantity == 4
    assert flux.input_json() == {
        "prompt": "a fox",
        "seed": 7,
        "image_size": {"width": 1280, "height": 720},
        "enable_safety_checker": True,
        "num_inference_steps": 20,
        "guidance_scale": 3.5,
        "acceleration": "high",
        "output_format": "png",
    }


def test_whole_input_may_be_json_and_options_go_before_it() -> None:
    brief = read("--input", '{"aspect_ratio": "16:9", "creativity": "low", "prompt": "a cat"}', "--creativity=raw")

    assert (brief.input["aspect_ratio"], brief.input["creativity"]) == ("16:9", "raw")
    assert brief.input["prompt"] == "a fox"


@pytest.mark.parametrize(
    ("text", "source", "number"),
    [
        ("https://a.example/x.png", "https://a.example/x.png", None),
        ("https://a.example/x.png:0.5", "https://a.example/x.png", 0.5),
        ("https://a.example:8443/x.png:-1.5", "https://a.example:8443/x.png", -1.5),
        ("https://a.example:8443/x.png", "https://a.example:8443/x.png", None),
        ("https://a.example:8443", "https://a.example:8443", None),
        ("https://a.example/x?t=1:2:3", "https://a.example/x?t=1:2", 3),
        (f"{UPLOAD}:2", UPLOAD, 2),
        ("data:image/png;base64,AA:2", "data:image/png;base64,AA:2", None),
        ("x" * 5000, "x" * 5000, None),
        ("https://a.example/" + "x" * 5000 + ":1", "https://a.example/" + "x" * 5000, 1),
    ],
)
def test_number_behind_an_address_is_told_from_its_port(text: str, source: str, number: float | None) -> None:
    assert brief_options.split(text) == (source, number)


def test_file_with_a_colon_in_its_name_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "scene:2"
    file.touch()

    assert brief_options.split(str(file)) == (str(file), None)
    assert brief_options.split(f"{file}:0.5") == (str(file), 0.5)


def test_references_and_loras_keep_their_order_and_numbers(tmp_path: Path) -> None:
    picture = tmp_path / "brush.jpg"
    picture.write_bytes(b"bytes")
    krea = read("--reference", f"{picture}:0.5", "--reference=https://a.example/x.png")
    lora = read("--model=krea-2-turbo-lora", "--lora=https://a.example/w.safetensors:1.5")

    assert krea.input_json()["image_style_references"] == [
        {"image_url": f"data:image/jpeg;base64,{base64.b64encode(b'bytes').decode()}", "strength": 0.5},
        {"image_url": "https://a.example/x.png", "strength": 1.0},
    ]
    assert lora.input_json()["loras"] == [{"path": "https://a.example/w.safetensors", "scale": 1.5}]


def too_large(folder: Path) -> str:
    file = folder / "large.png"
    with file.open("wb") as large:
        large.truncate(10 * 1024 * 1024 + 1)
    return str(file)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model=krea-3"], "model must be one of krea-2-medium, krea-2-large, krea-2-turbo-lora, flux-krea-dev."),
        (["--quantity=11"], "quantity must be a whole number from 1 to 10."),
        (["--quantity=some"], "quantity must be a whole number from 1 to 10."),
        (["--aspect-ratio=3:1"], "aspect_ratio must be one of 1:1, 4:3, 3:2, 16:9, 2.35:1, 4:5, 2:3, 9:16."),
        (["--seed=-1"], "seed must be a whole number from 0 to 4294967295."),
        (["--model=flux-krea-dev", "--guidance-scale=warm"], "guidance_scale must be a number from 1 to 20."),
        (["--model=flux-krea-dev", "--enable-safety-checker=maybe"], "enable_safety_checker must be true or false."),
        (["--lora=https://a.example/w.safetensors"], "Krea 2 Turbo + LoRA takes it."),
        (["--input=[]"], "--input must be a JSON object"),
        (["--input={"], "--input must be a JSON object"),
        (["--reference=/no/such/file.png"], "--reference 1: /no/such/file.png: No such file or directory."),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_is_allowed(words: list[str], said: str) -> None:
    assert any(said in detail for detail in refused(*words))


def test_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = too_large(tmp_path)

    assert refused(f"--reference={file}") == [f"--reference 1: {file} is larger than 10 MB."]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    details: Any = refused("--model=krea-2-large", "--quantity=0", "--creativity=wild", "--seed=x")

    assert len(details) == 3
