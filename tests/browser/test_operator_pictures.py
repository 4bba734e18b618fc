"""The levers on pictures in a real browser, one story each, and what the customer sees of them; and the audit log."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Customer, OpenPage
from tests.browser.operator import OpenDesk, open_desk
from tests.live_site import LiveSite

__all__ = ["open_desk"]
pytestmark = pytest.mark.browser
MAKE = """
from django.contrib.auth import get_user_model
from generations.models import Status
from tests.krea_site.roads import ended, ordered
user = get_user_model().objects.get(email={email!r})
print(({made}).pk)
"""
STANDING_STILL = """
from datetime import timedelta
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from generations.models import Image
from tests.krea_site.roads import ordered
with transaction.atomic():
    generation = ordered(get_user_model().objects.get(email={email!r}), 2)
    Image.objects.filter(generation=generation).update(not_before=timezone.now() + timedelta(hours=1))
print(generation.pk)
"""


def make(live_site: LiveSite, customer: Customer, made: str) -> str:
    """A generation of the customer's; its id."""
    return live_site.run(MAKE.format(email=customer.email, made=made)).strip().splitlines()[-1]


def pull(page: Page, button: str, *images: int, why: str = "Wrong colours") -> None:
    for number in images:
        page.get_by_role("checkbox", name=f"Choose image {number}", exact=True).check()
    page.fill("[name=why]", why)
    page.get_by_role("button", name=button).click()


def test_support_gives_credits_back_and_the_customer_reads_it(
    live_site: LiveSite, open_desk: OpenDesk, open_page: OpenPage, customer: Customer
) -> None:
    id = make(live_site, customer, "ended(user, Status.STORED, Status.STORED)")
    desk = open_desk("support", "/admin/generations/")
    desk.fill("[name=user]", customer.email)
    desk.get_by_role("button", name="Search").click()
    expect(desk.locator("table tbody tr")).to_have_count(1)
    desk.locator("table a").first.click()

    pull(desk, "Give credits back", 1)

    expect(desk.locator("#notices")).to_contain_text("39.00 credits went back to the customer, for 1 image.")
    expect(desk.locator("main")).to_contain_text("39.00 given back since")
    pull(desk, "Give credits back", 1)
    expect(desk.locator("#notices")).to_contain_text("Nothing was to be done")
    page = open_page()
    page.goto("/billing/")
    expect(page.locator("#statement ~ *").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("Credits back for 1 of 2 images, Krea 2 Medium")
    log = open_desk("owner", "/admin/acts/")
    log.fill("[name=subject]", f"generation:{id}")
    log.get_by_role("button", name="Search").click()
    expect(log.locator("table tbody tr")).to_have_count(1)
    log.locator("table tbody a").first.click()
    expect(log.locator("h1")).to_contain_text("gave credits back for images")
    expect(log.locator("main")).to_contain_text("Wrong colours")


def test_support_has_a_failed_image_drawn_again_at_our_cost(
    live_site: LiveSite, open_desk: OpenDesk, customer: Customer
) -> None:
    id = make(live_site, customer, "ended(user, Status.STORED, Status.FAILED)")
    desk = open_desk("support", f"/admin/generations/{id}/")

    pull(desk, "Draw again", 2, why="fal fell over")

    expect(desk.locator("#notices")).to_contain_text("1 image is drawn again, at our cost.")
    desk.get_by_role("link", name="Drawn again").last.click()
    expect(desk.locator("main")).to_contain_text("Drawn again for")
    expect(desk.locator("main")).to_contain_text("fal fell over")


def test_support_asks_fal_about_one_that_stands_still_and_cancels_the_other(
    live_site: LiveSite, open_desk: OpenDesk, customer: Customer
) -> None:
    id = live_site.run(STANDING_STILL.format(email=customer.email)).strip().splitlines()[-1]
    desk = open_desk("support", f"/admin/generations/{id}/", scripts=False)
    expect(desk.locator("main")).to_contain_text("Not before")

    pull(desk, "Cancel", 2)
    expect(desk.locator("#notices")).to_contain_text("1 image: cancelling was asked for")
    pull(desk, "Ask fal now", 1)
    expect(desk.locator("#notices")).to_contain_text("A worker looks at 1 image now")

    for _ in range(60):
        desk.reload()
        if "Of 2 images: 1 stored, 1 canceled." in desk.locator("main").inner_text():
            break
        desk.wait_for_timeout(500)
    expect(desk.locator("main")).to_contain_text("Of 2 images: 1 stored, 1 canceled.")
    expect(desk.locator("main")).to_contain_text("had fal asked about images")


def test_many_are_refunded_after_their_counts_were_shown(
    live_site: LiveSite, open_desk: OpenDesk, customer: Customer
) -> None:
    for _ in range(2):
        make(live_site, customer, "ended(user, Status.STORED)")
    desk = open_desk("support", "/admin/generations/")
    desk.fill("[name=user]", customer.email)
    desk.select_option("[name=status]", "succeeded")
    desk.get_by_role("button", name="Search").click()

    desk.select_option("[name=do]", "refund")
    desk.get_by_role("button", name="For all that match the filter").click()
    expect(desk.locator(".figures")).to_contain_text("78.00")
    desk.fill("[name=why]", "A green night")
    desk.get_by_role("button", name="Begin").click()

    for _ in range(60):
        if desk.get_by_role("link", name="Look again").count() == 0:
            break
        desk.wait_for_timeout(500)
        desk.reload()
    expect(desk.locator("h1 .badge")).to_have_text("done")
    expect(desk.locator(".figures")).to_contain_text("78.00")


def test_finance_sees_the_road_without_picture_prompt_and_levers(
    live_site: LiveSite, open_desk: OpenDesk, customer: Customer
) -> None:
    id = make(live_site, customer, "ended(user, Status.STORED)")

    desk = open_desk("finance", f"/admin/generations/{id}/")

    expect(desk.locator("main")).to_contain_text("fal's cost")
    expect(desk.get_by_role("button", name="Give credits back")).to_have_count(0)
    expect(desk.locator("main img")).to_have_count(0)
    expect(desk.locator("main")).not_to_contain_text("a red fox in the snow")


def test_a_moderator_lifts_the_cover_of_a_picture(live_site: LiveSite, open_desk: OpenDesk, customer: Customer) -> None:
    id = make(live_site, customer, "ended(user, Status.STORED)")
    desk = open_desk("moderator", f"/admin/generations/{id}/")
    picture = desk.get_by_role("img", name="Image 1")

    desk.get_by_label("Show the picture").check()

    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
    assert picture.evaluate("image => getComputedStyle(image).filter") == "none"
