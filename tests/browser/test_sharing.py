"""Sharing in a real browser: an owner makes, changes and revokes links; a stranger opens them."""

import io
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image as Pillow
from playwright.sync_api import Page, expect

from tests.browser import keyboard
from tests.browser.conftest import PHONE, Customer, OpenPage
from tests.live_site import LiveSite

pytestmark = pytest.mark.browser
PROMPT = "a fox to be shown around"
DRAW = """
from django.contrib.auth import get_user_model
from tests.krea_site.belongings import drawn
user = get_user_model().objects.get(email={email!r})
print(drawn(user, 77, prompt={prompt!r}).images.get().pk)
"""
AGE = """
from datetime import timedelta
from django.db.models import F
from generations.models import Share
rows = Share.objects.filter(user__email={email!r})
rows.update(created_at=F("created_at") - timedelta(days=8), expires_at=F("expires_at") - timedelta(days=8))
"""
Draw = Callable[[], str]


@pytest.fixture
def draw(live_site: LiveSite, customer: Customer) -> Draw:
    """The page of a picture of the customer's, made without drawing."""

    def draw_one() -> str:
        code = DRAW.format(email=customer.email, prompt=PROMPT)
        told = live_site.run(code)
        return f"/images/{told.strip().splitlines()[-1]}/"

    return draw_one


def address_of(page: Page, number: int = 0) -> str:
    """Of a link on the owner's page, from the root of the site."""
    return urlsplit(page.locator(".share-address input").nth(number).input_value()).path


def press(page: Page, words: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=words).click()


def test_owner_makes_a_link_and_a_stranger_sees_the_picture_alone(open_page: OpenPage, draw: Draw) -> None:
    owner, stranger = open_page(), open_page(logged_in=False, size=PHONE, scheme="dark")
    owner.goto(draw())
    owner.select_option("#share-lifetime", "1")
    press(owner, "Make a link")
    expect(owner.locator("#notices")).to_contain_text("The link is made.")

    stranger.goto(address_of(owner))

    picture = stranger.locator(".shared-picture img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(image) => image.naturalWidth") > 0
    expect(stranger.locator(".ai-mark")).to_have_text("Made with AI Krea 2 Medium")
    expect(stranger.locator("main")).not_to_contain_text(PROMPT)
    assert stranger.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
    with stranger.expect_download() as waiting:
        stranger.get_by_role("link", name="Download").click()
    assert waiting.value.suggested_filename == "krea-2-medium.png"
    with Pillow.open(io.BytesIO(waiting.value.path().read_bytes())) as image:
        assert (image.format, image.size) == ("PNG", (360, 240))
    stranger.get_by_role("link", name="Report this picture").click()
    expect(stranger.locator("#id_picture")).to_have_value(owner.locator(".share-address input").input_value())


def test_owner_changes_what_is_shown_copies_and_revokes(open_page: OpenPage, draw: Draw, live_site: LiveSite) -> None:
    owner, stranger = open_page(size=PHONE), open_page(logged_in=False)
    owner.context.grant_permissions(["clipboard-read", "clipboard-write"])
    owner.goto(draw())
    press(owner, "Make a link")
    shared = address_of(owner)
    owner.locator(".share-address button").click()
    expect(owner.locator(".share-address button")).to_have_text("Copied link 1")
    assert owner.evaluate("() => navigator.clipboard.readText()").endswith(shared)

    owner.locator(".share-links").get_by_label("Prompt").check()
    owner.locator(".share-links").get_by_label("Settings and seed").check()
    press(owner, "Save what link 1 shows")

    stranger.goto(shared)
    expect(stranger.locator("h1")).to_have_text(PROMPT)
    expect(stranger.locator(".prompt")).to_have_text(PROMPT)
    expect(stranger.locator(".parameters")).to_contain_text("77")
    preview = httpx.get(f"{live_site.url}{shared}picture", trust_env=False)
    assert (preview.status_code, preview.headers["content-type"]) == (200, "image/webp")

    press(owner, "Revoke link 1")

    expect(owner.locator("#notices")).to_contain_text("Revoked.")
    expect(owner.locator(".sharing")).to_contain_text("Private: only you see this picture")
    stranger.reload()
    expect(stranger.locator("h1")).to_have_text("This picture is not here any more")
    assert httpx.get(f"{live_site.url}{shared}picture", trust_env=False).status_code == 404


def test_sharing_works_without_scripts_and_a_link_ends_by_itself(
    open_page: OpenPage, draw: Draw, live_site: LiveSite, customer: Customer
) -> None:
    owner, stranger = open_page(scripts=False, size=PHONE), open_page(scripts=False, logged_in=False)
    owner.goto(draw())
    owner.locator(".sharing").get_by_label("Prompt").check()
    press(owner, "Make a link")
    shared = address_of(owner)
    stranger.goto(shared)
    expect(stranger.locator(".prompt")).to_have_text(PROMPT)

    live_site.run(AGE.format(email=customer.email))

    stranger.reload()
    expect(stranger.locator("h1")).to_have_text("This picture is not here any more")
    owner.locator(".menu summary").click()
    owner.locator(".menu").get_by_role("link", name="Shared links").click()
    expect(owner.locator(".share-list .badge")).to_have_text("Ended")


def test_links_are_made_and_revoked_by_keyboard_alone(open_page: OpenPage, draw: Draw) -> None:
    page = open_page()
    page.goto(draw())
    with page.expect_navigation():
        keyboard.press(page, "Make a link")
    keyboard.go_to(page, "Prompt")
    page.keyboard.press("Space")
    with page.expect_navigation():
        keyboard.press(page, "Save what link 1 shows")
    expect(page.locator(".share-links").get_by_label("Prompt")).to_be_checked()

    page.goto("/history/shares/")
    keyboard.press(page, "Revoke all…")
    expect(page.locator("h1")).to_have_text("Revoke the one link?")
    with page.expect_navigation():
        keyboard.press(page, "Revoke it")

    expect(page.locator("#notices")).to_contain_text("Revoked 1 link.")
    expect(page.locator(".share-list .badge")).to_have_text("Revoked")
