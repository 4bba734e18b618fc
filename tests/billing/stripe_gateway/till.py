"""What the stories here do again and again: something is sold, and a payment is looked at from all sides."""

from collections.abc import Iterator
from typing import Any

import stripe

from billing import stripe_gateway
from billing.stripe_values import Payment, Session
from tests.stripe_standin import StripeStandIn

SOLD = {"purchase": "0190", "user": "7"}
BACK = {"success_url": "https://shop.example/paid", "cancel_url": "https://shop.example/back"}


def library(standin: StripeStandIn) -> stripe.StripeClient:
    """For what a shop's owner does at Stripe's dashboard."""
    return stripe.StripeClient(standin.key, base_addresses={"api": standin.url})


def sell(customer: str, cents: int = 1000, *, key: str = "checkout:1", saves_card: bool = False) -> Session:
    return stripe_gateway.begin_payment(
        customer=customer, name="10,000 credits", description="Credits do not expire.", cents=cents, metadata=SOLD,
        saves_card=saves_card, key=key, **BACK,
    )  # fmt: skip


def bought(standin: StripeStandIn, customer: str, cents: int = 1000, **typed: Any) -> Payment:
    """Sold and paid on the page."""
    session = sell(customer, cents)
    standin.act("pay", session=session.id, country="DE", **typed)
    return from_all_sides(standin, session.id)


def from_all_sides(standin: StripeStandIn, id: str) -> Payment:
    """A payment, which is the same whichever object of it one asks with."""
    payment = stripe_gateway.read_payment(id)
    for other in {*_others(standin, payment)} - {id}:
        assert stripe_gateway.read_payment(other) == payment, other
    return payment


def _others(standin: StripeStandIn, payment: Payment) -> Iterator[str]:
    yield payment.id
    yield from (id for id in (payment.session, payment.invoice) if id)
    yield from (one.id for one in payment.reversals)
    if payment.id.startswith("pi_"):
        charges = library(standin).v1.charges.list({"payment_intent": payment.id})
        yield from (charge.id for charge in charges)
