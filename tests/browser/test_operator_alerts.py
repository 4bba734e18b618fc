"""The front page and alerts as an operator meets them in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, Customer
from tests.browser.keyboard import press
from tests.browser.operator import OpenDesk, open_desk
from tests.browser.test_buying import reload_until
from tests.live_site import LiveSite

__all__ = ["open_desk"]
pytestmark = pytest.mark.browser

# A round of the watch, as any process of the site makes it, without waiting for its turn.
ROUND = """
from generations.models import Beat
from krea_site.watch import rounds
Beat.objects.filter(name__startswith="watch").update(until=None)
rounds.make("worker")
"""
LOCKED = "from generations import fal_state; fal_state.locked('Exhausted balance')" + ROUND
OPENED = "from generations import fal_state; fal_state.accepted()" + ROUND
ALERT = "fal has locked our account"


def in_the_navigation(page: Page) -> Locator:
    return page.locator("#nav-sidebar-apps").get_by_role("link", name="Alerts")


def test_an_alert_is_seen_acknowledged_and_ends_with_its_cause(
    live_site: LiveSite, open_desk: OpenDesk, fal: Callable[..., None]
) -> None:
    fal(locked="Exhausted balance")
    live_site.run(LOCKED)
    page = open_desk("owner", "/admin/")
    attention = page.get_by_role("region", name="What needs somebody")
    expect(in_the_navigation(page)).to_contain_text(re.compile(r"\d+ new"))
    new = in_the_navigation(page).inner_text()

    attention.get_by_role("link", name=ALERT).click()
    box = page.get_by_role("region", name=ALERT)
    expect(box).to_be_in_viewport()
    box.get_by_text("What it means and what to do").click()
    expect(box.get_by_text("A probe is sent every 30 seconds")).to_be_visible()
    box.get_by_role("button", name="I know of it").click()  # without a reason the browser does not send it
    box.get_by_label("Why it may stay for now").fill("Topped up, it takes an hour")
    box.get_by_role("button", name="I know of it").click()

    expect(page.locator("#notices")).to_contain_text("It stays open until it is over.")
    expect(box).to_contain_text("Topped up, it takes an hour")
    expect(box.get_by_role("button")).to_have_count(0)
    expect(in_the_navigation(page)).not_to_have_text(new)
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("row").filter(has_text="Topped up, it takes an hour")).to_be_visible()
    page.goto("/admin/")
    expect(attention.get_by_role("listitem").filter(has_text=ALERT)).to_contain_text("somebody knows")

    fal(locked="")
    live_site.run(OPENED)
    page.reload()
    expect(page.get_by_text(ALERT)).to_have_count(0)
    page.goto("/admin/alerts/")
    expect(page.get_by_role("row").filter(has_text="Topped up, it takes an hour")).to_contain_text(ALERT)


def test_the_front_page_leads_from_month_to_hour_and_from_a_number_to_its_rows(
    open_desk: OpenDesk, customer: Customer
) -> None:
    page = open_desk("finance", "/admin/")
    heading = page.locator("h1")
    day = heading.inner_text()
    press(page, "Months")
    expect(heading).to_have_text(re.compile(r"^[A-Z][a-z]+ \d{4} so far$"))
    press(page, "Earlier")
    expect(heading).not_to_contain_text("so far")
    press(page, "Now")
    expect(heading).to_contain_text("so far")
    press(page, "Hours")
    expect(heading).to_contain_text(":00 so far")
    assert heading.inner_text() != day

    # The customer was given credits in this hour; what the hour says of it leads to that very movement.
    given = page.get_by_role("row", name=re.compile("^Given trial")).get_by_role("link")
    reload_until(page, given)
    given.click()
    expect(page.get_by_role("row").filter(has_text="For the play").first).to_be_visible()

    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.goto("/admin/")
    wallets = page.locator(".board-heads > div").filter(has_text="Outstanding now").get_by_role("link").first
    wallets.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(customer.email)).to_be_visible()
