"""What is drawn: the right size, always the same, different where it should be, and served like a CDN does."""

import io
from typing import Any

import pytest
from PIL import Image

from standins.fal.png import png
from tests.standins.fal.caller import FLUX, LARGE, LORA, MEDIUM, Caller, decoded
from tests.standins.launch import StandIn


@pytest.mark.parametrize(
    ("endpoint", "given", "size", "kind"),
    [
        (MEDIUM, {}, (1024, 1024), "PNG"),
        (LARGE, {"aspect_ratio": "4:3"}, (1184, 896), "PNG"),
        (LARGE, {"aspect_ratio": "3:2"}, (1248, 832), "PNG"),
        (LARGE, {"aspect_ratio": "16:9"}, (1376, 768), "PNG"),
        (LARGE, {"aspect_ratio": "2.35:1"}, (1568, 672), "PNG"),
        (MEDIUM, {"aspect_ratio": "4:5"}, (928, 1152), "PNG"),
        (MEDIUM, {"aspect_ratio": "2:3"}, (832, 1248), "PNG"),
        (MEDIUM, {"aspect_ratio": "9:16"}, (768, 1376), "PNG"),
        (LORA, {}, (1024, 1024), "PNG"),
        (LORA, {"image_size": {"width": 333, "height": 257}, "output_format": "jpeg"}, (333, 257), "JPEG"),
        (FLUX, {}, (1024, 768), "JPEG"),
        (FLUX, {"image_size": "portrait_16_9", "output_format": "png"}, (576, 1024), "PNG"),
        (FLUX, {"image_size": {}}, (512, 512), "JPEG"),
    ],
)
def test_a_picture_has_the_size_and_format_that_were_asked_for(
    caller: Caller, endpoint: str, given: dict[str, Any], size: tuple[int, int], kind: str
) -> None:
    told = caller.draw(endpoint, **given)["images"][0]

    response = caller.http.get(told["url"])
    image = decoded(response.content)
    assert (image.size, image.format, image.mode) == (size, kind, "RGB")
    assert (told["width"], told["height"]) == size
    assert response.headers["content-type"] == told["content_type"] == f"image/{kind.lower()}"


SQUARE = {"image_size": "square", "output_format": "png"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((MEDIUM, {}), (LARGE, {})),
        ((LORA, SQUARE), (FLUX, SQUARE)),
        ((MEDIUM, {}), (MEDIUM, {"seed": 2})),
        ((MEDIUM, {}), (MEDIUM, {"prompt": "an owl at night"})),
        ((MEDIUM, {}), (MEDIUM, {"creativity": "high"})),
        ((LORA, SQUARE), (LORA, {**SQUARE, "loras": [{"path": "https://a.example/x.safetensors"}]})),
        ((FLUX, SQUARE), (FLUX, {**SQUARE, "guidance_scale": 12})),
        ((FLUX, SQUARE), (FLUX, {**SQUARE, "num_inference_steps": 4})),
    ],
)
def test_pictures_differ_where_their_inputs_do(
    caller: Caller, one: tuple[str, dict[str, Any]], other: tuple[str, dict[str, Any]]
) -> None:
    images = [caller.picture(endpoint, **{"seed": 1, **given}) for endpoint, given in (one, one, other)]

    assert images[0].tobytes() == images[1].tobytes()
    assert differing_share(images[0], images[2]) > 0.05


def differing_share(one: Image.Image, other: Image.Image) -> float:
    """The share of the pixels that differ visibly, captions left out."""
    left, right = (image.convert("L").resize((64, 64)).crop((0, 0, 64, 58)).tobytes() for image in (one, other))
    return sum(abs(a - b) > 4 for a, b in zip(left, right, strict=True)) / len(left)


def test_the_picture_says_who_drew_it_along_its_lower_edge(caller: Caller) -> None:
    image = caller.picture(seed=1).convert("L")

    strip = image.crop((0, image.height - 30, 400, image.height))
    assert max(strip.tobytes()) > 200
    assert max(image.crop((900, image.height - 30, 1024, image.height)).tobytes()) < 130


def test_pictures_need_no_key_and_serve_ranges(caller: Caller) -> None:
    address = caller.draw()["images"][0]["url"]
    whole = caller.anybody.get(address).content

    first = caller.anybody.get(address, headers={"Range": "bytes=0-99"})
    rest = caller.anybody.get(address, headers={"Range": "bytes=100-"})
    last = caller.anybody.get(address, headers={"Range": "bytes=-10"})
    beyond = caller.anybody.get(address, headers={"Range": f"bytes={len(whole)}-"})

    assert (first.status_code, first.content + rest.content) == (206, whole)
    assert first.headers["content-range"] == f"bytes 0-99/{len(whole)}"
    assert (last.content, beyond.status_code) == (whole[-10:], 416)


def test_a_picture_that_nobody_drew_is_not_found(fal: StandIn, caller: Caller) -> None:
    fal.control(latency_s=60)
    name = caller.submit()["request_id"]

    assert caller.http.get(f"/cdn/files/drawn/{name}.png").status_code == 404
    fal.control(finish=True)
    assert caller.http.get(f"/cdn/files/drawn/{name}.png").status_code == 200
    assert caller.http.get(f"/cdn/files/drawn/{name}-7.png").status_code == 404


def test_a_picture_goes_when_its_lifetime_is_over(caller: Caller) -> None:
    wish = {"X-Fal-Object-Lifecycle-Preference": '{"expiration_duration_seconds": 0}'}
    ticket = caller.http.post(f"/queue/{MEDIUM}", json={"prompt": "a mayfly"}, headers=wish).json()

    address = caller.result(ticket).json()["images"][0]["url"]

    assert caller.http.get(address).status_code == 404


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (64, 65)])
def test_the_quick_png_is_a_right_one(size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 90).convert("RGB")

    read = Image.open(io.BytesIO(png(image)))

    assert (read.size, read.tobytes()) == (size, image.tobytes())
