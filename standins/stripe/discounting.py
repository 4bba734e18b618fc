"""Discounts: a coupon as it was given to a subscription or an invoice."""

from typing import Any

from standins.stripe.objects import Object, new_id
from standins.stripe.resources import coupons, promotion_codes
from standins.stripe.world import World

KIND = "discount"


def give(world: World, coupon: Object, promotion: Object | None, **to: Any) -> Object:
    """Note that somebody has it; `to` says which customer, subscription, invoice, checkout session."""
    names = ("checkout_session", "customer", "invoice", "invoice_item", "subscription", "subscription_item")
    made = {
        "id": new_id("di"),
        "object": KIND,
        "customer_account": None,
        "end": None,
        "promotion_code": promotion["id"] if promotion else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": world.now,
        **{name: to.get(name) for name in names},
    }
    return world.add(made)


def redeem(world: World, coupon: Object, promotion: Object | None) -> None:
    """One use less."""
    coupons.redeem(world, coupon)
    if promotion:
        promotion_codes.redeem(world, promotion)


def coupon_of(world: World, discount: Object | None) -> Object | None:
    return world.store.get(coupons.KIND, discount["source"]["coupon"]) if discount else None
