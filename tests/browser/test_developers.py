"""The pages for developers in a real browser: a key from its making to its end, a webhook from its making to a test."""

import time

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Customer, OpenPage, Shelf
from tests.live_site import LiveSite

pytestmark = pytest.mark.browser
FOX = {"model": "krea-2-medium", "input": {"prompt": "a fox that a program ordered"}}
ARRIVES_WITHIN_S = 30


def order(live_site: LiveSite, secret: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {secret}"}
    address = f"{live_site.url}/api/v1/generations?wait=60"
    return httpx.post(address, json=FOX, headers=headers, timeout=90, trust_env=False)


def press(page: Page, words: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=words, exact=True).click()


def confirm(page: Page, customer: Customer) -> None:
    """What leads to a secret asks anew who it is, and then goes on."""
    page.wait_for_url("**/accounts/reauthenticate/**")
    page.fill("#id_password", customer.password)
    with page.expect_navigation():
        page.press("#id_password", "Enter")


def test_a_key_is_made_copied_used_and_revoked(open_page: OpenPage, live_site: LiveSite, customer: Customer) -> None:
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Developers").first.click()
    page.get_by_role("link", name="Make your first key").click()
    confirm(page, customer)
    page.get_by_label("Name").fill("Shop")
    page.get_by_label("Monthly limit in credits").fill("40")

    page.get_by_role("button", name="Make the key").dblclick()  # as many people press everything

    expect(page.locator("#secret")).to_be_visible()
    page.locator(".secret-line button").click()
    expect(page.locator(".secret-line button")).to_contain_text("Copied")
    secret = page.evaluate("() => navigator.clipboard.readText()")
    made = page.url
    told = order(live_site, secret)
    assert (told.status_code, told.json()["status"]) == (200, "succeeded"), told.text
    assert order(live_site, secret).json()["code"] == "limit_reached"

    page.goto("/developers/usage/")
    expect(page.locator("tbody").last).to_contain_text("Shop")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("Shop")
    assert secret not in page.content()

    page.goto("/developers/keys/")
    expect(page.locator(".key-list > li")).to_have_count(1)
    expect(page.locator(".key-list > li")).to_contain_text("39.00 of 40.00 credits used")
    page.goto(made)
    page.get_by_role("link", name="Revoke…").click()
    press(page, "Revoke the key")
    expect(page.locator("#notices")).to_contain_text("“Shop” is revoked.")
    assert order(live_site, secret).json()["code"] == "revoked_key"


def test_every_call_can_be_tried_in_the_reference_by_keyboard(open_page: OpenPage, live_site: LiveSite) -> None:
    page = open_page()
    page.goto("/api/v1/docs/")
    call = page.locator("details.try", has=page.locator("#createGeneration-body"))
    call.locator("summary").press("Enter")
    call.locator("#createGeneration-wait").fill("60")

    call.locator("[name=send]").press("Enter")  # as who is logged in

    expect(call.locator("[data-answer]")).to_contain_text('"status": "succeeded"', timeout=ARRIVES_WITHIN_S * 1000)
    expect(call.locator("[data-answer]")).to_contain_text("200")
    expect(page.locator("details.try:not([hidden])")).to_have_count(page.locator(".api-call").count())

    page.get_by_label("API key").fill("krea_" + "x" * 38)
    call.locator("[name=send]").press("Enter")

    expect(call.locator("[data-answer]")).to_contain_text('"code": "invalid_key"')


def test_a_webhook_is_made_and_tested_without_scripts_on_a_phone(
    open_page: OpenPage, shelf: Shelf, customer: Customer
) -> None:
    page = open_page(scripts=False, size=PHONE)
    page.goto("/developers/webhooks/")
    page.get_by_role("link", name="Make your first webhook").click()
    confirm(page, customer)
    page.get_by_label("Address").fill(f"{shelf.pictures}/teal.png")  # takes every call with 200
    press(page, "Make the webhook")
    assert page.locator("#secret").input_value().startswith("whsec_")

    press(page, "Send a test")

    deadline = time.monotonic() + ARRIVES_WITHIN_S
    while page.get_by_text("Try 1: 200").count() == 0 and time.monotonic() < deadline:
        page.reload()
    expect(page.locator("h1")).to_have_text("test Delivered")
    expect(page.locator(".hook-try")).to_contain_text("webhook-signature")
    page.get_by_role("navigation", name="Where you are").get_by_role("link").last.click()
    expect(page.locator("#log + nav + table")).to_contain_text("Delivered")
    assert page.locator("#secret").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
