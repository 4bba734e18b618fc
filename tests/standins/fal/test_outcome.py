"""How requests end: refused input, refused content, references that cannot be had, and the time it takes."""

from typing import Any

import pytest

from standins.fal.drawing import Drawing, Status
from standins.fal.outcome import result_kept_s, seconds_to_draw
from tests.standins.fal.caller import FLUX, LARGE, LORA, MEDIUM, Caller, mean_colour, plain_picture
from tests.standins.launch import StandIn
from tests.standins.receiver import Receiver

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="


@pytest.mark.parametrize(
    ("endpoint", "given", "loc", "kind"),
    [
        (MEDIUM, {"prompt": None}, ["body", "prompt"], "missing"),
        (MEDIUM, {"prompt": 7}, ["body", "prompt"], "string_type"),
        (MEDIUM, {"prompt": ""}, ["body", "prompt"], "string_too_short"),
        (MEDIUM, {"prompt": "x" * 5001}, ["body", "prompt"], "string_too_long"),
        (MEDIUM, {"aspect_ratio": "5:4"}, ["body", "aspect_ratio"], "literal_error"),
        (LARGE, {"creativity": "Raw"}, ["body", "creativity"], "literal_error"),
        (LARGE, {"seed": "abc"}, ["body", "seed"], "int_type"),
        (LARGE, {"seed": -1}, ["body", "seed"], "greater_than_equal"),
        (LARGE, {"image_style_references": "x"}, ["body", "image_style_references"], "list_type"),
        (
            LARGE,
            {"image_style_references": [{"image_url": PIXEL}] * 11},
            ["body", "image_style_references"],
            "too_long",
        ),
        (
            LARGE,
            {"image_style_references": [{"image_url": PIXEL}, {"strength": 1}]},
            ["body", "image_style_references", 1, "image_url"],
            "missing",
        ),
        (
            LARGE,
            {"image_style_references": [{"image_url": PIXEL, "strength": 2.5}]},
            ["body", "image_style_references", 0, "strength"],
            "less_than_equal",
        ),
        (FLUX, {"num_inference_steps": 51}, ["body", "num_inference_steps"], "less_than_equal"),
        (FLUX, {"guidance_scale": "much"}, ["body", "guidance_scale"], "float_type"),
        (FLUX, {"image_size": "huge"}, ["body", "image_size"], "literal_error"),
        (FLUX, {"image_size": {"width": 100}}, ["body", "image_size", "width"], "greater_than_equal"),
        (FLUX, {"enable_safety_checker": "yes"}, ["body", "enable_safety_checker"], "bool_type"),
        (LORA, {"loras": [{"scale": 1}]}, ["body", "loras", 0, "path"], "missing"),
        (LORA, {"loras": [{"path": "p", "scale": 9}]}, ["body", "loras", 0, "scale"], "less_than_equal"),
    ],
)
def test_bad_input_is_accepted_and_shows_at_the_result(
    fal: StandIn, caller: Caller, endpoint: str, given: dict[str, Any], loc: list[Any], kind: str
) -> None:
    ticket = caller.submit(endpoint, **given)

    response = caller.result(ticket)

    told = response.json()["detail"]
    assert (response.status_code, told[0]["loc"], told[0]["type"]) == (422, loc, kind)
    assert (caller.status(ticket).json()["status"], fal.summary()["billed_draws"]) == ("COMPLETED", 0)


def test_a_body_that_is_no_object_is_refused_at_the_result(caller: Caller) -> None:
    ticket = caller.http.post(f"/queue/{MEDIUM}", json=["a fox"]).json()

    assert caller.result(ticket).json()["detail"][0]["loc"] == ["body"]


def test_forbidden_content_is_refused_without_a_word_in_the_status(fal: StandIn, caller: Caller) -> None:
    ticket = caller.submit(prompt="a Forbidden thing")

    response = caller.result(ticket)

    assert response.json()["detail"][0]["type"] == "content_policy_violation"
    assert (response.status_code, fal.summary()["cost_micro_usd"]) == (422, 0)
    assert "error" not in caller.status(ticket).json()


