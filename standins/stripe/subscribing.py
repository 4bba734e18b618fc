"""Subscriptions: begun, renewed, changed, unpaid, ended."""

from typing import Any

from standins.stripe import calendars, carts, contracts, discounting, drafting, invoicing
from standins.stripe.carts import Tax
from standins.stripe.objects import Object, listed, new_id, shown
from standins.stripe.resources import payment_methods, tax_ids
from standins.stripe.world import World

KIND = contracts.KIND
ITEM = "invoiceitem"
OVER = ("canceled", "incomplete_expired")


def of_customer(world: World, customer: str) -> list[Object]:
    return [row for row in world.store.newest_first(KIND) if row["customer"] == customer]


def begin(
    world: World,
    customer: Object,
    goods: list[tuple[Object, int]],
    *,
    method: Object | None,
    discount: Object | None = None,
    taxed: bool = False,
    **values: Any,
) -> Object:
    """A new subscription that runs from now; its first invoice is `bill`ed by the caller."""
    id = new_id("sub")
    recurring = goods[0][0]["recurring"]
    period = (world.now, calendars.after(world.now, recurring, 1))
    subscription = contracts.blank(world, id, customer) | values
    subscription["items"] = listed(
        [contracts.item(world, id, price, quantity, period) for price, quantity in goods],
        f"/v1/subscription_items?subscription={id}",
    )
    subscription["default_payment_method"] = method["id"] if method else None
    subscription["discounts"] = [discount["id"]] if discount else []
    subscription["automatic_tax"] = {
        "disabled_reason": None,
        "enabled": taxed,
        "liability": {"type": "self"} if taxed else None,
    }
    if discount:
        discount["subscription"] = id
        world.store.save(discount)
    world.due.at(period[1], "renew", id)
    return world.add(subscription)


def bill(world: World, subscription: Object, *, reason: str) -> Object:
    """An invoice over the present period, with what is still to be billed of changes before; a draft."""
    customer = world.get("customer", subscription["customer"])
    lines = [line_of(world, subscription, each) for each in subscription["items"]["data"]]
    lines = pending_lines(world, subscription) + lines
    return draft(world, subscription, customer, lines, reason=reason)


def draft(world: World, subscription: Object, customer: Object, lines: list[Object], *, reason: str) -> Object:
    first = subscription["items"]["data"][0]
    discount = discount_of(world, subscription)
    invoice = drafting.new(
        world,
        customer,
        lines,
        reason=reason,
        subscription=subscription,
        period=(first["current_period_start"], first["current_period_end"]),
        discount=discount,
        coupon=discounting.coupon_of(world, discount),
        tax=tax_of(world, subscription, customer),
    )
    world.change(subscription, None, latest_invoice=invoice["id"])
    return invoice


def renew(world: World, id: str) -> None:
    """A period is over: end, or go on with the next one and its invoice."""
    subscription = world.store.get(KIND, id)
    if subscription is None or subscription["status"] in OVER:
        return
    if subscription["cancel_at_period_end"]:
        end(world, subscription, reason="cancellation_requested")
        return
    items = planned_items(world, subscription)
    subscription["_periods"] += 1
    anchor, count = subscription["billing_cycle_anchor"], subscription["_periods"]
    period = (items[0]["current_period_end"], calendars.after(anchor, items[0]["price"]["recurring"], count + 1))
    moved = [{**each, "current_period_start": period[0], "current_period_end": period[1]} for each in items]
    before = {"items": subscription["items"], "latest_invoice": subscription["latest_invoice"]}
    world.change(subscription, None, items={**subscription["items"], "data": moved})
    invoice = bill(world, subscription, reason="subscription_cycle")
    world.events.emit("customer.subscription.updated", subscription, before)
    world.due.at(period[1], "renew", id)
    if subscription["pause_collection"]:
        invoicing.finalize(world, invoice)
        invoicing.void(world, invoice)
        return
    finalizes_at = world.now + invoicing.FINALIZES_AFTER_S
    world.change(invoice, None, automatically_finalizes_at=finalizes_at)
    world.due.at(finalizes_at, "finalize_invoice", invoice["id"])


def planned_items(world: World, subscription: Object) -> list[Object]:
    """The items of the next period: the present ones, or the plan that was chosen for it in the portal."""
    first, *others = subscription["items"]["data"]
    if next_price := subscription.pop("_next_price", None):
        price = shown(world.get("price", next_price))
        first = {**first, "price": price, "plan": contracts.plan(price)}
    return [first, *others]


def finalize_and_charge(world: World, invoice_id: str) -> None:
    """The hour of a draft is over."""
    invoice = world.store.get(invoicing.KIND, invoice_id)
    if invoice and invoice["status"] == "draft":
        invoicing.finalize(world, invoice)
        collect(world, invoice, automatic=True)


def retry(world: World, invoice_id: str) -> None:
    """A further attempt to collect."""
    invoice = world.store.get(invoicing.KIND, invoice_id)
    if invoice and invoice["status"] == "open":
        collect(world, invoice, automatic=True)


