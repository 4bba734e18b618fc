"""Disputes."""

from standins.stripe import disputing
from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object
from standins.stripe.pagination import page, paged
from standins.stripe.params import boolean, group, merged, metadata, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = disputing.KIND
URL = "/v1/disputes"
UPDATE = {
    "evidence": group(**{name: text(150_000) for name in disputing.EVIDENCE}),
    "metadata": metadata(),
    "submit": boolean(),
}


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    """Evidence is sent to the bank with the call, unless `submit` is false."""
    dispute = world.get(KIND, call.found["id"])
    given = call.params
    if "metadata" in given:
        world.change(dispute, None, metadata=merged(dispute["metadata"], given["metadata"]))
    if "evidence" in given:
        if dispute["status"] not in disputing.WAITING:
            raise invalid("This dispute is already closed.", param="evidence")
        world.change(dispute, None, evidence={**dispute["evidence"], **(given["evidence"] or {})})
        if given.get("submit", True):
            disputing.submit(world, dispute)
    return dispute


def close(world: World, call: Call) -> Object:
    """Give in."""
    dispute = world.get(KIND, call.found["id"])
    disputing.close(world, dispute, won=False)
    return dispute


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL, "charge", "payment_intent")


ROUTES = (
    route("GET", URL, listing, paged(charge=text(), payment_intent=text())),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, UPDATE),
    route("POST", URL + "/{id}/close", close),
)