@pytest.mark.parametrize("endpoint", [LORA, FLUX])
def test_a_flagged_picture_is_black(caller: Caller, endpoint: str) -> None:
    told = caller.draw(endpoint, prompt="nsfw", image_size="square", output_format="png")

    assert told["has_nsfw_concepts"] == [True]
    assert mean_colour(caller.picture(endpoint, prompt="nsfw", image_size="square")) == (0, 0, 0)


def test_nobody_flags_without_the_safety_checker(caller: Caller) -> None:
    told = caller.draw(FLUX, prompt="nsfw", image_size="square", enable_safety_checker=False)

    assert told["has_nsfw_concepts"] == [False]


def test_references_tint_the_picture_and_negative_ones_push_it_away(caller: Caller, receiver: Receiver) -> None:
    red = receiver.serve_picture("red.png", plain_picture((230, 20, 20)))

    def redness(references: list[dict[str, Any]]) -> int:
        shown = mean_colour(caller.picture(prompt="a fox", seed=4, image_style_references=references))
        return shown[0] - (shown[1] + shown[2]) // 2

    plain = redness([])
    assert redness([{"image_url": red}]) > plain + 40
    assert redness([{"image_url": red, "strength": -1}]) < plain - 20


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/nobody-listens",
        "{receiver}/missing.png",
        "{receiver}/text.png",
        "data:image/png;base64,!!!",
        "data:image/png",
        "ftp://example.com/x.png",
        "not an address",
        "http://[bad",
    ],
)
def test_a_reference_that_cannot_be_had_is_named_by_its_index(
    fal: StandIn, caller: Caller, receiver: Receiver, address: str
) -> None:
    receiver.serve_picture("text.png", b"I am not a picture")
    address = address.replace("{receiver}", receiver.url)

    response = caller.result(
        caller.submit(LARGE, image_style_references=[{"image_url": PIXEL}, {"image_url": address}])
    )

    told = response.json()["detail"][0]
    assert (response.status_code, told["type"]) == (422, "file_download_error")
    assert told["loc"] == ["body", "image_style_references", 1, "image_url"]
    assert (fal.summary()["in_progress"], fal.summary()["billed_draws"]) == (0, 0)


def test_a_drawing_waits_for_a_slow_reference(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "cdn", "delay_s": 0.2}], latency_s=0)
    nothing = f"{fal.url}/cdn/files/uploads/nobody-uploaded-this"

    response = caller.result(caller.submit(image_style_references=[{"image_url": nothing}]))

    assert response.status_code == 422


@pytest.mark.parametrize(("endpoint", "least", "most"), [(MEDIUM, 5, 15), (LARGE, 15, 40), (LORA, 2, 5), (FLUX, 3, 8)])
def test_drawing_takes_as_long_as_the_real_thing(endpoint: str, least: float, most: float) -> None:
    taken = [seconds_to_draw(a_drawing(endpoint, seed)) for seed in range(200)]

    assert least <= min(taken) < max(taken) <= most
    assert max(taken) - min(taken) > 0.9 * (most - least)
    assert taken == [seconds_to_draw(a_drawing(endpoint, seed)) for seed in range(200)]


@pytest.mark.parametrize(
    ("given", "keep_payload", "kept_s"),
    [({}, True, None), ({}, False, 3600), ({"sync_mode": True}, True, 360), ({"sync_mode": True}, False, 360)],
)
def test_a_result_is_kept_for_its_time(given: dict[str, Any], keep_payload: bool, kept_s: float | None) -> None:
    drawing = a_drawing(LORA, 1, keep_payload=keep_payload, **given)
    drawing.status, drawing.code = Status.COMPLETED, 200

    assert result_kept_s(drawing) == kept_s


def a_drawing(endpoint: str, seed: int, *, keep_payload: bool = True, **given: Any) -> Drawing:
    asked = {"prompt": "a fox", **given}
    return Drawing("id", 1, endpoint, asked, "http://here", sent_at=0, seed=seed, keep_payload=keep_payload)
