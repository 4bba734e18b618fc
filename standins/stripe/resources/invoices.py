"""Invoices: looked at, paid, voided. They are made by purchases and subscriptions."""

from standins.stripe import invoicing, paying, settling, subscribing
from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object
from standins.stripe.pagination import PAGE, page, paged
from standins.stripe.params import boolean, choice, merged, metadata, text
from standins.stripe.resources import payment_methods
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = invoicing.KIND
URL = "/v1/invoices"


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    invoice = world.get(KIND, call.found["id"])
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(invoice["metadata"], given["metadata"])
    if "auto_advance" in given:
        if invoice["status"] not in ("draft", "open"):
            raise invalid("Only draft and open invoices advance.", param="auto_advance")
        invoicing.advance(world, invoice, automatically=given["auto_advance"])
    world.change(invoice, "invoice.updated", **given)
    return invoice


def finalize(world: World, call: Call) -> Object:
    invoice = world.get(KIND, call.found["id"])
    invoicing.finalize(world, invoice)
    return invoice


def pay(world: World, call: Call) -> Object:
    invoice = world.get(KIND, call.found["id"])
    if invoice["status"] == "draft":
        invoicing.finalize(world, invoice)
    if invoice["status"] != "open":
        raise invalid("Invoice is already paid" if invoice["status"] == "paid" else f"Invoice is {invoice['status']}.")
    given = call.params
    id = given.get("payment_method")
    method = payment_methods.named(world, id) if id else None
    if method is None and subscribing.method_for(world, invoice) is None and invoice["amount_remaining"]:
        raise invalid("There is no `default_payment_method` set on this Customer or Invoice.")
    intent = subscribing.collect(world, invoice, method, off_session=given.get("off_session", True))
    if intent:
        if method:
            settling.keep_method(world, intent, method)
        if intent["last_payment_error"]:
            raise paying.card_error(intent)
    return invoice


def void(world: World, call: Call) -> Object:
    invoice = world.get(KIND, call.found["id"])
    invoicing.void(world, invoice)
    return invoice


def give_up(world: World, call: Call) -> Object:
    invoice = world.get(KIND, call.found["id"])
    if invoice["status"] != "open":
        raise invalid(f"Only open invoices can be marked uncollectible; this one is {invoice['status']}.")
    invoicing.give_up(world, invoice)
    return invoice


def lines(world: World, call: Call) -> Object:
    invoice = world.get(KIND, call.found["id"])
    return page(invoice["lines"]["data"], call.params, call.path)


def listing(world: World, call: Call) -> Object:
    rows = world.store.newest_first(KIND)
    if subscription := call.params.get("subscription"):
        rows = (row for row in rows if invoicing.subscription_of(row) == subscription)
    return page(rows, call.params, URL, "customer", "status", "collection_method")


STATUS = choice("draft", "open", "paid", "uncollectible", "void")
ROUTES = (
    route(
        "GET",
        URL,
        listing,
        paged(
            collection_method=choice("charge_automatically", "send_invoice"),
            customer=text(),
            status=STATUS,
            subscription=text(),
        ),
    ),
    route("GET", URL + "/{id}", retrieve),
    route(
        "POST",
        URL + "/{id}",
        update,
        {"auto_advance": boolean(), "description": text(), "footer": text(), "metadata": metadata()},
    ),
    route("GET", URL + "/{id}/lines", lines, PAGE),
    route("POST", URL + "/{id}/finalize", finalize, {"auto_advance": boolean()}),
    route("POST", URL + "/{id}/pay", pay, {"off_session": boolean(), "payment_method": text()}),
    route("POST", URL + "/{id}/void", void),
    route("POST", URL + "/{id}/mark_uncollectible", give_up),
)
