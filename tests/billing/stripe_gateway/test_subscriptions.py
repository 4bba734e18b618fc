"""Plans: begun on a page, invoiced each month, changed, ended."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing import stripe_gateway
from billing.stripe_values import NotAtStripe, Payment, PaymentStatus, PlanLine, StripeRefused
from tests.billing.stripe_gateway.till import BACK, from_all_sides, library
from tests.stripe_standin import DAY_S, StripeStandIn

ASKED = {"purchase": "0190", "user": "7", "plan": "0191", "cents": "1000"}
EACH_MONTH = {"user": "7", "plan": "0191"}


@pytest.fixture
def price(stripe_standin: StripeStandIn) -> str:
    return stripe_gateway.ensure_price(name="Plus", cents=1000, lookup_key="plan:0191")


def subscribe(standin: StripeStandIn, customer: str, price: str, **typed: Any) -> Payment:
    session = stripe_gateway.begin_subscription(
        customer=customer, price=price, metadata=ASKED, key="checkout:sub", **BACK
    )
    standin.act("pay", session=session.id, country="DE", **typed)
    return from_all_sides(standin, session.id)


def invoices(standin: StripeStandIn, subscription: str) -> list[str]:
    """The newest first."""
    return [one.id for one in library(standin).v1.invoices.list({"subscription": subscription})]


def test_a_price_is_made_once_and_is_monthly(stripe_standin: StripeStandIn, price: str) -> None:
    assert stripe_gateway.ensure_price(name="Plus", cents=1000, lookup_key="plan:0191") == price

    made = library(stripe_standin).v1.prices.retrieve(price)
    assert (made.unit_amount, made.currency, made.tax_behavior) == (1000, "usd", "exclusive")
    assert made.recurring is not None
    assert (made.recurring.interval, made.recurring.interval_count) == ("month", 1)


def test_a_lookup_key_of_another_amount_is_refused(stripe_standin: StripeStandIn, price: str) -> None:
    with pytest.raises(StripeRefused, match="1100 cents"):
        stripe_gateway.ensure_price(name="Plus", cents=1100, lookup_key="plan:0191")


def test_the_first_month_is_paid_on_the_page(stripe_standin: StripeStandIn, customer: str, price: str) -> None:
    payment = subscribe(stripe_standin, customer, price)

    assert (payment.id[:3], payment.status, payment.paid_cents) == ("pi_", PaymentStatus.PAID, 1000)
    assert payment.lines == (PlanLine(price=price, cents=1000),)
    assert payment.metadata == ASKED
    assert payment.subscription.startswith("sub_")
    session = stripe_gateway.read_session(payment.session)
    assert (session.subscription, session.status) == (payment.subscription, "complete")
    assert stripe_gateway.read_payment(session.payment) == payment


def test_the_next_month_is_another_payment_and_no_purchase_that_was_asked_for(
    stripe_standin: StripeStandIn, customer: str, price: str
) -> None:
    first = subscribe(stripe_standin, customer, price)

    stripe_standin.control(advance_s=32 * DAY_S)

    second = from_all_sides(stripe_standin, invoices(stripe_standin, first.subscription)[0])
    assert second.id != first.id
    assert (second.status, second.paid_cents, second.subscription) == (PaymentStatus.PAID, 1000, first.subscription)
    assert (second.session, second.metadata, second.lines) == ("", EACH_MONTH, first.lines)


def test_the_lines_are_told_before_discount_and_tax(
    stripe_standin: StripeStandIn, customer: str, price: str, settings: Any
) -> None:
    settings.STRIPE_TAX = True
    coupon = library(stripe_standin).v1.coupons.create({"duration": "once", "percent_off": 50})
    library(stripe_standin).v1.promotion_codes.create(
        {"code": "HALF", "promotion": {"type": "coupon", "coupon": coupon.id}}
    )

    payment = subscribe(stripe_standin, customer, price, promotion_code="HALF")

    assert (payment.paid_cents, payment.tax_cents) == (595, 95)
    assert payment.lines == (PlanLine(price=price, cents=1000),)


def test_a_month_for_nothing_is_named_by_its_invoice(stripe_standin: StripeStandIn, customer: str, price: str) -> None:
    coupon = library(stripe_standin).v1.coupons.create({"duration": "once", "percent_off": 100})
    library(stripe_standin).v1.promotion_codes.create(
        {"code": "FREE", "promotion": {"type": "coupon", "coupon": coupon.id}}
    )

    payment = subscribe(stripe_standin, customer, price, promotion_code="FREE")

    assert (payment.id, payment.status, payment.paid_cents) == (payment.invoice, PaymentStatus.PAID, 0)
    assert payment.lines == (PlanLine(price=price, cents=1000),)
    assert payment.metadata == ASKED


def test_an_upgrade_brings_the_difference_in_lines_of_both_prices(
    stripe_standin: StripeStandIn, customer: str, price: str
) -> None:
    first = subscribe(stripe_standin, customer, price)
    more = stripe_gateway.ensure_price(name="Pro", cents=3000, lookup_key="plan:0192")

    change(stripe_standin, first.subscription, more)

    upgrade = from_all_sides(stripe_standin, invoices(stripe_standin, first.subscription)[0])
    assert upgrade.status == PaymentStatus.PAID
    cents = {line.price: line.cents for line in upgrade.lines}
    assert set(cents) == {price, more}
    assert cents[price] < 0 < cents[more]
    assert upgrade.paid_cents == sum(line.cents for line in upgrade.lines)
    assert stripe_gateway.read_subscription(first.subscription).price == more


def test_an_invoice_of_many_lines_is_read_to_the_end(stripe_standin: StripeStandIn, customer: str, price: str) -> None:
    first = subscribe(stripe_standin, customer, price)
    prices = [
        stripe_gateway.ensure_price(name=f"Plan {count}", cents=1000 + count, lookup_key=f"plan:{count}")
        for count in range(8)
    ]
    for other in prices:
        change(stripe_standin, first.subscription, other, proration="create_prorations")
    stripe_standin.control(advance_s=32 * DAY_S)

    payment = from_all_sides(stripe_standin, invoices(stripe_standin, first.subscription)[0])

    assert len(payment.lines) == 17
    assert payment.paid_cents == sum(line.cents for line in payment.lines)


def test_a_month_that_was_not_paid_is_open_to_be_paid(stripe_standin: StripeStandIn, customer: str, price: str) -> None:
    first = subscribe(stripe_standin, customer, price)
    stripe_standin.act("decline", customer=customer, code="insufficient_funds")

    stripe_standin.control(advance_s=32 * DAY_S)

    second = from_all_sides(stripe_standin, invoices(stripe_standin, first.subscription)[0])
    assert (second.status, second.decline_code, second.paid_cents) == (PaymentStatus.FAILED, "insufficient_funds", 0)
    assert stripe_gateway.read_subscription(first.subscription).status == "past_due"

    stripe_standin.control(advance_s=4 * DAY_S)

    assert from_all_sides(stripe_standin, second.id).status == PaymentStatus.PAID
    assert stripe_gateway.read_subscription(first.subscription).status == "active"


def test_a_subscription_tells_what_is_paid_for_and_when_it_ends(
    stripe_standin: StripeStandIn, customer: str, price: str
) -> None:
    state = stripe_gateway.read_subscription(subscribe(stripe_standin, customer, price).subscription)
    assert (state.customer, state.status, state.price, state.ends_at) == (customer, "active", price, None)
    assert state.metadata == EACH_MONTH
    assert state.renews_at is not None
    assert 27 <= (state.renews_at - now(stripe_standin)).days <= 31

    library(stripe_standin).v1.subscriptions.update(state.id, {"cancel_at_period_end": True})
    assert stripe_gateway.read_subscription(state.id).ends_at == state.renews_at
    assert stripe_gateway.read_subscription(state.id).status == "active"

    stripe_standin.control(advance_s=32 * DAY_S)
    ended = stripe_gateway.read_subscription(state.id)
    assert (ended.status, ended.ends_at) == ("canceled", state.renews_at)


def test_deleting_the_customer_ends_the_subscription(stripe_standin: StripeStandIn, customer: str, price: str) -> None:
    subscription = subscribe(stripe_standin, customer, price).subscription

    stripe_gateway.delete_customer(customer)

    assert stripe_gateway.read_subscription(subscription).status == "canceled"


def test_a_subscription_that_is_not_there(stripe_standin: StripeStandIn) -> None:
    with pytest.raises(NotAtStripe):
        stripe_gateway.read_subscription("sub_1")


def change(standin: StripeStandIn, subscription: str, price: str, *, proration: str = "always_invoice") -> None:
    item = library(standin).v1.subscriptions.retrieve(subscription).items.data[0].id
    library(standin).v1.subscriptions.update(
        subscription, {"items": [{"id": item, "price": price}], "proration_behavior": proration}
    )


def now(standin: StripeStandIn) -> datetime:
    return datetime.fromtimestamp(standin.control()["now"], UTC)
