"""The gallery: everything that was made is there, newest first, with all that is known about it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from generations import lifecycle, references
from generations.brief import Brief
from generations.models import Generation, Image
from tests.generations import pages
from tests.generations.pages import logged_in, picture


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def submit(user: Any, prompt: str, quantity: int = 1, **typed: Any) -> Generation:
    return lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": prompt} | typed, quantity))


# One picture --------------------------------------------------------------------------------------


def test_picture_has_every_parameter_its_cost_and_its_road(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox", aspect_ratio="4:3", creativity="raw", seed=77)
    finish_all()
    image = Image.objects.get()

    page = pages.read(browser.get(f"/images/{image.id}/"))

    assert "Image model Krea 2 Medium Aspect ratio Classic 4:3 Creativity Raw Seed 77" in page.text
    assert f"{image.width} \N{MULTIPLICATION SIGN} {image.height} pixels" in page.text
    assert "Price 39.00 credits" in page.text
    stations = [page.text.index(word) for word in ("Submitted", "Sent to be drawn", "Drawn", "Stored")]
    assert stations == sorted(stations)


def test_picture_of_every_kind_of_input_is_told_in_words(browser: Client, alice: Any) -> None:
    asked = {
        "prompt": "a fox", "image_size": {"width": 640, "height": 480}, "enable_safety_checker": True,
        "loras": [{"path": "https://example.com/me.safetensors", "scale": 0.5}], "acceleration": "regular",
    }  # fmt: skip
    lifecycle.submit(alice, Brief.read("krea-2-turbo-lora", asked))

    text = pages.read(browser.get(f"/images/{Image.objects.get().id}/")).text

    assert "Size 640 x 480 pixels" in text
    assert "Safety checker On" in text
    assert "LoRAs https://example.com/me.safetensors at 0.5" in text
    assert "Acceleration Regular" in text


def test_picture_shows_its_style_references(browser: Client, alice: Any) -> None:
    upload = references.write_row(alice.pk, references.store_file(picture().read()))
    brief = Brief.read(
        "krea-2-large",
        {"prompt": "a fox", "image_style_references": [{"image_url": str(upload.id), "strength": -0.5}]},
    )
    lifecycle.submit(alice, brief, uploads=[upload])

    page = pages.read(browser.get(f"/images/{Image.objects.get().id}/"))

    assert upload.name in page.images[0]["src"]
    assert "Style references -0.5" in page.text


def test_picture_is_offered_in_every_size_and_downloads_as_it_was_stored(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox", seed=5)
    finish_all()
    image = Image.objects.get()

    response = browser.get(f"/images/{image.id}/")

    shown = pages.read(response).images[0]
    names = [variant["name"] for variant in image.variants.values()] + [image.name]
    assert all(name in shown["srcset"] for name in names)
    assert (shown["alt"], int(shown["width"])) == ("a fox", image.width)
    assert f"{image.name}?" in response.content.decode()
    assert "filename=krea-2-medium-5.png" in response.content.decode()


def test_picture_of_an_image_model_that_is_gone_can_still_be_looked_at(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox")
    finish_all()
    Generation.objects.update(image_model="long-gone")

    for address in ("/studio/", f"/images/{Image.objects.get().id}/"):
        assert "long-gone" in pages.read(browser.get(address)).text, address
    assert str(Image.objects.get().id) in browser.get("/history/").content.decode()
    assert browser.get(f"/studio/?from={Image.objects.get().id}").status_code == 200
