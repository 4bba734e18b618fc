"""The history in a real browser: scrolling, filters, search, the way back, by keyboard alone, and without scripts."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Customer, MakeCustomer, OpenPage
from tests.browser.keyboard import go_to, press
from tests.live_site import LiveSite

pytestmark = pytest.mark.browser

# More than a page of them, and nothing to wait for: rows that say that they were cancelled.
FILL = """
from django.contrib.auth import get_user_model
from django.db import transaction
from generations import lifecycle
from generations.brief import Brief
from generations.models import Image, Status
user = get_user_model().objects.get(email={email!r})
shapes = ["1:1", "16:9", "9:16", "4:3"]
for number in range({count}):
    prompt = {{"prompt": f"A heron, number {{number}}" + (", by a lighthouse" if number == 0 else ""),
               "aspect_ratio": shapes[number % 4]}}
    with transaction.atomic():  # no worker sees it before it is cancelled
        lifecycle.cancel(lifecycle.submit(user, Brief.read("krea-2-medium", prompt, 8)))
"""
CANCELED = "/history/?status=canceled"


@pytest.fixture(scope="module")
def heron(live_site: LiveSite, make_customer: MakeCustomer) -> Customer:
    """A customer of 160 pictures in 20 generations, all cancelled; no test here changes them."""
    made = make_customer()
    live_site.run(FILL.format(email=made.email, count=20))
    return made


def tiles(page: Page) -> int:
    return page.locator("#wall > li").count()


def to_the_end(page: Page) -> None:
    page.evaluate("() => window.scrollTo(0, document.documentElement.scrollHeight)")


def test_scrolling_brings_older_pictures_and_the_way_back_leads_to_the_same_place(
    open_page: OpenPage, heron: Customer
) -> None:
    page = open_page(by=heron, size=PHONE, scheme="dark")
    page.goto(CANCELED)
    expect(page.locator("#wall > li")).to_have_count(60)

    to_the_end(page)
    expect(page.locator("#wall > li")).to_have_count(120)
    to_the_end(page)
    expect(page.locator("#wall > li")).to_have_count(160)
    expect(page.locator("#pager")).to_contain_text("That is all")
    places = page.locator("#wall > li").evaluate_all("all => all.map((each) => each.dataset.place)")
    assert len(set(places)) == 160

    wanted = page.locator("#wall > li").nth(100)
    wanted.scroll_into_view_if_needed()
    id, top = wanted.get_attribute("id"), wanted.bounding_box()
    wanted.locator("a").click()
    page.wait_for_url("**/images/**")
    page.go_back()

    expect(page.locator(f"#{id}")).to_be_in_viewport()
    expect(page.locator(f"#{id} a")).to_be_focused()
    back = page.locator(f"#{id}").bounding_box()
    assert top is not None and back is not None
    assert abs(top["y"] - back["y"]) < 60
    expect(page.get_by_role("link", name="Newest")).to_be_visible()


def test_nothing_shifts_while_older_pictures_come(open_page: OpenPage, heron: Customer) -> None:
    page = open_page(by=heron)
    page.goto(CANCELED)
    page.evaluate(
        """() => {
          window.shifts = [];
          new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((each) => each.value)))
            .observe({ type: "layout-shift", buffered: true });
        }"""
    )

    for _ in range(12):
        page.mouse.wheel(0, 500)
        expect(page.locator("#older[aria-busy]")).to_have_count(0)

    assert tiles(page) > 60
    assert page.evaluate("() => window.shifts.reduce((one, other) => one + other, 0)") < 0.01


def test_search_and_filters_are_in_the_address_and_the_way_back_undoes_them(
    open_page: OpenPage, heron: Customer
) -> None:
    page = open_page(by=heron, size=PHONE)
    page.goto("/history/")
    expect(page.locator(".empty")).to_contain_text("none of yours was finished")

    expect(page.locator("#filter-status")).not_to_be_visible()
    page.get_by_text("Filters", exact=True).click()
    page.select_option("#filter-status", "canceled")
    page.fill("#filter-q", "LIGHTHOUSE")
    page.press("#filter-q", "Enter")

    page.wait_for_url("**/history/?q=LIGHTHOUSE&status=canceled")
    expect(page.locator("#wall > li")).to_have_count(8)
    expect(page.locator(".history-head")).to_contain_text("8 pictures found")

    page.get_by_role("link", name="Remove the filter: “LIGHTHOUSE”").click()
    expect(page.locator("#wall > li")).to_have_count(60)
    page.go_back()
    expect(page.locator("#wall > li")).to_have_count(8)
    expect(page.locator("#filter-q")).to_have_value("LIGHTHOUSE")


def test_history_by_keyboard_alone(open_page: OpenPage, heron: Customer) -> None:
    page = open_page(by=heron, scheme="dark")
    page.goto(CANCELED)

    press(page, "Skip the pictures")
    expect(page.locator("#wall > li")).to_have_count(120)
    page.keyboard.press("Tab")
    expect(page.locator("#wall > li")).to_have_count(160)
    expect(page.locator("#more-said")).to_have_text("40 more pictures")
    expect(page.locator("#wall > li").nth(120).locator("a")).to_be_focused()

    page.goto(CANCELED)
    go_to(page, "Skip the pictures")
    page.keyboard.press("Tab")
    expect(page.locator("#wall > li").first.locator("a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/images/**")


def test_older_pictures_that_cannot_be_fetched_can_be_asked_for_again(open_page: OpenPage, heron: Customer) -> None:
    page = open_page(by=heron)
    page.goto("/studio/")
    page.route("**/history/?*cursor=*", lambda route: route.abort())
    page.goto(CANCELED)
    to_the_end(page)

    expect(page.locator("#older")).to_have_text("Try again")
    expect(page.locator("#more-said")).to_have_text("Older pictures could not be fetched.")

    page.unroute("**/history/?*cursor=*")
    page.locator("#older").click()
    expect(page.locator("#wall > li")).to_have_count(120)


def test_picture_under_way_arrives_by_itself(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#prompt", "a fox on its way")
    page.click("#generate")
    expect(page.locator(".card").first).to_be_visible()

    page.goto("/history/")

    expect(page.locator("#wall img")).to_have_count(1)
    expect(page.locator("#wall img")).to_have_attribute("alt", "a fox on its way")


def test_history_without_scripts(open_page: OpenPage, heron: Customer) -> None:
    page = open_page(by=heron, scripts=False)
    page.goto("/history/")
    page.select_option("#filter-status", "canceled")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#wall > li")).to_have_count(60)

    page.click("#older")
    page.click("#older")
    expect(page.locator("#wall > li")).to_have_count(40)
    expect(page.locator("#pager")).to_contain_text("That is all")

    page.get_by_role("link", name="Newer", exact=True).click()
    expect(page.locator("#wall > li")).to_have_count(60)
    page.fill("#filter-since", "2026-02-01")
    page.fill("#filter-until", "2026-01-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".summary")).to_contain_text("The last day is before the first.")
