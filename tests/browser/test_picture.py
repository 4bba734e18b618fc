"""One picture in a real browser: the full-screen view by keys and by fingers, its page while it is drawn, its settings
taken again, and pictures side by side."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import keyboard
from tests.browser.conftest import DESKTOP, PHONE, Customer, OpenPage
from tests.live_site import LiveSite

pytestmark = pytest.mark.browser
SMALL_PHONE = {"width": 320, "height": 640}
DRAW = """
from django.contrib.auth import get_user_model
from tests.krea_site.belongings import drawn
user = get_user_model().objects.get(email={email!r})
foxes = drawn(user, 11, 12, prompt="a fox", size=(1600, 1200))
heron = drawn(user, 13, prompt="a heron", size=(1600, 1200))
for generation in (foxes, heron):
    for image in generation.images.order_by("index"):
        print("id", image.pk)
"""
SHOWN = "dialog.viewer img"


@pytest.fixture
def ids(live_site: LiveSite, customer: Customer) -> list[str]:
    """Two foxes and a heron, the newest, of 1600 x 1200 pixels, made without drawing."""
    told = live_site.run(DRAW.format(email=customer.email))
    return re.findall(r"^id (\S+)$", told, re.MULTILINE)


def name_of(page: Page) -> str:
    """Which picture the full-screen view shows, by its address."""
    return str(page.locator("dialog.viewer [data-part=about]").evaluate("link => link.pathname.split('/')[2]"))


def expect_shown(page: Page, id: str) -> None:
    expect(page.locator("dialog.viewer [data-part=about]")).to_have_attribute("href", re.compile(id))
    expect(page.locator(SHOWN)).to_have_js_property("complete", True)


def fingers(page: Page) -> Callable[..., None]:
    """`move((x, y), (x, y), …)`: one finger from the first place to the last."""
    session = page.context.new_cdp_session(page)

    def move(*places: tuple[int, int]) -> None:
        for number, (x, y) in enumerate(places):
            kind = "touchMove" if number else "touchStart"
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    return move


# The full-screen view -----------------------------------------------------------------------------


def test_full_screen_view_by_keys_from_the_history(open_page: OpenPage, ids: list[str]) -> None:
    first, second, heron = ids
    page = open_page(size=DESKTOP, scheme="light")
    page.goto("/history/")
    link = page.locator(f'a[data-viewer][href*="{heron}"]')
    link.focus()

    page.keyboard.press("Enter")

    expect(page.locator("dialog.viewer")).to_be_focused()
    expect_shown(page, heron)
    page.keyboard.press("ArrowRight")
    expect_shown(page, first)
    page.keyboard.press("ArrowRight")
    expect_shown(page, second)
    expect(page.get_by_role("button", name="Older picture")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("ArrowRight")
    expect(page.locator("dialog.viewer [data-part=said]")).to_have_text("There is nothing older.")
    page.keyboard.press("Home")
    expect_shown(page, heron)
    page.keyboard.press("End")
    expect_shown(page, second)
    page.keyboard.press("ArrowLeft")
    expect_shown(page, first)

    heart = page.locator("dialog.viewer").get_by_role("button", name="Favourite")
    expect(heart).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("f")
    expect(heart).to_have_attribute("aria-pressed", "true")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.closest('dialog, body').localName") in ("dialog", "body")
    page.keyboard.press("Escape")

    expect(page.locator("dialog.viewer")).to_be_hidden()
    expect(page.locator(f'a[data-viewer][href*="{first}"]')).to_be_focused()
    page.goto(f"/images/{first}/")
    expect(page.locator(f"#heart-{first}")).to_have_attribute("aria-pressed", "true")


def test_full_screen_view_enlarges_to_every_pixel_and_moves(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(size=DESKTOP)
    page.goto(f"/images/{ids[2]}/")
    page.locator(".picture .shown").click()
    expect_shown(page, ids[2])
    shown, stage = page.locator(SHOWN), page.locator(".viewer-stage")
    fits = shown.evaluate("image => image.width")
    assert fits < DESKTOP["width"]

    page.keyboard.press("0")
    expect(shown).to_have_js_property("width", 1600)
    assert shown.evaluate("image => image.currentSrc === image.src && image.srcset === ''")
    before = stage.evaluate("it => [it.scrollLeft, it.scrollTop]")
    assert before[0] > 0 and before[1] > 0
    page.keyboard.press("ArrowRight")
    assert stage.evaluate("it => it.scrollLeft") > before[0]
    assert name_of(page) == ids[2]
    page.keyboard.press("+")
    expect(shown).to_have_js_property("width", 2400)
    page.keyboard.press("-")
    expect(shown).to_have_js_property("width", 1600)
    page.keyboard.press("-")
    expect(shown).to_have_js_property("width", 1200)
    page.keyboard.press("0")
    expect(shown).to_have_js_property("width", fits)
    stage.dblclick()
    expect(shown).to_have_js_property("width", 1600)
    stage.dblclick()
    expect(shown).to_have_js_property("width", fits)


def test_full_screen_view_by_fingers_on_a_phone(open_page: OpenPage, ids: list[str]) -> None:
    first, _, heron = ids
    page = open_page(size=PHONE, scheme="dark", touch=True)
    page.goto("/history/")
    page.locator(f'a[data-viewer][href*="{heron}"]').tap()
    expect_shown(page, heron)
    move, shown = fingers(page), page.locator(SHOWN)

    move((300, 400), (220, 402), (120, 405))
    expect_shown(page, first)
    move((100, 400), (200, 402), (320, 405))
    expect_shown(page, heron)
    move((200, 400))
    move((203, 402))
    expect(shown).to_have_js_property("width", 1600)
    move((300, 400), (220, 402), (120, 405))
    assert name_of(page) == heron
    move((200, 400))
    move((200, 400))
    expect(shown).to_have_js_property("width", PHONE["width"])
    move((200, 300), (202, 400), (205, 500))

    expect(page.locator("dialog.viewer")).to_be_hidden()


def test_full_screen_view_goes_on_where_the_page_ends_and_leaves_one_at_its_picture(
    open_page: OpenPage, ids: list[str]
) -> None:
    page = open_page()
    page.goto(f"/images/{ids[2]}/?model=krea-2-medium")
    page.locator(".picture .shown").click()
    expect_shown(page, ids[2])

    page.get_by_role("button", name="Older picture").click()
    expect_shown(page, ids[0])
    page.keyboard.press("Escape")

    expect(page).to_have_url(re.compile(rf"/images/{ids[0]}/\?model=krea-2-medium$"))
    expect(page.locator(".about .prompt")).to_have_text("a fox")


def test_picture_opens_by_itself_without_scripts(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(scripts=False, size=PHONE, scheme="dark")
    page.goto(f"/images/{ids[2]}/")

    page.get_by_role("link", name="Older").click()
    expect(page.locator(".about .prompt")).to_have_text("a fox")

    answer = page.request.get(page.locator(".picture .shown").get_attribute("href") or "")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")


# Its page -----------------------------------------------------------------------------------------


def test_picture_arrives_on_its_page_without_loading_it_again(open_page: OpenPage, fal: Callable[..., None]) -> None:
    page = open_page()
    fal(latency_s=6)
    page.fill("#prompt", "a kite")
    page.click("#generate")
    expect(page.locator(".card").first.locator(".prompt")).to_have_text("a kite")
    page.goto("/history/")
    with page.expect_navigation():
        page.locator("#wall li a").first.click()
    expect(page.locator(".picture .stage")).to_be_visible()
    page.evaluate("() => { window.isTheSame = true; }")

    expect(page.locator(".picture .shown img")).to_have_js_property("complete", True)
    expect(page.locator("#announcer")).to_have_text("The picture is ready.")
    assert page.evaluate("() => window.isTheSame")


# Its settings -------------------------------------------------------------------------------------


def test_one_setting_is_taken_by_keyboard_alone_and_the_draft_comes_back(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page()
    page.fill("#prompt", "a slow river")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.goto(f"/images/{ids[2]}/")
    page.locator(".about").focus()

    keyboard.press(page, "Use these settings")
    expect(page.locator("h1")).to_have_text("Use these settings")
    keyboard.press(page, "Take only this: Seed")

    expect(page.locator("#seed")).to_have_value("13")
    expect(page.locator("#prompt")).to_have_value("a slow river")
    page.goto(f"/studio/recall?image={ids[2]}")
    page.get_by_role("button", name="Take what is ticked").click()
    expect(page.locator("#prompt")).to_have_value("a heron")
    page.get_by_role("button", name="Back to your draft").click()
    expect(page.locator("#prompt")).to_have_value("a slow river")


def test_settings_are_taken_without_scripts(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(scripts=False, size=PHONE, scheme="dark")
    page.goto(f"/images/{ids[0]}/")
    page.click("text=Use these settings")
    page.uncheck("#take-prompt")

    page.click("text=Take what is ticked")

    expect(page.locator("#seed")).to_have_value("11")
    expect(page.locator("#prompt")).to_have_value("")


# Side by side -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone, dark", "desktop, light"]
)
def test_pictures_are_compared_side_by_side(open_page: OpenPage, ids: list[str], size: Any, scheme: str) -> None:
    page = open_page(size=size, scheme=scheme)
    page.goto(f"/images/{ids[0]}/")
    page.get_by_role("link", name="Compare them side by side").click()
    expect(page.locator(".compared > li")).to_have_count(2)
    rows = page.locator(".settings tbody tr:visible")
    expect(rows.filter(has_text="differs")).to_have_count(1)

    page.get_by_label("Show only what differs").check()
    expect(rows).to_have_count(1)
    page.locator("label", has_text="100 %").click()
    panes = page.locator("[data-pane]")
    expect(panes.first.locator("img")).to_have_js_property("width", 1600)
    panes.first.hover()
    page.mouse.wheel(4000, 0)
    expect(panes.first).to_have_js_property("scrollLeft", 1600 - panes.first.evaluate("pane => pane.clientWidth"))
    page.wait_for_function("() => document.querySelectorAll('[data-pane]')[1].scrollLeft > 100")

    page.get_by_role("link", name="Add: a heron").click()
    expect(page.locator(".compared > li")).to_have_count(3)
    page.get_by_role("link", name="Remove picture A").click()
    expect(page.locator(".compared > li")).to_have_count(2)
    expect(page.locator(".settings tbody tr", has_text="Prompt")).to_contain_text("differs")


def test_pages_of_pictures_fit_the_smallest_phone(open_page: OpenPage, ids: list[str]) -> None:
    page = open_page(size=SMALL_PHONE)
    together = "&".join(f"image={id}" for id in ids)

    for address in (f"/images/{ids[0]}/", f"/studio/recall?image={ids[0]}", f"/compare/?{together}", "/compare/"):
        page.goto(address)
        assert page.evaluate("() => document.documentElement.scrollWidth") == SMALL_PHONE["width"], address
    page.goto(f"/images/{ids[0]}/")
    page.locator(".picture .shown").click()
    view = page.locator("dialog.viewer")
    for name in ("About this picture", "Favourite", "Close", "Newer picture", "Older picture"):
        box = view.get_by_role("link" if "About" in name else "button", name=name).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= SMALL_PHONE["width"], name
