"""Promotion codes: what a customer types to get a coupon."""

from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import page, paged
from standins.stripe.params import boolean, choice, currency, group, integer, merged, metadata, needed, text
from standins.stripe.resources import coupons
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "promotion_code"
URL = "/v1/promotion_codes"
CREATE = {
    "active": boolean(),
    "code": text(500),
    "customer": text(),
    "expires_at": integer(),
    "max_redemptions": integer(1),
    "metadata": metadata(),
    "promotion": needed(group(type=needed(choice("coupon")), coupon=needed(text()))),
    "restrictions": group(
        first_time_transaction=boolean(), minimum_amount=integer(1), minimum_amount_currency=currency()
    ),
}


def create(world: World, call: Call) -> Object:
    given = call.params
    coupon = coupons.usable(world, given["promotion"]["coupon"], "promotion[coupon]")
    code = given.get("code") or new_id("", 8)[1:].upper()
    if find(world, code):
        raise invalid(f"An active promotion code with `code: {code}` already exists.", param="code")
    no_limits = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}
    made = {
        "id": new_id("promo"),
        "object": KIND,
        "active": given.get("active", True),
        "code": code,
        "created": world.now,
        "customer": given.get("customer"),
        "customer_account": None,
        "expires_at": given.get("expires_at"),
        "livemode": False,
        "max_redemptions": given.get("max_redemptions"),
        "metadata": merged({}, given.get("metadata") or {}),
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": {**no_limits, **(given.get("restrictions") or {})},
        "times_redeemed": 0,
    }
    return world.add(made, "promotion_code.created")


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    found = world.get(KIND, call.found["id"])
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(found["metadata"], given["metadata"])
    world.change(found, "promotion_code.updated", **given)
    return found


def listing(world: World, call: Call) -> Object:
    rows = world.store.newest_first(KIND)
    if coupon := call.params.get("coupon"):
        rows = (row for row in rows if row["promotion"]["coupon"] == coupon)
    return page(rows, call.params, URL, "active", "code", "customer")


def find(world: World, code: str) -> Object | None:
    """The active one that is typed like this; case does not matter."""
    for row in world.store.newest_first(KIND):
        if row["code"].lower() == code.strip().lower() and row["active"]:
            return row
    return None


def usable(world: World, found: Object | None, *, customer: str | None, amount: int) -> Object:
    """The same, if this customer may use it for such an amount."""
    if found is None:
        raise invalid("This code is invalid.", param="promotion_code")
    if found["expires_at"] is not None and world.now > found["expires_at"]:
        raise invalid("This promotion code has expired.", param="promotion_code")
    if found["customer"] not in (None, customer):
        raise invalid("This promotion code cannot be redeemed by this customer.", param="promotion_code")
    if amount < (found["restrictions"]["minimum_amount"] or 0):
        raise invalid("This promotion code needs a larger amount.", param="promotion_code")
    if found["restrictions"]["first_time_transaction"] and customer and has_paid(world, customer):
        raise invalid("This promotion code is for a first purchase.", param="promotion_code")
    coupons.usable(world, found["promotion"]["coupon"], "promotion_code")
    return found


def redeem(world: World, found: Object) -> None:
    times = found["times_redeemed"] + 1
    active = found["max_redemptions"] is None or times < found["max_redemptions"]
    world.change(found, "promotion_code.updated", times_redeemed=times, active=active)


def has_paid(world: World, customer: str) -> bool:
    charges = world.store.oldest_first("charge")
    return any(row["customer"] == customer and row["status"] == "succeeded" for row in charges)


ROUTES = (
    route("GET", URL, listing, paged(active=boolean(), code=text(), coupon=text(), customer=text())),
    route("POST", URL, create, CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {"active": boolean(), "metadata": metadata()}),
)
