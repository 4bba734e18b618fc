"""What a customer has saved to pay with, and charges of it while the customer is not there."""

from typing import Any

import pytest

from billing import stripe_gateway
from billing.stripe_values import Card, Declined, NotAtStripe, Payment, PaymentStatus, StripeRefused
from tests.billing.stripe_gateway.till import SOLD, from_all_sides, library, sell
from tests.stripe_standin import StripeStandIn


def save(standin: StripeStandIn, customer: str, card: str = "visa", *, key: str = "checkout:saving") -> Card:
    """Bought something with it, and let it be kept."""
    session = sell(customer, key=key, saves_card=True)
    standin.act("pay", session=session.id, country="DE", card=card)
    if stripe_gateway.read_payment(session.id).status == PaymentStatus.NEEDS_ACTION:
        standin.act("authenticate", payment=session.id)
    saved = stripe_gateway.saved_card(customer)
    assert saved is not None
    return saved


def charge(customer: str, card: Card, cents: int = 1000, key: str = "topup:1") -> Payment:
    return stripe_gateway.charge_saved_card(
        customer=customer, card=card.id, cents=cents, description="Top-up", metadata=SOLD, key=key
    )


def test_nobody_has_saved_a_card_at_first(stripe_standin: StripeStandIn, customer: str) -> None:
    assert stripe_gateway.saved_card(customer) is None


def test_a_customer_that_is_gone_has_none_and_is_said_to_be_gone(stripe_standin: StripeStandIn, customer: str) -> None:
    stripe_gateway.delete_customer(customer)

    for gone in (customer, "cus_unknown"):
        with pytest.raises(NotAtStripe):
            stripe_gateway.saved_card(gone)


def test_a_card_is_only_kept_where_that_was_said(stripe_standin: StripeStandIn, customer: str) -> None:
    stripe_standin.act("pay", session=sell(customer).id, country="DE")

    assert stripe_gateway.saved_card(customer) is None


def test_a_saved_card_is_told_as_its_owner_knows_it(stripe_standin: StripeStandIn, customer: str) -> None:
    card = save(stripe_standin, customer)

    assert (card.brand, card.last4) == ("Visa", "4242")
    month, _, year = card.expires.partition("/")
    assert (len(month), len(year)) == (2, 4)


def test_the_newest_card_pays_unless_another_was_made_the_default(stripe_standin: StripeStandIn, customer: str) -> None:
    old = save(stripe_standin, customer, key="checkout:a")
    stripe_standin.control(advance_s=60)
    new = save(stripe_standin, customer, "amex", key="checkout:b")
    assert (new.brand, new.last4) == ("American Express", "0005")

    settings: Any = {"default_payment_method": old.id}
    library(stripe_standin).v1.customers.update(customer, {"invoice_settings": settings})

    assert stripe_gateway.saved_card(customer) == old


def test_a_charge_is_paid_at_once(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = charge(customer, save(stripe_standin, customer))

    assert (payment.status, payment.paid_cents, payment.metadata) == (PaymentStatus.PAID, 1000, SOLD)
    assert (payment.customer, payment.session, payment.invoice) == (customer, "", "")
    assert from_all_sides(stripe_standin, payment.id) == payment


def test_a_charge_said_twice_is_one(stripe_standin: StripeStandIn, customer: str) -> None:
    card = save(stripe_standin, customer)

    assert charge(customer, card).id == charge(customer, card).id
    with pytest.raises(StripeRefused) as refused:
        charge(customer, card, cents=1100)

    assert refused.value.code == "idempotency_error"


def test_a_declined_charge_says_why_and_of_which_payment(stripe_standin: StripeStandIn, customer: str) -> None:
    card = save(stripe_standin, customer, "declines_later")

    with pytest.raises(Declined) as declined:
        charge(customer, card)

    assert (declined.value.code, declined.value.needs_action, declined.value.status) == ("generic_decline", False, 402)
    payment = stripe_gateway.read_payment(declined.value.payment)
    assert (payment.status, payment.decline_code, payment.metadata) == (PaymentStatus.FAILED, "generic_decline", SOLD)


def test_a_decline_is_repeated_under_its_key(stripe_standin: StripeStandIn, customer: str) -> None:
    card = save(stripe_standin, customer, "declines_later")
    tries = []

    for _ in range(2):
        with pytest.raises(Declined) as declined:
            charge(customer, card)
        tries.append(declined.value.payment)

    assert tries[0] == tries[1]


def test_a_bank_that_wants_the_customer_is_told_apart(stripe_standin: StripeStandIn, customer: str) -> None:
    card = save(stripe_standin, customer, "authenticate")

    with pytest.raises(Declined) as declined:
        charge(customer, card)

    assert declined.value.needs_action
    assert declined.value.code == "authentication_required"


def test_a_failed_charge_can_be_ended_for_good(stripe_standin: StripeStandIn, customer: str) -> None:
    card = save(stripe_standin, customer, "declines_later")
    with pytest.raises(Declined) as declined:
        charge(customer, card)

    ended = stripe_gateway.cancel_payment(declined.value.payment)

    assert ended.status == PaymentStatus.CANCELED
    assert stripe_gateway.cancel_payment(ended.id) == ended


def test_what_is_paid_stays_paid(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = charge(customer, save(stripe_standin, customer))

    assert stripe_gateway.cancel_payment(payment.id) == payment


def test_to_cancel_what_a_page_asks_for_closes_the_page(stripe_standin: StripeStandIn, customer: str) -> None:
    session = sell(customer)
    stripe_standin.act("pay", session=session.id, country="DE", card="declined")

    ended = stripe_gateway.cancel_payment(stripe_gateway.read_payment(session.id).id)

    assert ended.status == PaymentStatus.CANCELED
    assert stripe_gateway.read_session(session.id).status == "expired"


def test_another_customers_card_is_refused(stripe_standin: StripeStandIn, customer: str) -> None:
    card = save(stripe_standin, customer)
    mallory = stripe_gateway.make_customer(email="mallory@example.com", user_id=8, key="customer:8:0")

    with pytest.raises(StripeRefused):
        charge(mallory, card)
