"""The stream of the studio: the newest pictures, as many as sixty, with few queries."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from generations import lifecycle, stream
from generations.brief import Brief
from generations.models import Image
from tests.conftest import make_user
from tests.generations import pages
from tests.generations.pages import HTMX, logged_in


@pytest.fixture
def rich(db: None) -> Any:
    return make_user("rich@example.com", 100_000_00)


def order(user: Any, *quantities: int) -> None:
    for number, quantity in enumerate(quantities):
        lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": f"number {number}"}, quantity))


def test_as_many_generations_are_shown_as_have_sixty_pictures(rich: Any) -> None:
    order(rich, 5, 10, 10, 10, 10, 10, 9)

    shown = stream.cards(rich)

    assert [card.generation.prompt for card in shown] == [f"number {number}" for number in (6, 5, 4, 3, 2, 1)]
    assert sum(len(card.shown) for card in shown) == 59


def test_number_of_queries_does_not_grow_with_the_pictures(
    rich: Any, finish_all: Callable[[], None], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order(rich, 1, 1, 1)
    finish_all()

    with django_assert_num_queries(4):  # which generations, they, their images, the price rows
        cards = stream.cards(rich)

    assert all(tile.finish and tile.finish.offer.total == 78_00 for card in cards for tile in card.shown)


def test_first_card_is_fetched_at_once_and_the_others_when_they_are_scrolled_to(
    rich: Any, finish_all: Callable[[], None]
) -> None:
    order(rich, 1, 1, 2)
    finish_all()

    images = pages.read(logged_in(rich).get("/studio/")).images

    assert [image.get("loading", "now") for image in images] == ["now", "now", "lazy", "lazy"]
    assert all(image["width"] and image["height"] and image["srcset"] for image in images)


def test_what_lies_in_the_bin_is_not_shown(rich: Any, finish_all: Callable[[], None]) -> None:
    order(rich, 2, 1)
    finish_all()
    Image.objects.filter(generation__quantity=1).update(binned_at=timezone.now())
    Image.objects.filter(generation__quantity=2, index=0).update(binned_at=timezone.now())

    [card] = stream.cards(rich)

    assert [tile.image.index for tile in card.shown] == [1]
    assert card.charged == 78_00


def test_card_that_has_not_changed_is_not_sent_again(rich: Any, finish_all: Callable[[], None]) -> None:
    client: Client = logged_in(rich)
    order(rich, 1)
    [card] = stream.cards(rich)
    address = f"/studio/generations/{card.generation.pk}/"

    same = client.get(f"{address}?seen={card.mark}", headers=HTMX)
    finish_all()
    changed = client.get(f"{address}?seen={card.mark}", headers=HTMX)

    assert (same.status_code, same.content) == (204, b"")
    assert (changed.status_code, "Ready" in changed.content.decode()) == (200, True)
