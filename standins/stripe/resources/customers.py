"""Customers. A deleted one leaves a stump that says so."""

from typing import Any

from standins.stripe import objects, subscribing
from standins.stripe.call import Call
from standins.stripe.errors import invalid, missing
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import page, paged
from standins.stripe.params import choice, group, many, merged, metadata, needed, postal, text
from standins.stripe.resources import payment_methods, tax_ids
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "customer"
URL = "/v1/customers"

FIELDS = {
    "address": postal(),
    "description": text(),
    "email": text(512),
    "invoice_settings": group(default_payment_method=text(), footer=text()),
    "metadata": metadata(),
    "name": text(256),
    "phone": text(20),
    "preferred_locales": many(text(20)),
    "tax_exempt": choice("exempt", "none", "reverse"),
}
CREATE = {
    **FIELDS,
    "payment_method": text(),
    "tax_id_data": many(group(type=needed(text()), value=needed(text()))),
}


def create(world: World, call: Call) -> Object:
    customer = new(world, **call.params)
    world.add(customer, "customer.created")
    for given in call.params.get("tax_id_data", []):
        tax_ids.add(world, customer, **given)
    if method := call.params.get("payment_method"):
        payment_methods.attach_to(world, payment_methods.named(world, method), customer)
    return customer


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    customer = living(world, call.found["id"], param="id")
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(customer["metadata"], given["metadata"])
    if "address" in given:
        given["address"] = objects.address(**given["address"]) if given["address"] else None
    if "invoice_settings" in given:
        method = (given["invoice_settings"] or {}).get("default_payment_method")
        if method:
            world.get(payment_methods.KIND, method, param="invoice_settings[default_payment_method]")
        given["invoice_settings"] = {**customer["invoice_settings"], **(given["invoice_settings"] or {})}
    world.change(customer, "customer.updated", **given)
    return customer


def delete(world: World, call: Call) -> Object:
    return gone(world, living(world, call.found["id"], param="id"))


def listing(world: World, call: Call) -> Object:
    rows = (row for row in world.store.newest_first(KIND) if not row.get("deleted"))
    return page(rows, call.params, URL, "email")


def new(world: World, **given: Any) -> Object:
    postal_address = given.get("address")
    settings = {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None}
    return {
        "id": new_id("cus", 14),
        "object": KIND,
        "address": objects.address(**postal_address) if postal_address else None,
        "balance": 0,
        "created": world.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": given.get("description"),
        "discount": None,
        "email": given.get("email"),
        "invoice_prefix": new_id("", 8)[1:].upper(),
        "invoice_settings": {**settings, **(given.get("invoice_settings") or {})},
        "livemode": False,
        "metadata": merged({}, given.get("metadata") or {}),
        "name": given.get("name"),
        "next_invoice_sequence": 1,
        "phone": given.get("phone"),
        "preferred_locales": given.get("preferred_locales") or [],
        "shipping": None,
        "tax_exempt": given.get("tax_exempt") or "none",
        "test_clock": None,
    }


def living(world: World, id: str, *, param: str = "customer") -> Object:
    """A customer that is not deleted."""
    customer = world.store.get(KIND, id)
    if customer is None or customer.get("deleted"):
        raise missing("customer", id, param)
    return customer


def gone(world: World, customer: Object) -> Object:
    """Delete one: its subscriptions end, its payment methods are let go, its name stays as a stump."""
    for subscription in subscribing.of_customer(world, customer["id"]):
        if subscription["status"] not in subscribing.OVER:
            subscribing.end(world, subscription, reason=None)
    for method in payment_methods.of_customer(world, customer["id"]):
        payment_methods.detach_from(world, method)
    world.emit("customer.deleted", customer)
    stump = {"id": customer["id"], "object": KIND, "deleted": True, "_was": dict(customer)}
    customer.clear()
    customer.update(stump)
    world.store.save(customer)
    return customer


def next_number(world: World, customer: Object) -> str:
    """The number of this customer's next invoice."""
    if customer.get("deleted"):
        raise invalid("The customer is deleted.")
    sequence = customer["next_invoice_sequence"]
    world.change(customer, None, next_invoice_sequence=sequence + 1)
    return f"{customer['invoice_prefix']}-{sequence:04d}"


ROUTES = (
    route("GET", URL, listing, paged(email=text())),
    route("POST", URL, create, CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, FIELDS),
    route("DELETE", URL + "/{id}", delete),
)
