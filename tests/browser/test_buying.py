"""Buying credits as people do, from the shop over Stripe's pages and back, before the whole site: the stand-in for
Stripe is a process of its own, and its events arrive at /webhooks/stripe."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE_MS, PHONE, Customer, OpenPage
from tests.browser.keyboard import go_to, press
from tests.live_site import LiveSite
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.browser

MONTH_S = 31 * 24 * 3600
GOOD, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0002"

HANDLED = """
import time
from billing.models import StripeEvent
deadline = time.monotonic() + 30
while StripeEvent.objects.filter(handled_at=None).exists():
    assert time.monotonic() < deadline, "an event is not handled"
    time.sleep(0.05)
"""
STRIPE_ID = """
from billing.models import StripeCustomer
print(StripeCustomer.objects.get(user__email={email!r}, deleted_at=None).stripe_id)
"""
SPEND = """
from django.contrib.auth import get_user_model
from billing import ledger
user = get_user_model().objects.get(email={email!r})
ledger.hold(user, {amount}, key="spent:{email}")
ledger.capture("spent:{email}", {amount}, memo="Pictures")
"""
RESTED = """
from django.utils import timezone
from billing import topups
from billing.models import AutoTopUp, TopUp
AutoTopUp.objects.filter(user__email={email!r}).update(rests_until=timezone.now())
topups.sweep()
print(TopUp.objects.filter(user__email={email!r}).count())
"""


@pytest.fixture
def stripe(live_site: LiveSite) -> Iterator[StripeStandIn]:
    """The site's own stand-in for Stripe: told what to do until the test is over."""
    known = StripeStandIn("Stripe", "standins.stripe", live_site.folder, live_site.port + 2, {})
    yield known
    known.control(calm=True, release=True)


def test_a_pack_is_waited_for_and_comes_with_its_papers(open_page: OpenPage, stripe: StripeStandIn) -> None:
    """Stripe's word is late: neither its events arrive, nor is it there to be asked."""
    page = open_page()
    page.goto("/billing/buy/")
    page.get_by_role("button", name="Buy for $10.00").click()
    stripe.control(hold=True, rules=[{"on": "api", "path": "/v1/checkout/sessions/*", "status": 503, "times": None}])
    pay(page, GOOD)
    expect(page.get_by_role("status").filter(has_text="Waiting for Stripe")).to_be_visible()
    expect(page.locator("#balance data")).to_have_text("1,000.00")

    stripe.control(calm=True, release=True)

    expect(page.get_by_text("10,000 credits came.")).to_be_visible()
    expect(page.locator("#balance data")).to_have_text("11,000.00")
    expect(page.get_by_text("Waiting for Stripe")).to_have_count(0)
    for name, title in {"Invoice": "Paid on", "Receipt": "$10.00"}.items():
        reload_until(page, page.get_by_role("link", name=name, exact=True))
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("main")).to_contain_text(title)
        page.go_back()
    page.get_by_role("link", name="Statement").click()
    expect(statement(page).nth(0)).to_contain_text("+10,000.00")
    expect(statement(page).nth(0)).to_contain_text("Purchase")
    expect(page.locator(".figures")).to_contain_text("11,000.00")


def test_a_pack_with_a_bonus_on_a_phone_without_scripts(open_page: OpenPage) -> None:
    """Who comes back without paying finds the choice kept, and goes on."""
    page = open_page(scripts=False, size=PHONE)
    page.goto("/billing/buy/")
    page.get_by_role("button", name="Buy for $25.00").click()
    page.get_by_role("link", name="← Krea Studio").click()
    expect(page.get_by_text("You came back without paying.")).to_be_visible()
    page.goto("/billing/")
    page.get_by_role("link", name="Pack of 26,000 credits").click()
    page.get_by_role("button", name="Go on paying $25.00").click()
    pay(page, GOOD)

    expect(page.get_by_text("26,000 credits came.")).to_be_visible()  # the page looks again by itself
    expect(page.locator("#balance data")).to_have_text("27,000.00")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Statement").click()
    lines = statement(page).all_inner_texts()
    assert any("+25,000.00" in line and "Purchase" in line for line in lines), lines
    assert any("+1,000.00" in line and "bonus" in line.lower() for line in lines), lines


def test_a_declined_card_and_then_a_good_one_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/billing/buy/")
    press(page, "Buy for $5.00: 5,000 credits")
    page.wait_for_url("**/pay/**")
    typed = {"Card number": DECLINED, "Expires (MM / YY)": "1234", "CVC": "123"}
    for label, words in {**typed, "Name": "Alice", "Country": "Germany", "Postal code": "10115"}.items():
        go_to(page, label)
        page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    for label, words in {**typed, "Card number": GOOD}.items():
        go_to(page, label)
        page.keyboard.press("Control+A")
        page.keyboard.type(words)
    page.keyboard.press("Enter")

    expect(page.get_by_text("5,000 credits came.")).to_be_visible()
    expect(page.locator("#balance data")).to_have_text("6,000.00")
    press(page, "Back to the studio")
    expect(page).to_have_url(re.compile("/studio/$"))


