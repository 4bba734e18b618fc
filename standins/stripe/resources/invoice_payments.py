"""Invoice payments: which payment intent pays which invoice."""

from standins.stripe import invoicing
from standins.stripe.call import Call
from standins.stripe.objects import Object
from standins.stripe.pagination import page, paged
from standins.stripe.params import choice, group, needed, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = invoicing.PAYMENT
URL = "/v1/invoice_payments"


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def listing(world: World, call: Call) -> Object:
    rows = world.store.newest_first(KIND)
    if payment := call.params.get("payment"):
        rows = (row for row in rows if row["payment"].get("payment_intent") == payment.get("payment_intent"))
    return page(rows, call.params, URL, "invoice", "status")


PAYMENT = group(type=needed(choice("payment_intent")), payment_intent=text())
STATUS = choice("canceled", "open", "paid")
ROUTES = (
    route("GET", URL, listing, paged(invoice=text(), payment=PAYMENT, status=STATUS)),
    route("GET", URL + "/{id}", retrieve),
)
