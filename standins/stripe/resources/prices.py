"""Prices, one-time and recurring."""

from typing import Any

from standins.stripe.call import Call
from standins.stripe.errors import invalid, missing
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import page, paged
from standins.stripe.params import (
    boolean,
    choice,
    currency,
    decimal,
    group,
    integer,
    many,
    merged,
    metadata,
    needed,
    text,
)
from standins.stripe.resources import products
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "price"
URL = "/v1/prices"
BEHAVIOUR = choice("exclusive", "inclusive", "unspecified")
INTERVALS = ("day", "week", "month", "year")
RECURRING = group(interval=needed(choice(*INTERVALS)), interval_count=integer(1, 36), usage_type=choice("licensed"))
PRODUCT_DATA = group(
    name=needed(text(250)),
    active=boolean(),
    metadata=metadata(),
    statement_descriptor=text(22),
    tax_code=text(),
    unit_label=text(12),
)
PRICE_DATA = {
    "currency": needed(currency()),
    "product": text(),
    "recurring": RECURRING,
    "tax_behavior": BEHAVIOUR,
    "unit_amount": integer(0, 99_999_999),
    "unit_amount_decimal": decimal(),
}

FIELDS = {
    "active": boolean(),
    "lookup_key": text(200),
    "metadata": metadata(),
    "nickname": text(),
    "tax_behavior": BEHAVIOUR,
    "transfer_lookup_key": boolean(),
}
CREATE = {**FIELDS, **PRICE_DATA, "product_data": PRODUCT_DATA, "billing_scheme": choice("per_unit")}


def create(world: World, call: Call) -> Object:
    given = dict(call.params)
    given["product"] = product_of(world, given)["id"]
    take_lookup_key(world, given, "")
    return world.add(new(world, **given), "price.created")


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    price = world.get(KIND, call.found["id"])
    given = dict(call.params)
    take_lookup_key(world, given, price["id"])
    given.pop("transfer_lookup_key", None)
    if "metadata" in given:
        given["metadata"] = merged(price["metadata"], given["metadata"])
    if "tax_behavior" in given and price["tax_behavior"] not in ("unspecified", given["tax_behavior"]):
        raise invalid("The `tax_behavior` cannot be changed once it is set.", param="tax_behavior")
    world.change(price, "price.updated", **given)
    return price


def listing(world: World, call: Call) -> Object:
    rows = world.store.newest_first(KIND)
    if keys := call.params.get("lookup_keys"):
        rows = (row for row in rows if row["lookup_key"] in keys)
    if recurring := call.params.get("recurring"):
        rows = (row for row in rows if row["recurring"] and recurring.items() <= row["recurring"].items())
    return page(rows, call.params, URL, "active", "currency", "product", "type")


def inline(world: World, given: dict[str, Any], param: str) -> Object:
    """A price that is made for one purchase; such prices are not for sale again."""
    if given.get("unit_amount") is None:
        raise invalid(f"`{param}[unit_amount]` is needed.", param=param)
    product = product_of(world, given, param)
    return world.add({**new(world, **{**given, "product": product["id"]}), "active": False})


def product_of(world: World, given: dict[str, Any], param: str = "") -> Object:
    """The product that a price names, or the one it brings."""
    if data := given.get("product_data"):
        return world.add(products.new(world, **data), "product.created")
    if not given.get("product"):
        raise invalid("You must specify either `product` or `product_data`.", param=param or "product")
    return world.get(products.KIND, given["product"], param="product")


def take_lookup_key(world: World, given: dict[str, Any], mine: str) -> None:
    """A lookup key is one price's at a time; with `transfer_lookup_key` it is taken from the other."""
    key = given.get("lookup_key")
    for other in world.store.oldest_first(KIND) if key else ():
        if other["lookup_key"] == key and other["id"] != mine:
            if not given.get("transfer_lookup_key"):
                raise invalid(f"A price (`{other['id']}`) already uses that lookup key.", param="lookup_key")
            world.change(other, "price.updated", lookup_key=None)


def new(world: World, **given: Any) -> Object:
    amount = given.get("unit_amount")
    if amount is None:
        raise invalid("You must pass `unit_amount`.", param="unit_amount", code="parameter_missing")
    recurring = given.get("recurring")
    if recurring:
        defaults = {"interval_count": 1, "meter": None, "trial_period_days": None, "usage_type": "licensed"}
        recurring = {**defaults, **recurring}
    return {
        "id": new_id("price"),
        "object": KIND,
        "active": given.get("active", True),
        "billing_scheme": "per_unit",
        "created": world.now,
        "currency": "usd",
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": given.get("lookup_key"),
        "metadata": merged({}, given.get("metadata") or {}),
        "nickname": given.get("nickname"),
        "product": given["product"],
        "recurring": recurring,
        "tax_behavior": given.get("tax_behavior") or "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


def for_sale(world: World, id: str, param: str) -> Object:
    """A price that can be bought."""
    price = world.store.get(KIND, id)
    if price is None:
        raise missing("price", id, param)
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", param=param)
    return price


ROUTES = (
    route(
        "GET",
        URL,
        listing,
        paged(
            active=boolean(),
            currency=currency(),
            lookup_keys=many(text()),
            product=text(),
            recurring=group(interval=choice(*INTERVALS), usage_type=choice("licensed")),
            type=choice("one_time", "recurring"),
        ),
    ),
    route("POST", URL, create, CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, FIELDS),
)
