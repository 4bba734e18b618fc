"""Coupons."""

from decimal import Decimal

from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import page, paged
from standins.stripe.params import choice, currency, decimal, integer, merged, metadata, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "coupon"
URL = "/v1/coupons"
CREATE = {
    "amount_off": integer(1),
    "currency": currency(),
    "duration": choice("forever", "once", "repeating"),
    "duration_in_months": integer(1, 36),
    "id": text(),
    "max_redemptions": integer(1),
    "metadata": metadata(),
    "name": text(40),
    "percent_off": decimal(),
    "redeem_by": integer(),
}


def create(world: World, call: Call) -> Object:
    given = call.params
    if bool(given.get("amount_off")) == bool(given.get("percent_off")):
        raise invalid("You must pass either `percent_off` or `amount_off`, and not both.", param="percent_off")
    if given.get("amount_off") and not given.get("currency"):
        raise invalid("You must pass `currency` when passing `amount_off`.", param="currency")
    if given.get("percent_off") and not 0 < Decimal(given["percent_off"]) <= 100:
        raise invalid("Invalid percent_off: must be above 0 and at most 100.", param="percent_off")
    duration = given.get("duration") or "once"
    if (duration == "repeating") != bool(given.get("duration_in_months")):
        raise invalid("`duration_in_months` goes with duration `repeating`.", param="duration_in_months")
    if given.get("id") and world.store.get(KIND, given["id"]):
        raise invalid("Coupon already exists.", param="id", code="resource_already_exists")
    coupon = {
        "id": given.get("id") or new_id("", 8)[1:].upper(),
        "object": KIND,
        "amount_off": given.get("amount_off"),
        "created": world.now,
        "currency": given.get("currency"),
        "duration": duration,
        "duration_in_months": given.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": given.get("max_redemptions"),
        "metadata": merged({}, given.get("metadata") or {}),
        "name": given.get("name"),
        "percent_off": float(given["percent_off"]) if given.get("percent_off") else None,
        "redeem_by": given.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    return world.add(coupon, "coupon.created")


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    coupon = world.get(KIND, call.found["id"])
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(coupon["metadata"], given["metadata"])
    world.change(coupon, "coupon.updated", **given)
    return coupon


def delete(world: World, call: Call) -> Object:
    coupon = world.get(KIND, call.found["id"])
    world.emit("coupon.deleted", coupon)
    world.store.remove(coupon)
    return {"id": coupon["id"], "object": KIND, "deleted": True}


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL)


def usable(world: World, id: str, param: str) -> Object:
    """A coupon that can still be redeemed."""
    coupon = world.get(KIND, id, param=param)
    late = coupon["redeem_by"] is not None and world.now > coupon["redeem_by"]
    if late or not coupon["valid"]:
        raise invalid(f"Coupon {id} is expired and cannot be redeemed.", param=param, code="coupon_expired")
    return coupon


def redeem(world: World, coupon: Object) -> None:
    times = coupon["times_redeemed"] + 1
    valid = coupon["max_redemptions"] is None or times < coupon["max_redemptions"]
    world.change(coupon, "coupon.updated", times_redeemed=times, valid=valid)


ROUTES = (
    route("GET", URL, listing, paged()),
    route("POST", URL, create, CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {"metadata": metadata(), "name": text(40)}),
    route("DELETE", URL + "/{id}", delete),
)