def test_a_plan_renews_once_a_month_until_it_is_cancelled(
    open_page: OpenPage, live_site: LiveSite, stripe: StripeStandIn
) -> None:
    page = open_page()
    page.goto("/billing/buy/")
    page.get_by_role("button", name="Subscribe for $10.00 a month").click()
    pay(page, GOOD)
    expect(page.get_by_text("11,000 credits came.")).to_be_visible()
    live_site.run(HANDLED)
    page.goto("/billing/")
    first = day_in(page, "The next credits come on")

    stripe.control(advance_s=MONTH_S)
    sent = [event["id"] for event in stripe.events()]
    stripe.control(deliver={"ids": sent, "copies": 2})
    live_site.run(HANDLED)

    page.reload()
    expect(page.locator("#balance data")).to_have_text("23,000.00")
    expect(statement(page).filter(has_text="+10,000.00")).to_have_count(2)
    assert 28 <= (day_in(page, "The next credits come on") - first).days <= 31
    page.goto("/billing/purchases/")
    expect(page.get_by_role("link", name="Invoice", exact=True)).to_have_count(2)

    page.get_by_role("button", name="Manage plan and cards").click()
    page.get_by_role("link", name="Cancel the plan").click()
    page.get_by_role("button", name="Cancel the plan").click()
    expect(page.get_by_text("Your plan is cancelled.")).to_be_visible()
    page.get_by_role("link", name="← Return to Krea Studio").click()
    live_site.run(HANDLED)
    page.goto("/billing/")
    assert 28 <= (day_in(page, "It ends on") - first).days <= 31

    stripe.control(advance_s=MONTH_S)
    live_site.run(HANDLED)
    page.reload()
    expect(page.get_by_text("You have no plan.")).to_be_visible()
    expect(page.locator("#balance data")).to_have_text("23,000.00")


@pytest.mark.parametrize("credits", [2_010_00])
def test_auto_top_up_fires_is_declined_and_stops(
    open_page: OpenPage, live_site: LiveSite, stripe: StripeStandIn, customer: Customer, credits: int
) -> None:
    """An order takes the balance below the threshold, which the follower sees; later, three declines in a row switch it
    off for good. The rests between the tries last hours, so they are taken back in the site's own rows."""
    page = open_page()
    switch_on(page, customer)
    page.goto("/studio/")
    page.fill("#prompt", "a kite above a beach")
    page.click("#generate")
    expect(page.locator(".card").first.locator(".state")).to_have_text("Ready")
    page.goto("/billing/top-up/")
    reload_until(page, page.get_by_role("cell", name="charged"))
    expect(page.locator("#balance data")).to_have_text("11,971.00")

    who = customer.email
    stripe.act("decline", customer=live_site.run(STRIPE_ID.format(email=who)).strip(), times=3)
    live_site.run(SPEND.format(email=who, amount=10_000_00))
    for told in ("declined 1 time", "declined 2 times", "declined the card three times"):
        live_site.run(RESTED.format(email=who))
        reload_until(page, page.get_by_text(told))
    expect(page.get_by_text("We switched it off.")).to_be_visible()
    expect(page.locator("#balance data")).to_have_text("1,971.00")

    # The card is good again, and nobody asks it.
    assert live_site.run(RESTED.format(email=who)).strip() == "4"
    page.goto("/inbox/")
    mine = page.locator("article").filter(has_text=who)
    expect(mine.filter(has_text="Topped up: 10,000 credits for $10.00")).to_have_count(1)
    expect(mine.filter(has_text="Your card was declined: $10.00 was not charged")).to_have_count(2)
    expect(mine.filter(has_text="Auto top-up is switched off")).to_have_count(1)


def switch_on(page: Page, customer: Customer) -> None:
    """Below 2,000 credits buy 10,000 for 10 dollars, at most 50 in a month; with a card that is saved on the way."""
    page.goto("/billing/top-up/")
    page.get_by_label("When fewer credits than this are available").fill("2,000")
    page.get_by_label("Buy").select_option(label="10,000 credits for $10.00")
    page.get_by_label("For at most, in US dollars a month").fill("50")
    page.get_by_role("button", name="Go on").click()
    page.fill("input[type=password]", customer.password)
    page.press("input[type=password]", "Enter")
    page.get_by_role("button", name="Save a card").click()
    page.get_by_role("button", name=f"Use {GOOD}").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Nothing was charged, and auto top-up is not on yet.")).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("Auto top-up is on.")).to_be_visible()
    expect(page.locator("#balance data")).to_have_text("2,010.00")


def pay(page: Page, card: str) -> None:
    """On Stripe's page, whose button fills in the rest."""
    page.get_by_role("button", name=f"Use {card}").click()
    page.get_by_role("button", name=re.compile(r"^(Pay \$|Subscribe$)")).click()
    page.wait_for_url("**/billing/purchases/**")


def statement(page: Page) -> Locator:
    return page.locator("table.statement tbody tr")


def day_in(page: Page, words: str) -> date:
    """The day that the billing page names after these words."""
    found = re.search(rf"{words} (\d+ \w+ \d{{4}})", page.locator("main").inner_text())
    assert found, page.locator("main").inner_text()
    return datetime.strptime(found[1], "%d %B %Y").replace(tzinfo=UTC).date()


def reload_until(page: Page, there: Locator) -> None:
    """As readers do of a page that does not tell of news by itself."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while there.count() == 0 and time.monotonic() < deadline:
        page.reload()
    expect(there).to_be_visible()
