"""Subscriptions: looked at, changed, ended. They begin in Checkout, or here for a customer with a payment method."""

from typing import Any

from standins.stripe import changing, discounting, invoicing, paying, subscribing
from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object
from standins.stripe.pagination import page, paged
from standins.stripe.params import boolean, choice, group, integer, many, merged, metadata, needed, text
from standins.stripe.resources import coupons, customers, payment_methods, prices
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = subscribing.KIND
URL = "/v1/subscriptions"
STATUSES = ("active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due", "trialing", "unpaid")
PRORATION = choice("always_invoice", "create_prorations", "none")
DETAILS = group(
    comment=text(),
    feedback=choice(
        "customer_service",
        "low_quality",
        "missing_features",
        "other",
        "switched_service",
        "too_complex",
        "too_expensive",
        "unused",
    ),
)

FIELDS = {
    "automatic_tax": group(enabled=needed(boolean())),
    "cancel_at_period_end": boolean(),
    "default_payment_method": text(),
    "description": text(500),
    "metadata": metadata(),
    "off_session": boolean(),
    "payment_behavior": choice("allow_incomplete", "error_if_incomplete", "default_incomplete"),
    "proration_behavior": PRORATION,
}
CREATE = {
    **FIELDS,
    "customer": needed(text()),
    "discounts": many(group(coupon=needed(text())), most=1),
    "items": needed(many(group(price=needed(text()), quantity=integer(1)), most=20)),
}
UPDATE = {
    **FIELDS,
    "billing_cycle_anchor": choice("now", "unchanged"),
    "cancellation_details": DETAILS,
    "items": many(group(id=text(), price=text(), quantity=integer(1), deleted=boolean()), most=20),
    "pause_collection": group(behavior=needed(choice("keep_as_draft", "mark_uncollectible", "void"))),
}
CANCEL = {"cancellation_details": DETAILS, "invoice_now": boolean(), "prorate": boolean()}


def create(world: World, call: Call) -> Object:
    given = call.params
    customer = customers.living(world, given["customer"])
    goods = [
        (prices.for_sale(world, each["price"], f"items[{n}][price]"), each.get("quantity") or 1)
        for n, each in enumerate(given["items"])
    ]
    if not all(price["recurring"] for price, _ in goods):
        raise invalid("Subscriptions need recurring prices.", param="items")
    method = method_of(world, given, customer)
    if method is None:
        raise invalid(
            "This customer has no attached payment source or default payment method.", code="resource_missing"
        )
    discount = None
    for each in given.get("discounts", []):
        coupon = coupons.usable(world, each["coupon"], "discounts[0][coupon]")
        discount = discounting.give(world, coupon, None, customer=customer["id"])
        discounting.redeem(world, coupon, None)
    said = {"metadata": merged({}, given.get("metadata") or {}), "description": given.get("description")}
    taxed = bool((given.get("automatic_tax") or {}).get("enabled"))
    subscription = subscribing.begin(
        world, customer, goods, method=method, discount=discount, taxed=taxed, status="incomplete", **said
    )
    subscription["default_payment_method"] = given.get("default_payment_method")
    invoice = subscribing.bill(world, subscription, reason="subscription_create")
    world.emit("customer.subscription.created", subscription)
    invoicing.finalize(world, invoice)
    off_session = bool(given.get("off_session"))
    intent = subscribing.collect(world, invoice, method, off_session=off_session)
    if intent and intent["last_payment_error"] and given.get("payment_behavior") == "error_if_incomplete":
        raise paying.card_error(intent)
    return subscription


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    subscription = running(world, call.found["id"])
    given = dict(call.params)
    values: dict[str, Any] = {name: given[name] for name in ("description",) if name in given}
    if "pause_collection" in given:
        if (pause := given["pause_collection"]) and pause["behavior"] != "void":
            raise invalid("The stand-in pauses with void alone.", param="pause_collection[behavior]")
        values["pause_collection"] = {"behavior": "void", "resumes_at": None} if pause else None
    if "metadata" in given:
        values["metadata"] = merged(subscription["metadata"], given["metadata"])
    if given.get("default_payment_method"):
        customer = customers.living(world, subscription["customer"])
        values["default_payment_method"] = (method_of(world, given, customer) or {}).get("id")
    if (tax := given.get("automatic_tax")) is not None:
        values["automatic_tax"] = {**subscription["automatic_tax"], "enabled": tax["enabled"]}
    if (wish := given.get("cancel_at_period_end")) is not None:
        values |= subscribing.cancel_at_end(world, subscription, wish=wish, details=given.get("cancellation_details"))
    changing.change(
        world,
        subscription,
        items=given.get("items") or [],
        proration=given.get("proration_behavior") or "create_prorations",
        anew=given.get("billing_cycle_anchor") == "now",
        **values,
    )
    return subscription


def cancel(world: World, call: Call) -> Object:
    subscription = running(world, call.found["id"])
    details = {**subscription["cancellation_details"], **(call.params.get("cancellation_details") or {})}
    subscription["cancellation_details"] = details
    subscribing.end(world, subscription, reason="cancellation_requested")
    return subscription


def listing(world: World, call: Call) -> Object:
    status = call.params.pop("status", None)
    rows = list(world.store.newest_first(KIND))
    if status is None:
        rows = [row for row in rows if row["status"] not in subscribing.OVER]
    elif status == "ended":
        rows = [row for row in rows if row["status"] in subscribing.OVER]
    elif status != "all":
        rows = [row for row in rows if row["status"] == status]
    if price := call.params.get("price"):
        rows = [row for row in rows if any(each["price"]["id"] == price for each in row["items"]["data"])]
    return page(rows, call.params, URL, "customer")


def running(world: World, id: str) -> Object:
    subscription = world.get(KIND, id)
    if subscription["status"] in subscribing.OVER:
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata."
            if subscription["status"] == "canceled"
            else "This subscription is over.",
        )
    return subscription


def method_of(world: World, given: dict[str, Any], customer: Object) -> Object | None:
    """The payment method that is named, or the customer's own; it must be theirs."""
    id = given.get("default_payment_method") or customer["invoice_settings"]["default_payment_method"]
    if not id:
        return None
    method = world.get(payment_methods.KIND, id, param="default_payment_method")
    if method["customer"] != customer["id"]:
        raise invalid(f"The customer does not have a payment method with the ID {id}.", param="default_payment_method")
    return method


ROUTES = (
    route("GET", URL, listing, paged(customer=text(), price=text(), status=choice(*STATUSES))),
    route("POST", URL, create, CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, UPDATE),
    route("DELETE", URL + "/{id}", cancel, CANCEL),
)
