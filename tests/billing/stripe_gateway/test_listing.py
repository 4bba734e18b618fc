"""What happened at Stripe since a moment: each payment once, whatever happened to it."""

from datetime import UTC, datetime

import pytest

from billing import stripe_gateway
from billing.stripe_values import Payment, PaymentStatus
from tests.billing.stripe_gateway.till import BACK, bought, library, sell
from tests.stripe_standin import DAY_S, StripeStandIn


def since(standin: StripeStandIn, *, days: int = 0) -> datetime:
    return datetime.fromtimestamp(standin.control()["now"] - days * DAY_S, UTC)


def listed(moment: datetime) -> dict[str, Payment]:
    found = list(stripe_gateway.payments_since(moment))
    assert len({payment.id for payment in found}) == len(found)
    return {payment.id: payment for payment in found}


def buy(standin: StripeStandIn, customer: str, key: str, **typed: object) -> str:
    session = sell(customer, key=key)
    standin.act("pay", session=session.id, country="DE", **typed)
    return stripe_gateway.read_payment(session.id).id


@pytest.fixture
def old(stripe_standin: StripeStandIn, customer: str) -> str:
    """A payment of a month ago."""
    payment = bought(stripe_standin, customer)
    stripe_standin.control(advance_s=30 * DAY_S)
    return payment.id


def test_what_was_made_is_listed_as_it_is_read(stripe_standin: StripeStandIn, customer: str) -> None:
    ids = {buy(stripe_standin, customer, f"checkout:{count}") for count in range(3)}
    ids.add(buy(stripe_standin, customer, "checkout:declined", card="declined"))

    found = listed(since(stripe_standin, days=1))

    assert found == {id: stripe_gateway.read_payment(id) for id in ids}


def test_a_page_that_nobody_paid_is_no_payment(stripe_standin: StripeStandIn, customer: str) -> None:
    sell(customer)

    assert listed(since(stripe_standin, days=1)) == {}


def test_what_is_older_and_lay_still_is_left_out(stripe_standin: StripeStandIn, customer: str, old: str) -> None:
    new = buy(stripe_standin, customer, "checkout:new")

    assert set(listed(since(stripe_standin, days=1))) == {new}
    assert set(listed(since(stripe_standin, days=31))) == {old, new}


def test_an_old_payment_that_was_refunded_now_is_listed(stripe_standin: StripeStandIn, old: str) -> None:
    stripe_standin.act("refund", payment=old, amount=100)

    (found,) = listed(since(stripe_standin, days=1)).values()

    assert (found.id, [one.cents for one in found.reversals]) == (old, [100])


@pytest.mark.parametrize("inquiry", [True, False])
def test_an_old_payment_that_is_disputed_now_is_listed(stripe_standin: StripeStandIn, old: str, inquiry: bool) -> None:
    stripe_standin.act("dispute", payment=old, inquiry=inquiry)

    (found,) = listed(since(stripe_standin, days=1)).values()

    assert (found.id, [one.takes for one in found.reversals]) == (old, [not inquiry])


def test_an_old_dispute_that_is_won_now_is_listed(stripe_standin: StripeStandIn, old: str) -> None:
    dispute = stripe_standin.act("dispute", payment=old)
    stripe_standin.control(advance_s=20 * DAY_S)
    assert listed(since(stripe_standin, days=1)) == {}

    stripe_standin.act("close_dispute", dispute=dispute["id"], won=True)

    (found,) = listed(since(stripe_standin, days=1)).values()
    assert (found.id, found.reversals[0].restored_cents) == (old, 1000)


def test_an_old_refund_that_failed_now_is_listed(stripe_standin: StripeStandIn, old: str) -> None:
    refund = stripe_standin.act("refund", payment=old)
    stripe_standin.control(advance_s=20 * DAY_S)

    stripe_standin.act("fail_refund", refund=refund["id"])

    (found,) = listed(since(stripe_standin, days=1)).values()
    assert (found.id, found.reversals[0].restored_cents) == (old, 1000)


def test_a_late_payment_is_listed_when_the_money_came(stripe_standin: StripeStandIn, customer: str) -> None:
    late = buy(stripe_standin, customer, "checkout:late", card="bank_waits")
    stripe_standin.control(advance_s=9 * DAY_S)
    assert listed(since(stripe_standin, days=1)) == {}

    stripe_standin.act("settle", payment=late)

    (found,) = listed(since(stripe_standin, days=1)).values()
    assert (found.id, found.status) == (late, PaymentStatus.PAID)


def test_what_was_free_is_listed_too(stripe_standin: StripeStandIn, customer: str) -> None:
    coupon = library(stripe_standin).v1.coupons.create({"duration": "once", "percent_off": 100})
    library(stripe_standin).v1.promotion_codes.create(
        {"code": "FREE", "promotion": {"type": "coupon", "coupon": coupon.id}}
    )
    free = buy(stripe_standin, customer, "checkout:free", promotion_code="FREE")

    (found,) = listed(since(stripe_standin, days=1)).values()

    assert (found, found.paid_cents) == (stripe_gateway.read_payment(free), 0)


def test_the_lists_are_read_to_their_end_and_page_by_page(stripe_standin: StripeStandIn, customer: str) -> None:
    for count in range(12):
        buy(stripe_standin, customer, f"checkout:{count}")
    ids = [event["id"] for event in stripe_standin.events()]
    assert 100 < len(ids) <= 200
    before = len(stripe_standin.log(method="GET"))

    events = stripe_gateway.events_since(since(stripe_standin, days=1))

    first = next(events)
    assert len(stripe_standin.log(method="GET")) == before + 1
    assert [first.id, *(event.id for event in events)] == ids[::-1]
    assert len(stripe_standin.log(method="GET")) == before + 2


def test_events_are_told_with_what_they_are_about(stripe_standin: StripeStandIn, customer: str) -> None:
    bought(stripe_standin, customer)

    found = list(stripe_gateway.events_since(since(stripe_standin, days=1)))

    assert {event.id for event in found} == {event["id"] for event in stripe_standin.events()}
    assert {event.api_version for event in found} == {stripe_gateway.API_VERSION}
    assert ("customer.created", customer) in {(event.type, event.object_id) for event in found}


def test_subscriptions_are_listed_also_when_they_ended(stripe_standin: StripeStandIn, customer: str) -> None:
    price = stripe_gateway.ensure_price(name="Plus", cents=1000, lookup_key="plan:1")
    session = stripe_gateway.begin_subscription(customer=customer, price=price, metadata={}, key="checkout:1", **BACK)
    stripe_standin.act("pay", session=session.id, country="DE")
    subscription = stripe_gateway.read_session(session.id).subscription
    stripe_gateway.delete_customer(customer)

    (found,) = stripe_gateway.subscriptions_since(since(stripe_standin, days=1))

    assert (found, found.status) == (stripe_gateway.read_subscription(subscription), "canceled")
