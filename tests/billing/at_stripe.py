"""What people do at Stripe in a test of billing. Its events stay there until a test lets them be heard, so that "never
heard of" needs no fault."""

from typing import Any

from billing import checkout, stripe_events, stripe_gateway
from billing.models import Pack, Plan, Purchase
from tests.conftest import run_queued_tasks
from tests.standins.launch import StripeStandIn


def choose(user: Any, *, cents: int = 1_000, what: str = "pack") -> Purchase:
    """A pack or plan that somebody is about to pay: they stand on Stripe's page."""
    model = Plan if what == "plan" else Pack
    sold = model._default_manager.get(cents=cents, is_offered=True)
    purchase = checkout.begin(user, what=what, id=str(sold.pk), wish=checkout.new_wish(user))
    checkout.pay_at(purchase)
    purchase.refresh_from_db()
    return purchase


def pay(stripe: StripeStandIn, purchase: Purchase, **typed: Any) -> None:
    """At Stripe; nothing is heard of it here."""
    told = stripe.act("pay", session=purchase.session, email="alice@example.com", country="US", **typed)
    assert told["status"] == "complete", told


def bought(stripe: StripeStandIn, user: Any, *, cents: int = 1_000, **typed: Any) -> Purchase:
    """A pack that is paid and credited."""
    purchase = choose(user, cents=cents)
    pay(stripe, purchase, **typed)
    hear(stripe)
    purchase.refresh_from_db()
    assert purchase.status == Purchase.Status.PAID
    return purchase


def hear(stripe: StripeStandIn) -> None:
    """Every event that Stripe has arrives, in its order, and is handled."""
    for each in stripe.events(raw=True):
        stripe_events.receive(stripe_gateway.read_event(each["body"].encode(), each["signature"]))
    run_queued_tasks()
