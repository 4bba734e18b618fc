"""The levers on money, each pulled once by staff in a real browser, before the whole site and both stand-ins."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Customer, OpenPage
from tests.browser.operator import OpenDesk, open_desk
from tests.browser.test_buying import GOOD, pay, reload_until, stripe
from tests.live_site import LiveSite
from tests.standins.launch import StripeStandIn

__all__ = ["open_desk", "stripe"]
pytestmark = pytest.mark.browser

PAYMENT = """
from billing.models import Purchase
print(Purchase.objects.get(user__email={email!r}, status="paid").payment)
"""
OWES = """
from django.contrib.auth import get_user_model
from billing import ledger, takings
from billing.models import Kind
user = get_user_model().objects.get(email={email!r})
takings.take(user, cash=1250_00, bonus=0, kind=Kind.DISPUTE, key="owes:{email}", memo="Disputed payment")
print(ledger.wallet(user).pk)
"""
A_DAY = """
from datetime import timedelta
from django.utils import timezone
from generations.models import FalDay
found = [dict(id="req-1", words="a request at fal that nobody here made", is_mended=False, draw="")]
day = (timezone.now() - timedelta(days=40)).date()
told = dict(fal_requests=1, fal_microusd=30_000, left=1, findings=found)
print(FalDay.objects.update_or_create(endpoint="krea/v2/medium/text-to-image", day=day, defaults=told)[0].pk)
"""


@pytest.fixture
def payment(live_site: LiveSite, customer: Customer, open_page: OpenPage) -> str:
    """Of a pack for $25.00 that the customer has just paid."""
    page = open_page()
    page.goto("/billing/buy/")
    page.get_by_role("button", name="Buy for $25.00").click()
    pay(page, GOOD)
    expect(page.get_by_text("26,000 credits came.")).to_be_visible()
    return live_site.run(PAYMENT.format(email=customer.email)).strip()


def open_purchase(page: Page, payment: str) -> None:
    page.goto(f"/admin/purchases/?q={payment}")
    page.get_by_role("link", name="Pack of 26,000 credits").click()
    expect(page.locator("h1")).to_contain_text("Pack of 26,000 credits")


def test_a_cent_that_is_missing_at_stripe_is_found_and_taken_over(
    open_desk: OpenDesk, stripe: StripeStandIn, payment: str
) -> None:
    stripe.act("alter", object=payment, amount_received=2_499)
    desk = open_desk("finance", "/admin/stripe/")

    desk.get_by_role("button", name="Compare now").click()
    expect(desk.locator("#notices")).to_contain_text("it runs")
    reload_until(desk, desk.get_by_role("row").filter(has_text=payment).filter(has_text="$24.99 was paid"))
    open_purchase(desk, payment)
    desk.fill("#why", "Their dashboard says so too")
    desk.get_by_role("button", name="Take Stripe's amount over").click()

    expect(desk.locator("#notices")).to_contain_text("It says $24.99 now, as Stripe does.")
    expect(desk.get_by_text(f"stripe:{payment}:corrected")).to_be_visible()


def test_money_is_given_back_and_stripe_is_asked_again(open_desk: OpenDesk, payment: str, open_page: OpenPage) -> None:
    desk = open_desk("finance", "/admin/purchases/", size=PHONE, scripts=False)
    open_purchase(desk, payment)

    desk.fill("#reason", "Bought by mistake")
    desk.get_by_role("button", name="Refund the whole, $25.00").click()
    expect(desk.locator("#notices")).to_contain_text("Stripe is asked to give back $25.00.")
    reload_until(desk, desk.locator(".badge", has_text=re.compile("^done$")))
    desk.get_by_role("button", name="Ask Stripe again").click()

    expect(desk.locator("#notices")).to_contain_text("Stripe is being asked.")
    page = open_page()
    page.goto("/billing/")
    expect(page.locator("main")).to_contain_text("1,000.00")


def test_an_event_is_handled_again(open_desk: OpenDesk, payment: str) -> None:
    desk = open_desk("finance", "/admin/stripe/")
    desk.goto(f"/admin/stripe/?q={payment}#events")

    desk.get_by_role("link", name="payment_intent.succeeded").click()
    desk.get_by_role("button", name="Handle it again").click()

    expect(desk.locator("#notices")).to_contain_text("It is being handled.")


def test_a_debt_is_forgiven(open_desk: OpenDesk, live_site: LiveSite, customer: Customer, open_page: OpenPage) -> None:
    wallet = live_site.run(OWES.format(email=customer.email)).strip()
    desk = open_desk("finance", f"/admin/debts/{wallet}/")

    desk.fill("#amount", "250")
    desk.fill("#reason", "An error of ours")
    desk.get_by_role("button", name="Forgive").click()

    expect(desk.locator("#notices")).to_contain_text("250 credits are forgiven.")
    page = open_page()
    page.goto("/billing/")
    expect(page.locator("main")).to_contain_text("An error of ours")


def test_fal_is_compared_now_and_a_day_is_explained(open_desk: OpenDesk, live_site: LiveSite) -> None:
    day = live_site.run(A_DAY).strip()
    desk = open_desk("finance", "/admin/fal/")

    desk.get_by_role("button", name="Compare now").click()
    reload_until(desk, desk.get_by_text("Compared on"))
    desk.goto(f"/admin/fal/days/{day}/")
    desk.fill("#why", "Tried a prompt in their playground")
    desk.get_by_role("button", name="It is explained").click()

    expect(desk.locator("#notices")).to_contain_text("It is explained.")
    expect(desk.locator("h1 .badge")).to_have_text("explained")


def test_the_books_are_audited_now(open_desk: OpenDesk) -> None:
    desk = open_desk("finance", "/admin/audit/")

    desk.get_by_role("button", name="Run it now").click()

    reload_until(desk, desk.get_by_text("Nothing was wrong."))


def test_support_sees_money_and_has_no_lever_on_it(open_desk: OpenDesk, payment: str) -> None:
    desk = open_desk("support", "/admin/fal/")
    expect(desk.get_by_role("button", name="Compare now")).to_have_count(0)

    open_purchase(desk, payment)

    expect(desk.get_by_role("button", name=re.compile("Refund|Ask Stripe"))).to_have_count(0)
