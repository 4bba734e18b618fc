"""Hearts, several pictures at once, the bin and the archive, in a real browser: by pointer, by keyboard, without
scripts."""

import io
import json
import zipfile
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.live_site import LiveSite

pytestmark = pytest.mark.browser

DRAW = """
from tests.krea_site.belongings import drawn
from django.contrib.auth import get_user_model
user = get_user_model().objects.get(email={email!r})
for shade in {shades!r}:
    drawn(user, shade, prompt=f"fox {{shade}}")
"""


@pytest.fixture
def with_pictures(open_page: OpenPage, live_site: LiveSite, customer: Any) -> OpenPage:
    """As `open_page`, on the history of somebody with five pictures, the newest "fox 25"."""
    live_site.run(DRAW.format(email=customer.email, shades=list(range(21, 26))))

    def open_history(**how: Any) -> Page:
        page = open_page(**how)
        page.goto("/history/")
        expect(tiles(page)).to_have_count(5)
        return page

    return open_history


def tiles(page: Page) -> Locator:
    return page.locator("#wall > li")


def box(page: Page, number: int) -> Locator:
    return tiles(page).nth(number).locator("input[name=image]")


def act(page: Page, words: str) -> Locator:
    return page.locator(".bulk-acts").get_by_role("button", name=words, exact=True)


def test_a_heart_is_kept(with_pictures: OpenPage) -> None:
    page = with_pictures(size=PHONE, scheme="dark")
    heart = tiles(page).nth(1).get_by_role("button", name="Favourite")

    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    page.goto("/history/?favourite=1")

    expect(tiles(page)).to_have_count(1)
    expect(tiles(page).locator("img")).to_have_attribute("alt", "fox 24")


def test_pictures_are_selected_deleted_and_put_back(with_pictures: OpenPage) -> None:
    page = with_pictures()
    box(page, 1).click()
    box(page, 3).click(modifiers=["Shift"])
    expect(page.locator("#bulk-count")).to_have_text("3 pictures selected")

    act(page, "Favourite").click()
    expect(page.locator("#bulk-said")).to_contain_text("3 pictures made favourites.")
    expect(page.locator('#wall [aria-pressed="true"]')).to_have_count(3)
    act(page, "Delete").click()

    expect(page.locator("#bulk-said")).to_contain_text("3 pictures deleted.")
    expect(tiles(page)).to_have_count(2)
    expect(page.locator(".history-head")).to_contain_text("2 pictures")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#notices")).to_contain_text("3 pictures put back.")
    expect(tiles(page)).to_have_count(5)


def test_by_keyboard_alone(with_pictures: OpenPage) -> None:
    page = with_pictures(size=PHONE)
    box(page, 0).focus()
    page.keyboard.press("Space")
    box(page, 2).focus()
    page.keyboard.press("Shift+Space")
    expect(page.locator("#bulk-count")).to_have_text("3 pictures selected")

    page.keyboard.press("Escape")
    expect(page.locator("#wall input:checked")).to_have_count(0)
    expect(page.locator("#bulk")).to_be_hidden()
    box(page, 4).focus()
    page.keyboard.press("Space")
    page.locator("#bulk-everything").focus()
    page.keyboard.press("Space")
    expect(page.locator("#bulk-everything-words")).to_have_text("All 5 that match")
    expect(page.locator("#bulk-count")).to_have_text("5 pictures selected")
    act(page, "Delete").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#notices")).to_contain_text("5 pictures deleted.")
    expect(page.get_by_text("No pictures yet.")).to_be_visible()


def test_what_is_selected_is_downloaded_as_one_archive(with_pictures: OpenPage) -> None:
    page = with_pictures(scheme="dark")
    box(page, 0).check()
    box(page, 2).check()

    with page.expect_download() as waiting:
        act(page, "Download").click()

    assert waiting.value.suggested_filename.startswith("krea-pictures-")
    archive = zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes()))
    assert archive.testzip() is None
    told = json.loads(archive.read("manifest.json"))
    assert [row["prompt"] for row in told] == ["fox 25", "fox 23"]
    assert [sha256(archive.read(row["file"])).hexdigest() for row in told] == [row["sha256"] for row in told]
    expect(page.locator("#bulk-count")).to_have_text("2 pictures selected")


def test_two_are_compared(with_pictures: OpenPage) -> None:
    page = with_pictures(size=PHONE)
    box(page, 0).check()
    expect(act(page, "Compare")).to_be_disabled()
    box(page, 1).check()

    act(page, "Compare").click()

    page.wait_for_url("**/compare/?image=*&image=*")


def test_without_scripts_the_same_works_with_plain_buttons(with_pictures: OpenPage) -> None:
    page = with_pictures(scripts=False, size=PHONE, scheme="dark")
    tiles(page).nth(0).get_by_role("button", name="Favourite").click()
    expect(page.locator('#wall [aria-pressed="true"]')).to_have_count(1)
    box(page, 0).check()
    box(page, 1).check()

    act(page, "Delete").click()
    expect(page.locator("#notices")).to_contain_text("2 pictures deleted.")
    expect(tiles(page)).to_have_count(3)
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("#notices")).to_contain_text("2 pictures put back.")
    expect(tiles(page)).to_have_count(5)


def test_the_bin_gives_back_and_is_emptied_after_a_question(with_pictures: OpenPage) -> None:
    page = with_pictures(size=PHONE)
    page.goto(page.locator("#wall .tile").first.get_attribute("href") or "")
    page.get_by_role("link", name="Delete").click()
    page.locator("main").get_by_role("button", name="Delete").click()
    expect(page.locator("#notices")).to_contain_text("It lies in the bin for 7 days.")
    box(page, 0).check()
    act(page, "Delete").click()
    expect(tiles(page)).to_have_count(3)

    page.goto("/history/bin/")
    expect(page.locator(".bin > li")).to_have_count(2)
    page.locator(".bin > li").last.get_by_role("button", name="Restore").click()
    expect(page.locator("#notices")).to_contain_text("It is back in your history.")
    page.goto("/history/bin/")
    page.get_by_role("link", name="Empty the bin").click()
    page.get_by_role("button", name="Delete it for good").click()

    expect(page.locator("#notices")).to_contain_text("1 picture deleted for good.")
    expect(page.get_by_text("The bin is empty.")).to_be_visible()
