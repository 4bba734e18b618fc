"""From log-in to the first picture, as people have it: any window, any colours, with and without scripts, by keyboard
alone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Customer, OpenPage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_first_picture_with_scripts(open_page: OpenPage, size: Any, scheme: str) -> None:
    page = open_page(size=size, scheme=scheme)
    page.fill("#prompt", f"a lighthouse, {scheme}")
    page.select_option("#quantity", "2")
    expect(page.locator("#price .total")).to_have_text("78.00 credits")

    page.click("#generate")

    card = page.locator(".card").first
    expect(card.locator(".prompt")).to_have_text(f"a lighthouse, {scheme}")
    expect(card.locator("img")).to_have_count(2)
    expect(card.locator(".state")).to_have_text("Ready")
    expect(page.locator("#announcer")).to_have_text("2 pictures ready.")
    expect(page.locator("#balance data")).to_have_text("922.00")
    assert card.locator("img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert page.url.endswith("/studio/")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_first_picture_without_scripts(open_page: OpenPage, size: Any) -> None:
    page = open_page(scripts=False, size=size)
    page.fill("#prompt", "a lighthouse")
    page.check("input[name=aspect_ratio][value='16:9']")
    page.get_by_role("button", name="Update the price").click()
    expect(page.locator("#price .total")).to_have_text("39.00 credits")
    expect(page.locator("#prompt")).to_have_value("a lighthouse")

    page.click("#generate")

    expect(page).to_have_url(re.compile("/studio/generations/"))
    expect(page.locator(".tile img")).to_have_count(1)  # the page looks again by itself
    expect(page.locator(".state")).to_have_text("Ready")
    page.click(".tile a")
    expect(page.locator(".picture img")).to_have_js_property("complete", True)
    page.click("text=Use these settings")
    page.click("text=Take what is ticked")
    expect(page.locator("#prompt")).to_have_value("a lighthouse")
    expect(page.locator("input[name=aspect_ratio]:checked")).to_have_value("16:9")


def test_first_picture_by_keyboard_alone(open_page: OpenPage, customer: Customer) -> None:
    page = open_page(logged_in=False)
    page.goto("/studio/")
    page.locator("#id_login").focus()
    page.keyboard.type(customer.email)
    page.keyboard.press("Tab")
    page.keyboard.type(customer.password)
    page.keyboard.press("Enter")
    # Loaded, not only begun: until then the browser may yet move the focus to where the skip link led.
    page.wait_for_url(re.compile("[0-9]/studio/$"))

    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    _tab_to(page, "#prompt")
    page.keyboard.type("a heron")
    expect(page.locator("#prompt")).to_have_value("a heron")
    _tab_to(page, "input[name=aspect_ratio]:checked")
    page.keyboard.press("ArrowRight")
    _tab_to(page, "#generate")
    expect(page.locator("#price .total")).to_have_text("39.00 credits")
    page.keyboard.press("Enter")

    card = page.locator(".card").first
    expect(card.locator(".prompt")).to_have_text("a heron")
    expect(card.locator("svg.frame")).to_have_attribute("viewBox", "0 0 1184 896")
    expect(card.locator("img")).to_have_count(1)


def test_ctrl_enter_in_the_prompt_generates_and_enter_in_a_field_spends_nothing(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/studio/?model=flux-krea-dev")
    page.fill("#prompt", "a heron")
    ordered: list[str] = []
    page.on("request", lambda request: ordered.append(request.url) if request.method == "POST" else None)
    page.fill("#num_inference_steps", "20")
    with page.expect_response("**/studio/price"):
        page.press("#num_inference_steps", "Enter")
    expect(page.locator("#price .total")).to_have_text("25.56 credits")
    assert not any(address.endswith("/studio/") for address in ordered)

    page.press("#prompt", "Control+Enter")

    expect(page.locator(".card").first.locator(".prompt")).to_have_text("a heron")
    expect(page.locator(".card").first.locator("img")).to_have_count(1)
    expect(page.locator(".card")).to_have_count(1)


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")
