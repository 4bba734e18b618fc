"""One picture: all that is known about it in every state, its neighbours in the gallery, and what the full-screen view
is told. Most is read from pages, as a browser without scripts would."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from billing import ledger
from generations import bin, lifecycle
from generations.brief import Brief
from generations.models import Draw, Generation, Image, Status
from generations.pictures import store
from tests.generations import pages
from tests.generations.pages import HTMX, hrefs, logged_in


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def submit(user: Any, prompt: str, quantity: int = 1, model: str = "krea-2-medium", **typed: Any) -> Generation:
    return lifecycle.submit(user, Brief.read(model, {"prompt": prompt} | typed, quantity))


def text_of(client: Client, image: Image, query: str = "") -> str:
    return pages.read(client.get(f"/images/{image.pk}/{query}")).text


# What is known ------------------------------------------------------------------------------------


def test_picture_has_every_parameter_its_cost_and_its_road(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox", aspect_ratio="4:3", creativity="raw", seed=77)
    finish_all()
    image = Image.objects.get()

    text = text_of(browser, image)

    assert "Image model Krea 2 Medium Aspect ratio Classic 4:3 Creativity Raw Seed 77" in text
    assert f"{image.width} \N{MULTIPLICATION SIGN} {image.height} pixels" in text and "PNG" in text
    assert "Price 39.00 credits" in text
    assert "Kept Until you delete it" in text and "As made with AI" in text
    stations = [
        text.index(word) for word in ("Submitted", "Sent to be drawn", "Drawn", "Stored", "in all. One attempt.")
    ]
    assert stations == sorted(stations)


def test_road_tells_how_long_each_part_of_it_took(browser: Client, alice: Any, finish_all: Callable[[], None]) -> None:
    submit(alice, "a fox")
    finish_all()
    image, start = Image.objects.get(), Generation.objects.get().created_at
    seconds = [start + timedelta(seconds=passed) for passed in (3, 12, 13)]
    Draw.objects.update(sent_at=seconds[0], completed_at=seconds[1])
    Image.objects.update(status_at=seconds[2], draws_made=2)

    text = text_of(browser, image)

    told = [text.index(words) for words in ("3 s later", "9 s later", "1 s later", "13 s in all.")]
    assert told == sorted(told)
    assert "It took 2 attempts; you paid for one picture." in text


def test_picture_of_every_kind_of_input_is_told_in_words(browser: Client, alice: Any) -> None:
    asked = {
        "prompt": "a fox", "image_size": {"width": 640, "height": 480}, "enable_safety_checker": True,
        "loras": [{"path": "https://example.com/me.safetensors", "scale": 0.5}], "acceleration": "regular",
    }  # fmt: skip
    lifecycle.submit(alice, Brief.read("krea-2-turbo-lora", asked))

    text = text_of(browser, Image.objects.get())

    assert "Size 640 x 480 pixels" in text
    assert "Safety checker On" in text
    assert "LoRAs https://example.com/me.safetensors at 0.5" in text
    assert "Acceleration Regular" in text


def test_picture_shows_its_style_references_with_their_strengths(browser: Client, alice: Any) -> None:
    upload = pages.upload_of(alice)
    rows = [{"image_url": str(upload.id), "strength": strength} for strength in (-0.5, 2)]
    brief = Brief.read("krea-2-large", {"prompt": "a fox", "image_style_references": rows})
    lifecycle.submit(alice, brief, uploads=[upload, upload])

    page = pages.read(browser.get(f"/images/{Image.objects.get().id}/"))

    assert upload.name in page.images[0]["src"]
    assert "Style references -0.5, avoid 2" in page.text


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

    id = Image.objects.get().id
    for address in ("/studio/", f"/images/{id}/"):
        assert "long-gone" in pages.read(browser.get(address)).text, address
    assert str(id) in browser.get("/history/").content.decode()
    assert browser.get(f"/studio/?from={id}").status_code == 200


def test_picture_asks_the_database_as_often_with_siblings_as_without(
    browser: Client,
    alice: Any,
    finish_all: Callable[[], None],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    submit(alice, "a fox", 4)
    finish_all()
    image = Image.objects.get(index=2)

    with django_assert_max_num_queries(13):
        browser.get(f"/images/{image.pk}/?q=fox")
    with django_assert_max_num_queries(6):
        browser.get(f"/images/{image.pk}/view")


# States -------------------------------------------------------------------------------------------


def test_picture_under_way_says_where_it_stands_and_is_looked_at_again(browser: Client, alice: Any) -> None:
    submit(alice, "a fox", 2)
    image = Image.objects.get(index=0)

    page = pages.read(browser.get(f"/images/{image.pk}/"))

    assert "Next in line." in page.text and "39.00 credits set aside" in page.text
    assert "From when it is ready until you delete it" in page.text
    card = page.by_id[f"card-{image.generation_id}"]
    assert "data-running" in card and card["data-address"] == f"/images/{image.pk}/"
    assert 'http-equiv="refresh"' in browser.get(f"/images/{image.pk}/").content.decode()


def test_part_of_the_page_is_fetched_until_the_picture_is_there(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox")
    image = Image.objects.get()
    card = pages.read(browser.get(f"/images/{image.pk}/")).by_id[f"card-{image.generation_id}"]
    seen = f"/images/{image.pk}/?seen={card['data-mark']}"
    assert browser.get(seen, headers=HTMX).status_code == 204
    finish_all()

    part = browser.get(seen, headers=HTMX)

    assert part.status_code == 200 and "<html" not in part.content.decode()
    fresh = pages.read(part).by_id[f"card-{image.generation_id}"]
    assert "data-running" not in fresh and fresh["data-announcement"] == "The picture is ready."


def test_picture_that_failed_says_why_and_that_it_was_not_charged(browser: Client, alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, fox)
    image = Image.objects.get()
    lifecycle.finish(image, Status.FAILED, error_code="gave_up", error_message="It could not be drawn.")

    text = text_of(browser, image)

    assert "Failed It could not be drawn. Not charged." in text and "Price Not charged" in text
    assert "Submitted" in text and "Given up" in text
    assert "Use these settings" in text and "Download" not in text


def test_picture_that_was_cancelled_says_so(browser: Client, alice: Any, fox: Brief) -> None:
    lifecycle.cancel(lifecycle.submit(alice, fox))

    text = text_of(browser, Image.objects.get())

    assert "Cancelled Not charged." in text and "Nothing was drawn yet." in text


def test_picture_in_the_bin_says_how_long_and_leads_back(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox")
    finish_all()
    image = Image.objects.get()
    bin.put(alice, [image.pk])

    response = browser.get(f"/images/{image.pk}/")

    assert "In the bin: goes for good in 7 days" in pages.read(response).text
    assert f'action="/images/{image.pk}/restore"' in response.content.decode()
    assert f"heart-{image.pk}" not in pages.read(response).by_id


def test_picture_whose_file_is_lost_says_so_and_offers_no_file(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox", seed=41)
    finish_all()
    image = Image.objects.get()
    store.delete(image.name)

    text = text_of(browser, image)

    assert "The file of this picture is missing" in text and "Seed 41" in text
    assert "Download" not in text and "Make a link" not in text


def test_picture_that_is_gone_for_good_or_anothers_does_not_exist(
    browser: Client, alice: Any, mallory: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox")
    finish_all()
    image = Image.objects.get()

    for part in ("", "view"):
        assert logged_in(mallory).get(f"/images/{image.pk}/{part}").status_code == 404
        assert browser.get(f"/images/{uuid4()}/{part}").status_code == 404
    bin.put(alice, [image.pk])
    bin.purge(alice, [image.pk])
    assert browser.get(f"/images/{image.pk}/").status_code == 404
    assert browser.get(f"/images/{image.pk}/view").status_code == 404


# Neighbours ---------------------------------------------------------------------------------------


@pytest.fixture
def gallery(alice: Any) -> list[Image]:
    """Two foxes, then a heron, then another fox; as the history shows them, the newest first."""
    for prompt, quantity in (("a fox", 2), ("a heron", 1), ("a late fox", 1)):
        submit(alice, prompt, quantity)
    return list(Image.objects.in_gallery(alice))


def beside(client: Client, image: Image, query: str = "") -> tuple[list[str], list[str]]:
    address = f"/images/{image.pk}/{query}"
    return hrefs(client, address, "Newer"), hrefs(client, address, "Older")


def test_pictures_are_walked_through_in_the_order_of_the_history(browser: Client, gallery: list[Image]) -> None:
    page = [f"/images/{image.pk}/" for image in gallery]

    assert [beside(browser, image) for image in gallery] == [
        ([], [page[1]]),
        ([page[0]], [page[2]]),
        ([page[1]], [page[3]]),
        ([page[2]], []),
    ]


def test_neighbours_stay_within_the_filter_of_the_history(browser: Client, gallery: list[Image]) -> None:
    late, heron, first, _ = gallery

    newer, older = beside(browser, first, "?q=fox")

    assert newer == [f"/images/{late.pk}/?q=fox"]
    assert hrefs(browser, f"/images/{first.pk}/?q=fox", "What you found") == ["/history/?q=fox"]
    assert beside(browser, heron, "?q=fox") == (newer, [f"/images/{first.pk}/?q=fox"])
    assert older == [f"/images/{gallery[3].pk}/?q=fox"]


@pytest.mark.parametrize("query", ["?model=none", "?since=yesterday", "?favourite=maybe", "?seen=x&q=%00"])
def test_filter_that_is_none_leaves_the_picture_as_it_is(browser: Client, gallery: list[Image], query: str) -> None:
    assert browser.get(f"/images/{gallery[0].pk}/{query}").status_code == 200


def test_what_is_in_the_bin_is_nobodys_neighbour(browser: Client, alice: Any, gallery: list[Image]) -> None:
    bin.put(alice, [gallery[1].pk])

    assert beside(browser, gallery[0]) == ([], [f"/images/{gallery[2].pk}/"])


# The full-screen view -----------------------------------------------------------------------------


def test_full_screen_view_is_told_the_picture_and_its_neighbours(
    browser: Client, gallery: list[Image], finish_all: Callable[[], None]
) -> None:
    finish_all()
    image = Image.objects.get(pk=gallery[2].pk)

    told = browser.get(f"/images/{image.pk}/view?q=fox").json()

    assert (told["page"], told["alt"], told["words"]) == (f"/images/{image.pk}/?q=fox", "a fox", "")
    assert (told["width"], told["height"], told["favourite"]) == (image.width, image.height, False)
    assert image.name in told["src"] and image.name in told["srcset"]
    assert told["newer"] == f"/images/{gallery[0].pk}/view?q=fox"
    assert told["older"] == f"/images/{gallery[3].pk}/view?q=fox"


def test_full_screen_view_passes_over_what_cannot_be_looked_at(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    submit(alice, "a fox")
    finish_all()
    submit(alice, "a waiting fox")
    ready, waiting = Image.objects.order_by("generation")

    assert browser.get(f"/images/{ready.pk}/view").json()["newer"] is None
    told = browser.get(f"/images/{waiting.pk}/view").json()
    assert (told["src"], told["words"]) == ("", "Waiting.")
    assert told["older"] == f"/images/{ready.pk}/view"


def test_full_screen_view_of_somebody_logged_out_leads_to_the_log_in(gallery: list[Image]) -> None:
    answer = Client().get(f"/images/{gallery[0].pk}/view")

    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


def test_alt_text_is_the_prompt_at_a_length_that_can_be_listened_to(
    browser: Client, alice: Any, finish_all: Callable[[], None]
) -> None:
    ledger.grant(alice, 100_00, key="more", memo="For a long fox")
    submit(alice, "a fox\n" * 200)
    finish_all()

    alt = pages.read(browser.get(f"/images/{Image.objects.get().pk}/")).images[0]["alt"]

    assert len(alt) == 300 and alt.startswith("a fox a fox") and alt.endswith("\N{HORIZONTAL ELLIPSIS}")
