"""Setup intents: looked at. What makes them is in ../saving.py."""

from standins.stripe import saving
from standins.stripe.call import Call
from standins.stripe.objects import Object
from standins.stripe.pagination import page, paged
from standins.stripe.params import text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = saving.KIND
URL = "/v1/setup_intents"


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL, "customer", "payment_method")


ROUTES = (
    route("GET", URL, listing, paged(customer=text(), payment_method=text())),
    route("GET", URL + "/{id}", retrieve),
)
