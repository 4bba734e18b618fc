"""The seed in the studio, without scripts: for one order, locked for many, or thrown by a die."""

from typing import Any

import pytest
from django.test import Client

from generations import catalogue, seeds
from generations.models import Generation, Image
from tests.generations import pages
from tests.generations.pages import GENERATE, logged_in, open_form, send


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def order(client: Client, fields: dict[str, Any]) -> int:
    """Press Generate; the seed that was drawn with."""
    assert send(client, fields | GENERATE).status_code == 302
    return Image.objects.latest("id").seed


@pytest.mark.parametrize("id", [image_model.id for image_model in catalogue.all()])
def test_every_image_model_has_a_seed_with_a_die_and_a_lock(browser: Client, id: str) -> None:
    page = pages.read(browser.get(f"/studio/?model={id}"))

    assert ("dice", "seed") in page.buttons
    assert page.by_id["seed"]["placeholder"] == "Random"
    assert page.by_id["seed-lock"]["name"] == "seed.lock"


def test_without_a_lock_a_seed_is_for_one_order_and_the_next_is_random(browser: Client) -> None:
    assert order(browser, open_form(browser) | {"prompt": "a fox", "seed": "42"}) == 42

    fields = open_form(browser)

    assert (fields["prompt"], fields["seed"]) == ("a fox", "")
    assert order(browser, fields) != order(browser, open_form(browser))


def test_locked_seed_stays_for_the_orders_that_follow(browser: Client) -> None:
    order(browser, open_form(browser) | {"prompt": "a fox", "seed": "42", "seed.lock": "on"})

    fields = open_form(browser)

    assert (fields["seed"], fields["seed.lock"]) == ("42", "on")
    assert order(browser, fields) == 42


def test_empty_seed_that_is_locked_gets_a_number_that_is_kept(browser: Client) -> None:
    first = order(browser, open_form(browser) | {"prompt": "a fox", "seed.lock": "on"})

    fields = open_form(browser)

    assert fields["seed"] == str(first)
    assert order(browser, fields) == first


def test_empty_seed_that_is_locked_makes_a_double_click_one_order(browser: Client) -> None:
    pressed = open_form(browser) | {"prompt": "a fox", "seed.lock": "on"}

    assert order(browser, pressed) == order(browser, pressed)

    assert Generation.objects.count() == 1
    assert order(browser, open_form(browser) | {"prompt": "a fox", "seed": "", "seed.lock": "on"}) > 0
    assert Image.objects.values("seed").distinct().count() == 2


def test_die_puts_a_new_number_into_the_form_and_orders_nothing(browser: Client) -> None:
    typed = open_form(browser) | {"prompt": "a fox", "seed": "42", "dice": "seed"}

    thrown = {pages.read(send(browser, typed)).fields["seed"] for _ in range(3)}

    assert len(thrown) == 3 and all(0 <= int(number) < 2**32 for number in thrown)
    assert not Image.objects.exists()


def test_die_of_a_field_that_is_no_seed_changes_nothing(browser: Client) -> None:
    page = pages.read(send(browser, open_form(browser) | {"prompt": "a fox", "dice": "prompt"}))

    assert (page.fields["prompt"], page.fields["seed"]) == ("a fox", "")


def test_die_falls_within_what_the_field_takes() -> None:
    field = next(field for field in catalogue.get("krea-2-medium").fields() if field.is_seed)
    assert (field.minimum, field.maximum) == (0, 2**32 - 1)

    assert all(0 <= int(seeds.roll(field)) < 2**32 for _ in range(100))


def test_seed_that_cannot_be_is_refused_beside_its_field_and_stays(browser: Client) -> None:
    page = pages.read(send(browser, open_form(browser) | {"prompt": "a fox", "seed": "4294967296"} | GENERATE))

    assert page.fields["seed"] == "4294967296" and page.invalid == {"seed"}
    assert "Seed must be a whole number from 0 to 4294967295." in page.text
