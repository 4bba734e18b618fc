"""The pages of the image models in a browser: the console by keyboard alone, the pages without scripts, the calculator
as one types."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage

pytestmark = pytest.mark.browser


def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Press Tab until the focus is there, as somebody without a mouse would."""
    wanted = page.locator(selector)
    for _ in range(most):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by {most} presses of Tab")


def retype(page: Page, text: str) -> None:
    tab_to(page, "#console-json")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_console_prices_sends_and_cancels_by_keyboard_alone(open_page: OpenPage, fal: Callable[..., None]) -> None:
    page = open_page()
    page.goto("/models/krea-2-medium/#try")
    price, status = page.locator("#console-price"), page.locator("#answer-status")
    expect(price).to_contain_text("39.00 credits")
    body = json.loads(page.locator("#console-json").input_value())
    before = int(page.locator("#balance data").get_attribute("value") or 0)

    retype(page, json.dumps(body | {"input": {"prompt": "a quiet harbour", "creativity": "wild"}}))
    expect(page.locator("[data-pointer='/input/creativity'] .error")).to_have_text(
        "creativity must be one of raw, low, medium, high."
    )
    expect(page.locator("#console-problems")).to_contain_text("/input/creativity")
    expect(page.locator("#console-json")).to_have_attribute("aria-invalid", "true")

    retype(page, json.dumps(body | {"quantity": 2}))
    expect(price).to_contain_text("78.00 credits, 2 \N{MULTIPLICATION SIGN} 39.00")
    tab_to(page, "[data-field=image_style_references]")
    page.keyboard.press("Enter")
    expect(price).to_contain_text("91.00 credits, 2 \N{MULTIPLICATION SIGN} 45.50")
    assert "image_style_references" in json.loads(page.locator("#console-json").input_value())["input"]

    nowhere = {"image_style_references": [{"image_url": "http://127.0.0.1/none.png"}]}
    page.locator("#console-json").focus()
    retype(page, json.dumps(body | {"input": body["input"] | nowhere}))
    expect(price).to_contain_text("45.50 credits")
    tab_to(page, "#console [type=submit]")
    page.keyboard.press("Enter")
    expect(status).to_contain_text("HTTP 422")
    expect(page.locator("#console-problems")).to_contain_text("/input/image_style_references/0/image_url")

    page.locator("#console-json").focus()
    retype(page, json.dumps(body | {"quantity": 2}))
    expect(price).to_contain_text("78.00 credits")
    tab_to(page, "#console [type=submit]")
    page.keyboard.press("Enter")
    expect(status).to_have_text("HTTP 200 OK: succeeded")
    expect(page.locator("#answer-pictures img")).to_have_count(2)
    expect(page.locator("#answer-pictures img").first).to_have_js_property("naturalWidth", 1024)
    assert json.loads(page.locator("#answer-json").inner_text())["cost"]["charged"] == "78.00"
    expect(page.locator("#balance data")).to_have_attribute("value", str(before - 78_00))

    fal(latency_s=30)
    expect(page.locator("#console [type=submit]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#console [data-cancel]")).to_be_visible()
    page.locator("#console [data-cancel]").focus()
    page.keyboard.press("Enter")
    expect(status).to_have_text("HTTP 200 OK: canceled")
    expect(page.locator("#console [type=submit]")).to_be_enabled()


def test_pages_tell_everything_without_scripts(open_page: OpenPage) -> None:
    page = open_page(scripts=False, size=PHONE, logged_in=False)

    page.goto("/models/flux-krea-dev/")
    for language, word in (("python", "import urllib.request"), ("javascript", "await fetch"), ("curl", "--header")):
        page.locator(f"label[for=code-{language}]").click()
        shown = page.locator(".tabs pre:visible")
        expect(shown).to_have_count(3)
        expect(shown.first).to_contain_text(word)
    page.goto("/#prices")
    page.select_option("#calculator-model", "flux-krea-dev")
    page.click("#calculator [type=submit]")
    expect(page.locator("#calculation")).to_contain_text("25.56 credits, $0.02556")
    page.select_option("#calculator-size", "own")
    page.fill("#calculator-width", "2000")
    page.fill("#calculator-height", "1000")
    page.fill("#calculator-quantity", "2")
    page.press("#calculator-quantity", "Enter")
    expect(page.locator("#calculation")).to_contain_text("130.00 credits, $0.13")
    for address in ("/", "/models/", "/models/flux-krea-dev/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address


def test_calculator_follows_every_change(open_page: OpenPage) -> None:
    page = open_page(logged_in=False)
    page.goto("/")
    result = page.locator("#calculation")
    expect(result).to_contain_text("39.00 credits, $0.039")

    page.fill("#calculator-quantity", "4")
    expect(result).to_contain_text("156.00 credits, $0.156")
    page.check("#calculator-references")
    expect(result).to_contain_text("182.00 credits, $0.182")
    page.select_option("#calculator-model", "krea-2-turbo-lora")
    expect(result).to_contain_text("54.56 credits")
    expect(page.locator("#calculator-references")).to_have_count(0)
    expect(page.locator("#calculator-width")).to_be_hidden()
    page.select_option("#calculator-size", "own")
    page.fill("#calculator-width", "2000")
    page.fill("#calculator-height", "2000")
    expect(result).to_contain_text("208.00 credits")
    page.fill("#calculator-height", "2048")
    expect(result).to_contain_text("at most 4 megapixels")
