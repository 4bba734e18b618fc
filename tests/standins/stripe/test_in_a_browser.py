"""The pages of the stand-in in Chromium: by keyboard alone, without scripts, in every size and both schemes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from stripe import StripeClient

from tests.browser.keyboard import go_to, press
from tests.sights.eye import ASK_AXE, CHROMIUM, OF_ALL, OF_COLOUR, OVERFLOW, axe_source
from tests.standins.launch import StripeStandIn
from tests.standins.receiver import Receiver, running_receiver
from tests.standins.stripe.shop import customer_of, monthly, open_session, subscribe

pytestmark = pytest.mark.browser

OpenWindow = Callable[..., Page]
INVOICED: Any = {"invoice_creation": {"enabled": True}}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium is installed at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_window(chromium: Browser, standin: StripeStandIn) -> Iterator[OpenWindow]:
    """A window; whatever the Content-Security-Policy refuses fails the test."""
    contexts, refused = [], []

    def open_one(**options: Any) -> Page:
        context = chromium.new_context(base_url=standin.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert refused == []


@pytest.fixture
def shop() -> Iterator[Receiver]:
    """Where customers are sent back to."""
    with running_receiver() as running:
        running.pictures["/paid"] = b"Thank you."
        yield running


def test_a_customer_with_a_keyboard_and_no_scripts_pays_after_a_decline(
    client: StripeClient, open_window: OpenWindow, shop: Receiver
) -> None:
    session = open_session(client, success_url=f"{shop.url}/paid", cancel_url=f"{shop.url}/basket", **INVOICED)
    page = open_window(java_script_enabled=True, viewport={"width": 390, "height": 844})
    page.goto(session.url or "")
    typed = {"Email": "alice@example.com", "Card number": "4000000000009995", "Expires (MM / YY)": "1234", "CVC": "123"}
    for label, words in {**typed, "Name": "Alice", "Country": "Germany", "Postal code": "10115"}.items():
        go_to(page, label)
        page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Your card has insufficient funds.")

    page.get_by_label("Card number").fill("4000002760003184")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="3-D Secure")).to_be_visible()
    press(page, "Complete")

    page.wait_for_url(f"{shop.url}/paid")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_without_scripts_the_fields_of_a_bank_and_of_a_business_come_when_they_are_wanted(
    client: StripeClient, open_window: OpenWindow, shop: Receiver
) -> None:
    session = open_session(client, success_url=f"{shop.url}/paid", tax_id_collection={"enabled": True})
    page = open_window(java_script_enabled=False)
    page.goto(session.url or "")
    expect(page.get_by_label("Test bank")).to_be_hidden()
    expect(page.get_by_label("VAT or other tax ID")).to_be_hidden()

    page.get_by_label("US bank account").check()
    page.get_by_label("I'm buying as a business").check()
    expect(page.get_by_label("Card number")).to_be_hidden()
    page.get_by_label("VAT or other tax ID").fill("DE123456789")
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Name").fill("Acme GmbH")
    page.get_by_label("Country").select_option(label="Germany")
    page.get_by_role("button", name="Pay $10.00").click()

    page.wait_for_url(f"{shop.url}/paid")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_every_page_can_be_read_by_everybody(
    client: StripeClient, standin: StripeStandIn, open_window: OpenWindow
) -> None:
    """Takes its time: axe looks at a dozen pages, each in the light and, for colours, in the dark."""
    page = open_window(viewport={"width": 1280, "height": 844})
    wrong: dict[str, list[Any]] = {name: faults(page, address) for name, address in addresses(client, standin).items()}

    assert {name: found for name, found in wrong.items() if found} == {}


def faults(page: Page, address: str) -> list[Any]:
    """What axe has against a page, and the widths at which it scrolls sideways."""
    page.emulate_media(color_scheme="light")
    page.goto(address)
    page.evaluate(axe_source())
    found = []
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        found += [width] if page.evaluate(OVERFLOW) > 0 else []
    found += page.evaluate(ASK_AXE, OF_ALL)
    page.emulate_media(color_scheme="dark")
    return [*found, *page.evaluate(ASK_AXE, OF_COLOUR)]


def addresses(client: StripeClient, standin: StripeStandIn) -> dict[str, str]:
    """One page of each kind, with something on it."""
    features: Any = {"customer_update": {"enabled": True, "allowed_updates": ["email", "address", "tax_id"]}}
    features |= {
        name: {"enabled": True} for name in ("invoice_history", "payment_method_update", "subscription_cancel")
    }
    plans = [monthly(client, cents) for cents in (1000, 3000)]
    offers = [{"product": client.v1.prices.retrieve(id).product, "prices": [id]} for id in plans]
    features["subscription_update"] = {"enabled": True, "default_allowed_updates": ["price"], "products": offers}
    subscription = subscribe(client, standin, plans[0])
    customer = str(client.v1.subscriptions.retrieve(subscription).customer)
    configuration = client.v1.billing_portal.configurations.create({"features": features})
    portal = client.v1.billing_portal.sessions.create({"customer": customer, "configuration": configuration.id})
    paid = open_session(client, **INVOICED)
    standin.act("pay", session=paid.id, country="DE", name="Alice")
    paid = client.v1.checkout.sessions.retrieve(paid.id)
    disputed = open_session(client)
    standin.act("pay", session=disputed.id)
    standin.act("dispute", payment=disputed.id)
    asked = open_session(client)
    tax: Any = {"automatic_tax": {"enabled": True}, "tax_id_collection": {"enabled": True}}
    charge = client.v1.charges.list({"customer": customer_of(paid)}).data[0]
    return {
        "checkout": open_session(client, allow_promotion_codes=True, cancel_url="http://shop.example/", **tax).url
        or "",
        "over": f"/pay/{paid.id}",
        "3-D Secure": standin.act("pay", session=asked.id, card="authenticate")["url"],
        "invoice": f"/invoices/{paid.invoice}",
        "receipt": charge.receipt_url or "",
        "portal": portal.url,
        "plans": f"{portal.url}/plan/{subscription}",
        "end": f"{portal.url}/end/{subscription}",
        "card": f"{portal.url}/card",
        "details": f"{portal.url}/details",
        "dashboard": "/",
        "nothing": "/pay/none",
    }
