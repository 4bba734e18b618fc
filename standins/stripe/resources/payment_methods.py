"""Payment methods: the test cards and bank accounts of cards.py, one object for each use of a test token."""

from typing import Any

from standins.stripe import cards, objects
from standins.stripe.call import Call
from standins.stripe.cards import Card
from standins.stripe.errors import StripeError, invalid, missing
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import PAGE, page
from standins.stripe.params import choice, group, integer, merged, metadata, needed, postal, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "payment_method"
URL = "/v1/payment_methods"
TYPES = ("card", "us_bank_account")

BILLING = group(address=postal(), email=text(), name=text(), phone=text())
CREATE = {
    "billing_details": BILLING,
    "card": group(number=text(), exp_month=integer(1, 12), exp_year=integer(), cvc=text(), token=text()),
    "metadata": metadata(),
    "type": needed(choice(*TYPES)),
}


def create(world: World, call: Call) -> Object:
    given = call.params.get("card") or {}
    card = cards.find(given.get("number") or given.get("token") or "")
    if card is None:
        raise invalid("Your card number is incorrect.", param="card[number]", code="incorrect_number")
    made = new(world, card, call.params.get("billing_details"))
    made["metadata"] = merged({}, call.params.get("metadata") or {})
    return world.add(made)


def retrieve(world: World, call: Call) -> Object:
    return named(world, call.found["id"], param="id")


def update(world: World, call: Call) -> Object:
    method = world.get(KIND, call.found["id"])
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(method["metadata"], given["metadata"])
    if "billing_details" in given:
        given["billing_details"] = {**method["billing_details"], **given["billing_details"]}
    world.change(method, "payment_method.updated", **given)
    return method


def attach(world: World, call: Call) -> Object:
    customer = world.get("customer", call.params["customer"], param="customer")
    if customer.get("deleted"):
        raise missing("customer", customer["id"], "customer")
    return attach_to(world, named(world, call.found["id"], param="id"), customer)


def detach(world: World, call: Call) -> Object:
    method = world.get(KIND, call.found["id"], called="PaymentMethod")
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    return detach_from(world, method)


def listing(world: World, call: Call) -> Object:
    id = call.found.get("customer") or call.params.get("customer")
    return page(of_customer(world, id) if id else [], call.params, call.path, "type")


def retrieve_of_customer(world: World, call: Call) -> Object:
    method = world.get(KIND, call.found["id"])
    if method["customer"] != call.found["customer"]:
        raise missing("payment_method", method["id"])
    return method


def new(world: World, card: Card, billing: dict[str, Any] | None = None) -> Object:
    billing = billing or {}
    where = objects.address(**(billing.get("address") or {}))
    details = {name: billing.get(name) for name in ("email", "name", "phone")} | {"tax_id": None}
    return {
        "id": new_id("pm"),
        "object": KIND,
        "allow_redisplay": "unspecified",
        "billing_details": {"address": where, **details},
        card.type: card_facts(card) if card.type == "card" else bank_facts(card),
        "created": world.now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": card.type,
        "_card": card.word,
        "_authenticated": False,
    }


def card_facts(card: Card) -> Object:
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"standin{card.last4}{card.brand}"[:16],
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def bank_facts(card: Card) -> Object:
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": f"standin{card.last4}",
        "last4": card.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }


def card_of(method: Object) -> Card:
    return cards.BY_WORD[method["_card"]]


def named(world: World, id: str, *, param: str = "payment_method") -> Object:
    """The payment method with this id; a test token makes a new one."""
    if found := world.store.get(KIND, id):
        return found
    if card := cards.BY_TOKEN.get(id):
        return world.add(new(world, card))
    raise missing("PaymentMethod", id, param)


def of_customer(world: World, id: str) -> list[Object]:
    return [row for row in world.store.newest_first(KIND) if row["customer"] == id]


def attach_to(world: World, method: Object, customer: Object) -> Object:
    """Give it to a customer; one that declines whatever it is asked cannot even be kept."""
    if method["customer"] == customer["id"]:
        return method
    if method["customer"]:
        raise invalid("The payment method you provided has already been attached to a customer.")
    card = card_of(method)
    if card.decline:
        code, words = cards.DECLINES[card.decline]
        raise StripeError(402, "card_error", words, code=code, decline_code=card.decline)
    world.change(method, None, customer=customer["id"])
    world.emit("payment_method.attached", method)
    return method


def detach_from(world: World, method: Object) -> Object:
    former = {"customer": method["customer"]}
    world.change(method, None, customer=None)
    world.events.emit("payment_method.detached", method, former)
    return method


OF_CUSTOMER = "/v1/customers/{customer}/payment_methods"
ROUTES = (
    route("GET", URL, listing, {**PAGE, "customer": text(), "type": choice(*TYPES)}),
    route("POST", URL, create, CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {"billing_details": BILLING, "metadata": metadata()}),
    route("POST", URL + "/{id}/attach", attach, {"customer": needed(text())}),
    route("POST", URL + "/{id}/detach", detach),
    route("GET", OF_CUSTOMER, listing, {**PAGE, "type": choice(*TYPES)}),
    route("GET", OF_CUSTOMER + "/{id}", retrieve_of_customer),
)
