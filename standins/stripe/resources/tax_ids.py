"""Tax ids of customers."""

from standins.stripe.call import Call
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import PAGE, page
from standins.stripe.params import needed, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "tax_id"
URL = "/v1/customers/{customer}/tax_ids"


def create(world: World, call: Call) -> Object:
    customer = world.get("customer", call.found["customer"])
    return add(world, customer, **call.params)


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def delete(world: World, call: Call) -> Object:
    found = world.get(KIND, call.found["id"])
    world.store.remove(found)
    world.emit("customer.tax_id.deleted", found)
    return {"id": found["id"], "object": KIND, "deleted": True}


def listing(world: World, call: Call) -> Object:
    return page(of_customer(world, call.found["customer"]), call.params, call.path)


def add(world: World, customer: Object, *, type: str, value: str) -> Object:
    owner = {"account": None, "application": None, "customer": customer["id"], "customer_account": None}
    made = {
        "id": new_id("txi"),
        "object": KIND,
        "country": value[:2] if value[:2].isalpha() else None,
        "created": world.now,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "owner": {**owner, "type": "customer"},
        "type": type,
        "value": value,
        "verification": {"status": "pending", "verified_address": None, "verified_name": None},
    }
    return world.add(made, "customer.tax_id.created")


def of_customer(world: World, id: str) -> list[Object]:
    return [row for row in world.store.newest_first(KIND) if row["customer"] == id]


ROUTES = (
    route("GET", URL, listing, PAGE),
    route("POST", URL, create, {"type": needed(text()), "value": needed(text())}),
    route("GET", URL + "/{id}", retrieve),
    route("DELETE", URL + "/{id}", delete),
)
