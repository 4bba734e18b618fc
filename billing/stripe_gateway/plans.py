"""Plans at Stripe: their prices, the subscriptions to them, and the portal in which customers change them."""

import hashlib
import json
from collections.abc import Collection
from typing import Literal
from uuid import uuid4

from ..stripe_values import StripeRefused, SubscriptionState
from .library import (
    MOST_A_PAGE,
    ConfigurationCreateParams,
    Subscription,
    SubscriptionUpdateParams,
    asking,
    client,
    id_of,
    moment,
)
from .shapes import texts

CURRENCY = "usd"
UNPAID: tuple[Literal["draft"], Literal["open"]] = ("draft", "open")
HELD = "held"  # in the metadata of an invoice that a pause of ours keeps from being collected
MADE_FOR = "made_for"  # in the metadata of a portal's configuration: the digest of what it says


def ensure_price(*, name: str, cents: int, lookup_key: str) -> str:
    """The id of the monthly price of a plan, made where there is none with this lookup key. Raises StripeRefused where
    there is one of another amount."""
    with asking():
        known = client().v1.prices.list({"lookup_keys": [lookup_key], "active": True, "limit": 1}).data
        price = (
            known[0]
            if known
            else client().v1.prices.create(
                {
                    "currency": CURRENCY,
                    "unit_amount": cents,
                    "tax_behavior": "exclusive",
                    "recurring": {"interval": "month"},
                    "lookup_key": lookup_key,
                    "product_data": {"name": name},
                },
                {"idempotency_key": f"price:{lookup_key}:{cents}"},
            )
        )
    if (price.unit_amount, price.currency) != (cents, CURRENCY):
        raise StripeRefused(f"{price.id} has the lookup key {lookup_key} and is not of {cents} cents.")
    return price.id


def read_subscription(id: str) -> SubscriptionState:
    with asking():
        return state_of(client().v1.subscriptions.retrieve(id))


def pause(id: str, *, is_paused: bool) -> None:
    """Have Stripe charge nothing for a subscription, or charge for it again. Invoices of the meantime are void; those
    that were there before stand still, and are collected again afterwards. Said twice it is the same; NotAtStripe or
    StripeRefused for one that is over."""
    with asking():
        api = client().v1
        api.subscriptions.update(id, {"pause_collection": {"behavior": "void"} if is_paused else ""})
        # Behind that, so that none is made in between. Stripe goes on to collect what is older than the pause.
        for status in UNPAID:
            rows = api.invoices.list({"subscription": id, "status": status, "limit": MOST_A_PAGE})
            for invoice in rows.auto_paging_iter():
                is_held = HELD in texts(invoice.metadata)
                if is_paused and not is_held and invoice.auto_advance:
                    api.invoices.update(str(invoice.id), {"auto_advance": False, "metadata": {HELD: "yes"}})
                elif is_held and not is_paused:
                    api.invoices.update(str(invoice.id), {"auto_advance": True, "metadata": {HELD: ""}})


def state_of(subscription: Subscription) -> SubscriptionState:
    item = subscription.items.data[0] if subscription.items.data else None
    renews_at = moment(item.current_period_end) if item else None
    ends = subscription.ended_at or subscription.cancel_at
    return SubscriptionState(
        id=subscription.id,
        customer=id_of(subscription.customer),
        status=subscription.status,
        price=item.price.id if item else "",
        renews_at=renews_at,
        ends_at=moment(ends) if ends else renews_at if subscription.cancel_at_period_end else None,
        metadata=texts(subscription.metadata),
    )


def portal(*, customer: str, return_url: str, prices: Collection[str]) -> str:
    """The address of the customer portal: invoices, payment methods, plan changes (upgrades at once and invoiced at
    once, downgrades and cancellation at the period's end) among `prices`, which are Stripe's ids."""
    with asking():
        made = client().v1.billing_portal.sessions.create(
            {"customer": customer, "return_url": return_url, "configuration": _configuration(sorted(prices))},
            {"idempotency_key": f"portal:{uuid4()}"},  # each visit is a new one
        )
        return made.url


def _configuration(prices: list[str]) -> str:
    """One for each set of plans, made once and found again by what it says."""
    said = json.dumps(_portal_params({price: price for price in prices}), sort_keys=True)
    digest = hashlib.sha256(said.encode()).hexdigest()[:32]
    api = client().v1
    for one in api.billing_portal.configurations.list({"active": True, "limit": MOST_A_PAGE}).auto_paging_iter():
        if texts(one.metadata).get(MADE_FOR) == digest:
            return one.id
    params = _portal_params({price: id_of(api.prices.retrieve(price).product) for price in prices})
    params["metadata"] = {MADE_FOR: digest}
    return api.billing_portal.configurations.create(params, {"idempotency_key": f"portal:{digest}"}).id


def _portal_params(offers: dict[str, str]) -> ConfigurationCreateParams:
    """`offers`: the product of each price."""
    updates: SubscriptionUpdateParams = {"enabled": False}
    if offers:
        products = sorted(set(offers.values()))
        updates = {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "proration_behavior": "always_invoice",
            "products": [
                {"product": product, "prices": [price for price in offers if offers[price] == product]}
                for product in products
            ],
            "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
        }
    return {
        "features": {
            "customer_update": {"enabled": True, "allowed_updates": ["name", "address", "tax_id"]},
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
            "subscription_update": updates,
        },
    }
