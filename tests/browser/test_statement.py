"""The statement in a browser: ceilings, filters and the file, by keyboard alone and without scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.keyboard import go_to, press

pytestmark = pytest.mark.browser


def test_ceiling_and_filter_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page(scheme="dark")
    page.goto("/billing/")
    statement, today = page.locator("table.statement"), page.locator(".ceiling").first

    press(page, "Set a ceiling for today")
    go_to(page, "Credits in a day")
    page.keyboard.type("plenty")
    page.keyboard.press("Enter")
    expect(today.locator(".error")).to_be_visible()
    expect(page.locator("#limit-day")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    expect(today).to_contain_text("of 50.00 credits")

    go_to(page, "Kind")
    page.keyboard.type("Refund")
    press(page, "Filter")
    expect(statement).to_have_count(0)
    press(page, "Remove the filter: Refund")
    expect(statement).to_contain_text("For the play")


def test_ceiling_filter_and_file_without_scripts_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(scripts=False, size=PHONE)
    page.goto("/billing/")
    page.get_by_text("Set a ceiling for this month").click()
    page.get_by_label("Credits in a month").fill("20")
    page.locator(".ceiling").last.get_by_role("button", name="Save").click()
    expect(page.locator(".ceiling").last).to_contain_text("of 20.00 credits")

    page.goto("/studio/")
    page.fill("#prompt", "a kite above a beach")
    page.click("#generate")
    expect(page.locator("#errors")).to_contain_text("Your monthly ceiling leaves too little.")
    page.get_by_role("link", name="Change the ceiling").click()
    page.get_by_text("Change or remove for this month").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".ceiling").last).to_contain_text("no ceiling")

    page.get_by_label("Kind").select_option("grant")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("table.statement tbody tr")).to_have_count(1)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as CSV").click()
    assert "For the play" in waiting.value.path().read_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
