"""A generation under way, as its owner watches it: stage, place in the queue, cancel, and what went wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from generations import fal_state, lifecycle
from generations.brief import Brief
from generations.models import FalState, Generation, Image
from tests.conftest import wallet_of
from tests.generations import pages
from tests.generations.pages import HTMX, Page, logged_in
from tests.standins.launch import StandIn


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def card(client: Client, generation: Generation) -> Page:
    return pages.read(client.get(f"/studio/generations/{generation.id}/", headers=HTMX))


def test_card_shows_frames_of_the_final_shape_before_anything_is_drawn(browser: Client, alice: Any) -> None:
    brief = Brief.read("krea-2-medium", {"prompt": "a fox", "aspect_ratio": "2.35:1"}, 2)

    response = browser.get(f"/studio/generations/{lifecycle.submit(alice, brief).id}/")

    assert response.content.decode().count('viewBox="0 0 1568 672"') == 2


def test_card_says_how_many_pictures_are_before_yours(browser: Client, alice: Any, mallory: Any, fox: Brief) -> None:
    theirs = lifecycle.submit(mallory, fox)
    mine = lifecycle.submit(alice, fox)

    assert "1 before yours." in card(browser, mine).text
    lifecycle.cancel(theirs)
    assert "Next in line." in card(browser, mine).text


def test_page_of_a_running_generation_looks_again_by_itself_without_scripts(
    browser: Client, alice: Any, fox: Brief, finish_all: Callable[[], None]
) -> None:
    generation = lifecycle.submit(alice, fox)
    refresh = '<noscript><meta http-equiv="refresh" content="3"></noscript>'
    assert refresh in browser.get(f"/studio/generations/{generation.id}/").content.decode()

    finish_all()

    assert refresh not in browser.get(f"/studio/generations/{generation.id}/").content.decode()


def test_cancel_of_what_waits_is_free_and_the_card_says_so(browser: Client, alice: Any, fox: Brief) -> None:
    generation = lifecycle.submit(alice, fox)
    assert "Cancel free while it waits" in card(browser, generation).text

    response = browser.post(f"/studio/generations/{generation.id}/cancel", headers=HTMX)

    assert "Cancelled" in pages.read(response).text and "Not charged" in pages.read(response).text
    assert wallet_of(alice) == (1000_00, 0)


def test_cancel_without_scripts_leads_back_to_the_page(browser: Client, alice: Any, fox: Brief) -> None:
    address = f"/studio/generations/{lifecycle.submit(alice, fox).id}/"

    assert browser.post(f"{address}cancel").headers["Location"] == address
    assert browser.get(f"{address}cancel").status_code == 405


def test_cancel_of_what_is_being_drawn_says_that_it_may_still_arrive(
    browser: Client, alice: Any, fox: Brief, standin: StandIn, drain: Callable[[], int]
) -> None:
    standin.control(latency_s=600)
    generation = lifecycle.submit(alice, fox)
    drain()
    assert "Being drawn" in card(browser, generation).text
    assert "Cancel it is being drawn: it may still be charged" in card(browser, generation).text

    response = browser.post(f"/studio/generations/{generation.id}/cancel", headers=HTMX)

    assert "A picture that still arrives is yours and is charged." in pages.read(response).text


def test_failure_says_why_and_that_it_was_not_charged(
    browser: Client, alice: Any, standin: StandIn, finish_all: Callable[[], None]
) -> None:
    standin.control(fail={"prompt": "a fox", "status": 422, "body": detail("no_media_generated")})
    generation = lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a fox"}, 2))

    finish_all()

    text = card(browser, generation).text
    assert "Partly ready" in text and "39.00 credits, 39.00 given back" in text
    assert "1 picture: The image service finished without a picture. You were not charged." in text


def test_blocked_picture_is_never_shown_and_says_to_change_the_prompt(
    browser: Client, alice: Any, standin: StandIn, fox: Brief, finish_all: Callable[[], None]
) -> None:
    standin.control(rules={"on": "cdn", "bytes": "black", "times": None})
    generation = lifecycle.submit(alice, fox)

    finish_all()

    page = card(browser, generation)
    image = pages.read(browser.get(f"/images/{Image.objects.get().id}/"))
    assert "Blocked" in page.text and "Not charged. The same prompt will be stopped again, so change it." in page.text
    assert (page.images, image.images) == ([], [])
    assert "Download" not in image.text


def test_everybody_is_told_calmly_when_fal_takes_nothing(browser: Client, alice: Any, fox: Brief) -> None:
    generation = lifecycle.submit(alice, fox)
    fal_state.locked("no balance")
    assert "our drawing service is not taking orders right now" in pages.read(browser.get("/studio/")).text
    assert "Waiting for our drawing service" in card(browser, generation).text

    FalState.objects.update(state=FalState.State.OK)

    assert browser.get("/studio/notice").content.strip() == b""
    assert "not taking orders" not in pages.read(browser.get("/studio/")).text


def test_studio_shows_what_is_under_way_on_top(browser: Client, alice: Any) -> None:
    for number in range(3):
        lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": f"fox number {number}"}))

    text = pages.read(browser.get("/studio/")).text

    assert text.index("fox number 2") < text.index("fox number 1") < text.index("fox number 0")


def test_deleted_generation_says_so_to_its_owner_and_vanishes_from_the_open_studio(
    browser: Client, alice: Any, fox: Brief
) -> None:
    generation = lifecycle.submit(alice, fox)
    lifecycle.delete(generation)

    gone = browser.get(f"/studio/generations/{generation.id}/")
    part = browser.get(f"/studio/generations/{generation.id}/", headers=HTMX)

    assert (gone.status_code, "You deleted these pictures" in gone.content.decode()) == (410, True)
    assert (part.status_code, part.content) == (200, b"")


def detail(kind: str) -> dict[str, Any]:
    """The body of an error as fal's image models write it."""
    return {"detail": [{"loc": ["body", "prompt"], "msg": "x", "type": kind}]}
