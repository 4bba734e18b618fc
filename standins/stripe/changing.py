"""A subscription becomes another one in the middle of its period: what was paid and not used up is set against it."""

from typing import Any

from standins.stripe import calendars, carts, contracts, invoicing, subscribing
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, copied, former, new_id, shown
from standins.stripe.resources import prices
from standins.stripe.world import World


def change(
    world: World,
    subscription: Object,
    *,
    items: list[dict[str, Any]],
    proration: str = "create_prorations",
    anew: bool = False,
    **values: Any,
) -> None:
    """Set new items and other values. A longer or shorter period, or `anew`, begins a new one now, which is billed."""
    before = copied(shown(subscription))
    old = subscription["items"]["data"]
    new = [changed_item(world, each, asked_for(items, each, alone=len(old) == 1)) for each in old]
    restarts = anew or any(interval(one) != interval(two) for one, two in zip(old, new, strict=True))
    if items and proration != "none":
        for one, two in zip(old, new, strict=True):
            if (one["price"]["id"], one["quantity"]) != (two["price"]["id"], two["quantity"]):
                prorate(world, subscription, one, two, only_credit=restarts)
    subscription["items"] = {**subscription["items"], "data": new}
    if restarts:
        restart(world, subscription)
    world.change(subscription, None, **values)
    invoice = None
    if restarts:
        invoice = subscribing.bill(world, subscription, reason="subscription_update")
    elif items and proration == "always_invoice":
        invoice = bill_difference(world, subscription)
    if differences := former(before, shown(subscription)):
        world.events.emit("customer.subscription.updated", subscription, differences)
    if invoice:
        invoicing.finalize(world, invoice)
        subscribing.collect(world, invoice)


def asked_for(items: list[dict[str, Any]], each: Object, *, alone: bool) -> dict[str, Any]:
    """What a call says of this item."""
    for asked in items:
        if asked.get("deleted"):
            raise invalid("The stand-in does not delete items of subscriptions.", param="items")
        if asked.get("id") == each["id"]:
            return asked
        if not asked.get("id") and alone:
            raise invalid("The stand-in adds no items: name the item's `id` to change its price.", param="items")
    return {}


def changed_item(world: World, each: Object, asked: dict[str, Any]) -> Object:
    price = each["price"]
    if asked.get("price"):
        price = shown(prices.for_sale(world, asked["price"], "items[0][price]"))
        if not price["recurring"]:
            raise invalid("Subscriptions need recurring prices.", param="items[0][price]")
    quantity = asked.get("quantity") or each["quantity"]
    return {**each, "price": price, "plan": contracts.plan(price), "quantity": quantity}


def interval(each: Object) -> tuple[str, int]:
    return each["price"]["recurring"]["interval"], each["price"]["recurring"]["interval_count"]


def prorate(world: World, subscription: Object, old: Object, new: Object, *, only_credit: bool) -> None:
    """Give back what of the old one is not used up, and take the same part of the new one."""
    start, end = old["current_period_start"], old["current_period_end"]
    left, whole = max(end - world.now, 0), max(end - start, 1)
    period = {"start": world.now, "end": end}
    unused = -carts.divided(old["price"]["unit_amount"] * old["quantity"] * left, whole)
    pend(world, subscription, old, unused, period, "Unused time on")
    if not only_credit:
        rest = carts.divided(new["price"]["unit_amount"] * new["quantity"] * left, whole)
        pend(world, subscription, new, rest, period, "Remaining time on")


def pend(world: World, subscription: Object, each: Object, amount: int, period: Object, words: str) -> None:
    """Put it down for the next invoice."""
    price = each["price"]
    made: Object = {
        "id": new_id("ii"),
        "object": subscribing.ITEM,
        "amount": amount,
        "currency": "usd",
        "customer": subscription["customer"],
        "customer_account": None,
        "date": world.now,
        "description": f"{words} {each['quantity']} x {subscribing.name_of(world, price)}",
        "discountable": False,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "net_amount": amount,
        "parent": {
            "subscription_details": {"subscription": subscription["id"], "subscription_item": each["id"]},
            "type": "subscription_details",
        },
        "period": period,
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(amount),
        },
        "proration": True,
        "quantity": each["quantity"],
        "quantity_decimal": str(each["quantity"]),
        "tax_rates": [],
        "test_clock": None,
        "_subscription": subscription["id"],
    }
    world.add(made, "invoiceitem.created")


def restart(world: World, subscription: Object) -> None:
    """A new period begins now."""
    world.due.forget("renew", subscription["id"])
    subscription |= {"billing_cycle_anchor": world.now, "_periods": 0}
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    period = (world.now, calendars.after(world.now, recurring, 1))
    for each in subscription["items"]["data"]:
        each |= {"current_period_start": period[0], "current_period_end": period[1]}
    world.due.at(period[1], "renew", subscription["id"])


def bill_difference(world: World, subscription: Object) -> Object:
    """An invoice over what just changed, at once."""
    customer = world.get("customer", subscription["customer"])
    lines = subscribing.pending_lines(world, subscription)
    return subscribing.draft(world, subscription, customer, lines, reason="subscription_update")
