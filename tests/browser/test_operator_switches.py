"""Prices, packs, image models and switches in a real browser, each lever once, with the customer's side beside it."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.operator import OpenDesk, open_desk

__all__ = ["open_desk"]
pytestmark = pytest.mark.browser
WHY = "a story of the tests"


def show(page: Page, button: str = "Show what this changes") -> None:
    """Fill in why, and look at what it would change."""
    page.get_by_label("Why", exact=True).fill(WHY)
    page.get_by_role("button", name=button).click()


def turn(page: Page, state: str, choice: str = "") -> None:
    page.get_by_label(state, exact=True).check()
    if choice:
        page.get_by_label(choice).check()
    show(page)
    expect(page.get_by_text("What this changes")).to_be_visible()
    page.get_by_role("button", name="Switch it").click()


def order(page: Page, prompt: str) -> None:
    page.fill("#prompt", prompt)
    page.locator("#generate").click()


def test_a_price_is_seen_saved_and_withdrawn(open_desk: OpenDesk) -> None:
    page = open_desk("finance", "/admin/prices/krea-2-large/")

    page.get_by_label("Credits an image").fill("20")
    show(page)
    expect(page.get_by_text("the margin is negative")).to_be_visible()
    page.get_by_role("button", name="Back to the form").click()
    page.get_by_label("Credits an image").fill("81")
    page.get_by_label("From (UTC)").fill((datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M"))
    show(page)
    expect(page.get_by_role("row", name="Any shape")).to_contain_text("81.00")
    page.get_by_role("button", name="Save the price").click()
    expect(page.get_by_role("status").first).to_contain_text("krea-2-large costs 81.00 credits from")
    page.get_by_role("link", name="Withdraw").click()
    page.get_by_label("Why", exact=True).fill(WHY)
    page.get_by_role("button", name="Withdraw it").click()

    expect(page.get_by_text("It was withdrawn, and never held.")).to_be_visible()
    expect(page.get_by_role("row", name="81.00")).to_contain_text("withdrawn")


def test_a_pack_is_planned_without_scripts_at_phone_width(open_desk: OpenDesk) -> None:
    page = open_desk("finance", "/admin/packs/add/pack/", scripts=False, size=PHONE)

    page.get_by_label("Price in US dollars").fill("77")
    page.get_by_label("Credits, with the bonus").fill("80000")
    page.get_by_label("From (UTC)").fill((datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M"))
    show(page)
    page.get_by_role("button", name="Save").click()

    page.get_by_role("link", name="A new pack: $77.00 for 80,000 credits").first.click()
    page.get_by_label("Why", exact=True).fill(WHY)
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("It was withdrawn: nothing changes at that moment.")).to_be_visible()


def test_an_image_model_is_off_for_a_customer_and_on_again(open_desk: OpenDesk, open_page: OpenPage) -> None:
    desk, page = open_desk("owner", "/admin/models/flux-krea-dev/"), open_page()
    page.goto("/studio/?model=flux-krea-dev")

    desk.get_by_label("Notice for customers while it is off").fill("FLUX rests until Monday.")
    turn(desk, "Off", "Let it go on")
    expect(desk.get_by_text("is off now.")).to_be_visible()
    order(page, "a fox")
    expect(page.locator("#errors")).to_contain_text("FLUX rests until Monday. Nothing was charged.")
    desk.goto("/admin/models/flux-krea-dev/")
    turn(desk, "On")
    expect(desk.get_by_text("is on now.")).to_be_visible()

    page.wait_for_timeout(2_500)  # what a process knows of switches is at most two seconds old
    page.goto("/studio/?model=flux-krea-dev")
    page.fill("#prompt", "a fox")
    expect(page.locator("#price .total")).to_be_visible()


def test_sending_stops_an_image_model_gives_back_and_sending_goes_on(open_desk: OpenDesk, open_page: OpenPage) -> None:
    desk, page = open_desk("owner", "/admin/switches/sending/"), open_page()
    turn(desk, "Off")
    expect(desk.get_by_text("Sending to fal is off now.")).to_be_visible()
    page.wait_for_timeout(2_500)  # as above

    page.goto("/studio/")
    order(page, "a fox that waits")
    expect(page.get_by_text("Drawing is paused for a while.").first).to_be_visible()
    expect(page.get_by_text("Waiting: drawing is paused for a while.").first).to_be_visible()
    desk.goto("/admin/models/krea-2-medium/")
    turn(desk, "Off", "Give it back")
    expect(page.get_by_text("You were not charged.").first).to_be_visible()
    desk.goto("/admin/models/krea-2-medium/")
    turn(desk, "On")
    desk.goto("/admin/switches/sending/")
    turn(desk, "On")
    expect(desk.get_by_text("Sending to fal is on now.")).to_be_visible()

    page.wait_for_timeout(2_500)
    page.goto("/studio/")
    order(page, "a fox that is drawn")
    expect(page.locator(".card").first).to_contain_text("Ready")


def test_no_orders_are_taken_and_a_notice_says_why(open_desk: OpenDesk, open_page: OpenPage) -> None:
    desk, page = open_desk("owner", "/admin/switches/orders/"), open_page()
    turn(desk, "Off")
    page.goto("/studio/")
    order(page, "a fox")
    expect(page.locator("#errors")).to_contain_text("No new orders are taken at the moment.")
    desk.goto("/admin/switches/orders/")
    turn(desk, "On")

    desk.goto("/admin/switches/notices/new")
    desk.get_by_label("Words").fill("We move house tonight.")
    desk.get_by_label("Until (UTC)").fill((datetime.now(UTC) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"))
    show(desk, "Show how it looks")
    desk.get_by_role("button", name="Show it").click()
    page.wait_for_timeout(2_500)
    page.goto("/billing/")
    expect(page.locator(".announcement")).to_contain_text("We move house tonight.")
    desk.get_by_role("link", name="We move house tonight.").first.click()
    desk.get_by_label("Why").fill(WHY)
    desk.get_by_role("button", name="Take it away").click()
    expect(desk.get_by_text("The notice is not shown any more.")).to_be_visible()
