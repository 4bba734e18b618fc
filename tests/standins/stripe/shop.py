"""A small shop that buys at the stand-in through Stripe's own client, as any shop would."""

from typing import Any

from stripe import StripeClient
from stripe.checkout import Session

from tests.standins.launch import StripeStandIn

BACK = "http://shop.example/paid?session={CHECKOUT_SESSION_ID}"


def open_session(client: StripeClient, cents: int = 1000, **more: Any) -> Session:
    """A session for one pack of credits."""
    data: Any = {"currency": "usd", "unit_amount": cents, "product_data": {"name": "Credits"}}
    params: Any = {"mode": "payment", "success_url": BACK, "line_items": [{"price_data": data, "quantity": 1}]}
    return client.v1.checkout.sessions.create(params | more)


def buy(client: StripeClient, standin: StripeStandIn, cents: int = 1000, **more: Any) -> Session:
    """A purchase that succeeded."""
    session = open_session(client, cents, **more)
    assert standin.act("pay", session=session.id)["status"] == "complete"
    return client.v1.checkout.sessions.retrieve(session.id)


def monthly(client: StripeClient, cents: int = 1000, *, name: str = "Monthly credits") -> str:
    """The id of a price by the month."""
    product = client.v1.products.create({"name": name})
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": cents, "product": product.id, "recurring": {"interval": "month"}}
    )
    return price.id


def subscribe(client: StripeClient, standin: StripeStandIn, price: str, *, card: str = "visa", **more: Any) -> str:
    """The id of a subscription that began through Checkout."""
    params: Any = {"mode": "subscription", "success_url": BACK, "line_items": [{"price": price, "quantity": 1}]}
    session = client.v1.checkout.sessions.create(params | more)
    assert standin.act("pay", session=session.id, card=card, country="DE")["status"] == "complete"
    subscription = client.v1.checkout.sessions.retrieve(session.id).subscription
    assert isinstance(subscription, str)
    return subscription


def payment_of(session: Session) -> str:
    assert isinstance(session.payment_intent, str)
    return session.payment_intent


def customer_of(session: Session) -> str:
    assert isinstance(session.customer, str)
    return session.customer
