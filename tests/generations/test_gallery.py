"""The gallery: everything that was made is there, newest first, with all that is known about it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from billing import ledger
from generations import lifecycle, references
from generations.brief import Brief
from generations.models import Generation, Image
from tests.conftest import wallet_of
from tests.generations import pages
from tests.generations.pages import logged_in, picture


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def submit(user: Any, prompt: str, quantity: int = 1, **typed: Any) -> Generation:
    return lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": prompt} | typed, quantity))


# History ------------------------------------------------------------------------------------------


def test_history_is_empty_at_first_and_says_what_to_do(browser: Client) -> None:
    page = pages.read(browser.get("/history/"))

    assert "No pictures yet." in page.text and "Make your first picture" in page.text


def test_history_shows_prompt_model_cost_and_status_with_thumbnails(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox", 2)
    finish_all()
    submit(alice, "a heron")

    page = pages.read(browser.get("/history/"))

    assert "a fox Ready Krea 2 Medium 2 pictures 78.00 credits" in page.text
    assert "a heron Waiting Krea 2 Medium 1 picture 39.00 credits set aside" in page.text
    assert [image["alt"] for image in page.images] == ["a fox", "a fox"]
    first = Image.objects.get(index=0, generation__unfinished=0)
    assert first.variants["320"]["name"] in page.images[0]["srcset"]
    assert first.name not in page.images[0]["srcset"]


def test_history_goes_back_page_by_page_without_a_gap(browser: Client, alice: Any) -> None:
    ledger.grant(alice, 1000_00, key="more", memo="For many foxes")
    made = [submit(alice, f"fox {number}") for number in range(30)]

    first = browser.get("/history/")
    cursor = first.content.decode().partition("?cursor=")[2][:36]
    second = browser.get(f"/history/?cursor={cursor}")

    shown = [id for response in (first, second) for id in pages.read(response).by_id if len(id) == 36]
    assert shown == [str(generation.id) for generation in reversed(made)]
    assert "?cursor=" not in second.content.decode()


@pytest.mark.parametrize("cursor", ["nonsense", "", "%00"])
def test_history_with_a_cursor_that_is_none_begins_at_the_newest(browser: Client, alice: Any, cursor: str) -> None:
    generation = submit(alice, "a fox")

    assert str(generation.id) in pages.read(browser.get(f"/history/?cursor={cursor}")).by_id


def test_history_asks_the_database_as_often_for_twenty_as_for_two(
    browser: Client, alice: Any, finish_all: Callable[[], None], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        submit(alice, f"fox {number}")
    finish_all()

    with django_assert_max_num_queries(8):
        browser.get("/history/")


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


def test_alt_text_is_the_prompt_at_a_length_that_can_be_listened_to(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox\n" * 200)
    finish_all()

    alt = pages.read(browser.get("/history/")).images[0]["alt"]

    assert len(alt) == 300 and alt.startswith("a fox a fox") and alt.endswith("\N{HORIZONTAL ELLIPSIS}")


def test_picture_of_an_image_model_that_is_gone_can_still_be_looked_at(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox")
    finish_all()
    Generation.objects.update(image_model="long-gone")

    for address in ("/history/", "/studio/", f"/images/{Image.objects.get().id}/"):
        assert "long-gone" in pages.read(browser.get(address)).text, address
    assert browser.get(f"/studio/?from={Image.objects.get().id}").status_code == 200


# Delete -------------------------------------------------------------------------------------------


def test_delete_asks_first_and_says_what_goes(browser: Client, alice: Any) -> None:
    submit(alice, "a fox", 3)

    page = pages.read(browser.get(f"/images/{Image.objects.get(index=1).id}/delete"))

    assert "Delete these 3 pictures?" in page.text
    assert "What is still on its way is cancelled." in page.text


def test_delete_hides_the_pictures_and_keeps_the_money_as_it_was(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox")
    finish_all()
    image = Image.objects.get()

    response = browser.post(f"/images/{image.id}/delete", follow=True)

    assert "Deleted." in pages.read(response).text
    assert "a fox" not in pages.read(response).text
    assert browser.get(f"/images/{image.id}/").status_code == 404
    assert wallet_of(alice) == (961_00, 0)


def test_delete_of_what_still_waits_cancels_it_for_nothing(browser: Client, alice: Any) -> None:
    submit(alice, "a fox", 2)

    browser.post(f"/images/{Image.objects.get(index=0).id}/delete")

    assert wallet_of(alice) == (1000_00, 0)
