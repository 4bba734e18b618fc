"""The frame of every page: its menu by keyboard alone, and nothing that sticks out of the narrowest window."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

NARROWEST = {"width": 320, "height": 640}
OF_MEMBERS = ["/studio/", "/history/", "/billing/", "/accounts/email/", "/models/", "/nowhere/"]
OF_EVERYBODY = ["/", "/models/", "/accounts/login/", "/accounts/signup/", "/nowhere/"]


def test_menu_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    menu = page.locator("details.menu")
    menu.locator("summary").focus()

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(menu.get_by_role("link").locator("visible=true").first).to_be_focused()

    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()

    page.keyboard.press("Enter")
    menu.get_by_role("button", name="Log out").press("Tab")
    expect(menu).not_to_have_attribute("open", "")  # who tabs on has left it

    menu.locator("summary").press("Enter")
    menu.get_by_role("button", name="Log out").press("Enter")
    expect(page.get_by_role("link", name="Log in").first).to_be_visible()


def test_nothing_sticks_out_of_the_narrowest_window(open_page: OpenPage) -> None:
    wider = []
    for logged_in, addresses in ((True, OF_MEMBERS), (False, OF_EVERYBODY)):
        page = open_page(size=NARROWEST, logged_in=logged_in)
        for address in addresses:
            page.goto(address)
            page.locator("details.menu summary").click()
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > NARROWEST["width"]:
                wider.append(f"{address}: {width} pixels")

    assert wider == []
