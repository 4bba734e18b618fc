"""History, one picture and the statement in a real browser."""

import io

import pytest
from PIL import Image as Pillow
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.pictures import open_page_of

pytestmark = pytest.mark.browser


def make_picture(page: Page, prompt: str) -> None:
    page.goto("/studio/")
    page.fill("#prompt", prompt)
    page.click("#generate")
    expect(page.locator(".card").first.locator(".prompt")).to_have_text(prompt)
    expect(page.locator(".card").first.locator("img")).to_have_count(1)


def test_picture_is_downloaded_as_it_was_stored(open_page: OpenPage) -> None:
    page = open_page()
    make_picture(page, "a fox to take home")
    open_page_of(page, page.locator(".card .tile a").first)

    with page.expect_download() as waiting:
        page.click("text=Download")

    assert waiting.value.suggested_filename.startswith("krea-2-medium-")
    with Pillow.open(io.BytesIO(waiting.value.path().read_bytes())) as image:
        assert (image.format, image.size) == ("PNG", (1024, 1024))


def test_picture_is_deleted_after_a_question(open_page: OpenPage) -> None:
    page = open_page()
    make_picture(page, "a fox to forget")
    open_page_of(page, page.locator(".card .tile a").first)

    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.locator("h1")).to_have_text("Delete this picture?")
    page.get_by_role("button", name="Delete").click()

    expect(page.locator("#notices")).to_contain_text("Deleted.")
    expect(page.locator("#wall img")).to_have_count(0)


def test_statement_leads_to_the_pictures_that_were_paid_for(open_page: OpenPage) -> None:
    page = open_page(scripts=False, size=PHONE)
    page.fill("#prompt", "a fox on the bill")
    page.click("#generate")
    expect(page.locator(".state")).to_have_text("Ready")

    page.goto("/billing/")
    page.locator(".statement a").first.click()

    expect(page.locator(".prompt")).to_have_text("a fox on the bill")


@pytest.mark.parametrize("address", ["/", "/studio/", "/history/", "/billing/", "/accounts/email/", "/nowhere/"])
def test_page_fits_a_phone_without_scrolling_sideways(open_page: OpenPage, address: str) -> None:
    page = open_page(size=PHONE)

    page.goto(address)

    assert page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
