"""Refunds."""

from standins.stripe import refunding
from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object
from standins.stripe.pagination import page, paged
from standins.stripe.params import choice, integer, merged, metadata, text
from standins.stripe.resources import charges
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = refunding.KIND
URL = "/v1/refunds"
CREATE = {
    "amount": integer(1),
    "charge": text(),
    "metadata": metadata(),
    "payment_intent": text(),
    "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
}


def create(world: World, call: Call) -> Object:
    given = call.params
    return refunding.make(
        world,
        charge_of(world, given.get("charge"), given.get("payment_intent")),
        amount=given.get("amount"),
        reason=given.get("reason"),
        metadata=given.get("metadata"),
    )


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    refund = world.get(KIND, call.found["id"])
    given = merged(refund["metadata"], call.params.get("metadata") or {})
    world.change(refund, "refund.updated", metadata=given)
    return refund


def cancel(world: World, call: Call) -> Object:
    refund = world.get(KIND, call.found["id"])
    refunding.cancel(world, refund)
    return refund


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL, "charge", "payment_intent")


def charge_of(world: World, charge: str | None, intent: str | None) -> Object:
    """The charge that is meant."""
    if not charge and not intent:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    if charge:
        return world.get(charges.KIND, charge, param="charge")
    found = world.get("payment_intent", intent or "", param="payment_intent")
    if found["status"] != "succeeded" or not found["latest_charge"]:
        raise invalid(f"The PaymentIntent {intent} does not have a successful charge to refund.")
    return world.get(charges.KIND, found["latest_charge"])


ROUTES = (
    route("GET", URL, listing, paged(charge=text(), payment_intent=text())),
    route("POST", URL, create, CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {"metadata": metadata()}),
    route("POST", URL + "/{id}/cancel", cancel),
)