def collect(
    world: World,
    invoice: Object,
    method: Object | None = None,
    *,
    off_session: bool = True,
    automatic: bool = False,
) -> Object | None:
    """Try to take an invoice's money; what follows from it follows at once."""
    method = method or method_for(world, invoice)
    intent = invoicing.charge(world, invoice, method, off_session=off_session, automatic=automatic)
    settled(world, invoice, intent)
    return intent


def settled(world: World, invoice: Object, intent: Object | None) -> None:
    """An invoice was paid, or not: it says so, and its subscription follows."""
    subscription = world.store.get(KIND, invoicing.subscription_of(invoice) or "")
    if invoice["status"] == "paid" or (intent and intent["status"] == "succeeded"):
        invoicing.paid(world, invoice, intent)
        if subscription and subscription["status"] in ("past_due", "incomplete", "unpaid"):
            world.change(subscription, "customer.subscription.updated", status="active")
        return
    if intent and intent["status"] in ("processing", "canceled"):
        return
    again = invoicing.failed(world, invoice, intent)
    if subscription is None or subscription["status"] in OVER:
        return
    if again:
        if subscription["status"] == "active":
            world.change(subscription, "customer.subscription.updated", status="past_due")
    else:
        end(world, subscription, reason="payment_failed")
        invoicing.give_up(world, invoice)


def cancel_at_end(world: World, subscription: Object, *, wish: bool, details: Object | None = None) -> Object:
    """It runs until what is paid for is used up; or, after all, goes on."""
    period_end = subscription["items"]["data"][0]["current_period_end"]
    reason = "cancellation_requested" if wish else None
    told = {"comment": None, "feedback": None, "reason": reason, **(details or {})}
    values = {"cancel_at": period_end if wish else None, "canceled_at": world.now if wish else None}
    return {"cancel_at_period_end": wish, "cancellation_details": told, **values}


def end(world: World, subscription: Object, *, reason: str | None) -> None:
    """It is over now."""
    world.due.forget("renew", subscription["id"])
    for row in list(world.store.oldest_first(invoicing.KIND)):
        if invoicing.subscription_of(row) == subscription["id"] and row["status"] == "draft":
            world.due.forget("finalize_invoice", row["id"])
            world.change(row, None, auto_advance=False)
    details = {**subscription["cancellation_details"]}
    details["reason"] = details["reason"] or reason
    moments = {"canceled_at": subscription["canceled_at"] or world.now, "ended_at": world.now}
    world.change(subscription, None, status="canceled", cancellation_details=details, **moments)
    world.emit("customer.subscription.deleted", subscription)


def method_for(world: World, invoice: Object) -> Object | None:
    """Who pays an invoice: its subscription's method, or the customer's."""
    subscription = world.store.get(KIND, invoicing.subscription_of(invoice) or "")
    customer = world.get("customer", invoice["customer"])
    settings = customer.get("invoice_settings") or {}
    ids = [invoice["default_payment_method"], (subscription or {}).get("default_payment_method")]
    for id in (*ids, settings.get("default_payment_method")):
        method = world.store.get(payment_methods.KIND, id) if id else None
        if method and method["customer"] == invoice["customer"]:
            return method
    return None


def discount_of(world: World, subscription: Object) -> Object | None:
    """The discount that holds for the present period."""
    for id in subscription["discounts"]:
        discount = world.store.get(discounting.KIND, id)
        coupon = discounting.coupon_of(world, discount)
        if not discount or not coupon:
            continue
        months = {"once": 1, "repeating": coupon["duration_in_months"], "forever": None}[coupon["duration"]]
        if months is None or subscription["_periods"] < months:
            return discount
    return None


def tax_of(world: World, subscription: Object, customer: Object) -> Tax | None:
    if not subscription["automatic_tax"]["enabled"]:
        return None
    ids = tax_ids.of_customer(world, customer["id"])
    return carts.tax_for(world, customer["address"], exempt=customer["tax_exempt"], tax_ids=ids)


def line_of(world: World, subscription: Object, each: Object) -> Object:
    price, quantity = each["price"], each["quantity"]
    return drafting.line(
        world,
        amount=price["unit_amount"] * quantity,
        price=price,
        quantity=quantity,
        period=(each["current_period_start"], each["current_period_end"]),
        subscription=subscription["id"],
        item=each["id"],
        description=f"{quantity} x {name_of(world, price)}",
        metadata=subscription["metadata"],
    )


def pending_lines(world: World, subscription: Object) -> list[Object]:
    """What changes in the past left to be billed."""
    lines = []
    for row in list(world.store.oldest_first(ITEM)):
        if row["_subscription"] == subscription["id"] and row["invoice"] is None:
            lines.append(
                drafting.line(
                    world,
                    amount=row["amount"],
                    price=world.get("price", row["pricing"]["price_details"]["price"]),
                    quantity=row["quantity"],
                    period=(row["period"]["start"], row["period"]["end"]),
                    subscription=subscription["id"],
                    item=row["id"],
                    description=row["description"],
                    proration=True,
                )
            )
            world.change(row, None, invoice="")
    return lines


def name_of(world: World, price: Object) -> str:
    product = world.store.get("product", price["product"])
    return str(product["name"]) if product else price["id"]
