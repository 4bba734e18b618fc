"""Two to four pictures side by side: what differs is marked by a word, and every strange address is answered in
words."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from generations import bin, lifecycle
from generations.brief import Brief
from generations.models import Image
from tests.generations import pages
from tests.generations.pages import hrefs, logged_in


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def make(user: Any, prompt: str, quantity: int = 1, model: str = "krea-2-medium", **typed: Any) -> list[Image]:
    generation = lifecycle.submit(user, Brief.read(model, {"prompt": prompt} | typed, quantity))
    return list(generation.images.order_by("index"))


@pytest.fixture
def foxes(alice: Any) -> list[Image]:
    """Five of one generation, with seeds 1 to 5."""
    return make(alice, "a fox", 5, seed=1)


def address(*images: Image) -> str:
    return "/compare/?" + "&".join(f"image={image.pk}" for image in images)


def text_of(client: Client, address: str) -> str:
    return pages.read(client.get(address)).text


# Side by side -------------------------------------------------------------------------------------


def test_what_differs_is_marked_by_a_word_and_the_rest_is_not(browser: Client, alice: Any, foxes: list[Image]) -> None:
    [heron] = make(alice, "a heron", model="krea-2-large", seed=1, creativity="high")

    text = text_of(browser, address(foxes[0], heron))

    assert "Prompt differs a fox a heron" in text
    assert "Image model differs Krea 2 Medium Krea 2 Large" in text
    assert "Creativity differs Medium High" in text
    assert "Aspect ratio Square 1:1 Square 1:1" in text and "Seed 1 1" in text
    assert "3 of 8 differ" in text


def test_pictures_stand_in_the_order_of_the_address_each_once(browser: Client, foxes: list[Image]) -> None:
    text = text_of(browser, address(foxes[2], foxes[0], foxes[2], foxes[1]))

    assert "Seed differs 3 1 2" in text


def test_settings_that_only_one_picture_has_differ_from_nothing(
    browser: Client, alice: Any, foxes: list[Image]
) -> None:
    upload = pages.upload_of(alice)
    asked = {"prompt": "a fox", "image_style_references": [{"image_url": str(upload.id), "strength": 1.5}]}
    styled = lifecycle.submit(alice, Brief.read("krea-2-medium", asked), uploads=[upload]).images.get()

    text = text_of(browser, address(foxes[0], styled))

    assert "Style references differs \N{EN DASH} 1.5" in text


def test_a_picture_can_be_removed_and_added(browser: Client, foxes: list[Image]) -> None:
    here = address(*foxes[:3])

    removing = hrefs(browser, here, "Remove")

    assert removing == [address(foxes[1], foxes[2]), address(foxes[0], foxes[2]), address(foxes[0], foxes[1])]
    assert "Compare" in text_of(browser, removing[0])


def test_four_are_the_most_so_none_is_offered_beside_them(browser: Client, foxes: list[Image]) -> None:
    assert "Add a picture" not in text_of(browser, address(*foxes[:4]))


def test_page_asks_the_database_as_often_for_four_as_it_must(
    browser: Client, alice: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    upload = pages.upload_of(alice)
    asked = {"prompt": "a fox", "image_style_references": [{"image_url": str(upload.id)}]}
    brief = Brief.read("krea-2-medium", asked)
    made = [lifecycle.submit(alice, brief, uploads=[upload]).images.get() for _ in range(4)]

    with django_assert_max_num_queries(9):
        browser.get(address(*made))
    with django_assert_max_num_queries(9):
        browser.get(address(*made[:2]))


# Strange addresses --------------------------------------------------------------------------------


def test_with_nothing_chosen_the_page_says_how_to_begin(browser: Client) -> None:
    page = browser.get("/compare/")

    assert page.status_code == 200
    assert "Two to four pictures can be seen side by side" in pages.read(page).text


def test_with_one_chosen_the_page_asks_for_another(browser: Client, foxes: list[Image]) -> None:
    text = text_of(browser, address(foxes[0]))

    assert "Add one to three others" in text and "Settings" not in text


def test_five_are_too_many_and_the_first_four_are_offered(browser: Client, foxes: list[Image]) -> None:
    page = browser.get(address(*foxes))

    assert page.status_code == 400
    assert "These are 5 pictures. 2 to 4 can be seen side by side." in pages.read(page).text
    assert hrefs(browser, address(*foxes), "Go on with") == [address(*foxes[:4])]


@pytest.mark.parametrize("strange", ["nonsense", "", "%00", "-1", "%3Cscript%3E"])
def test_what_is_no_id_is_named(browser: Client, foxes: list[Image], strange: str) -> None:
    page = browser.get(f"{address(*foxes[:2])}&image={strange}")

    assert page.status_code == 400
    assert "image must be the id of a picture" in pages.read(page).text
    assert "<script>" not in page.content.decode()
    assert hrefs(browser, f"{address(*foxes[:2])}&image={strange}", "Go on with") == [address(*foxes[:2])]


def test_others_pictures_deleted_ones_and_those_of_the_bin_are_not_there(
    browser: Client, alice: Any, mallory: Any, foxes: list[Image]
) -> None:
    [hers] = make(mallory, "a secret")
    bin.put(alice, [foxes[0].pk])

    for gone in (hers, foxes[0], Image(pk=uuid4())):
        page = browser.get(address(foxes[1], foxes[2], gone))
        assert page.status_code == 404
        assert "One of these pictures is not there: deleted, in the bin, or never yours." in pages.read(page).text
        assert "a secret" not in page.content.decode()


def test_a_thousand_ids_are_answered_quickly(
    browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(5):
        page = browser.get("/compare/?" + "&".join(f"image={uuid4()}" for _ in range(150)))

    assert page.status_code == 400
