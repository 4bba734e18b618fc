"""Events, for who missed them."""

from fnmatch import fnmatchcase

from standins.stripe import events
from standins.stripe.call import Call
from standins.stripe.objects import Object
from standins.stripe.pagination import page, paged
from standins.stripe.params import boolean, many, text
from standins.stripe.routes import route
from standins.stripe.world import World

URL = "/v1/events"


def retrieve(world: World, call: Call) -> Object:
    return world.get(events.KIND, call.found["id"])


def listing(world: World, call: Call) -> Object:
    given = call.params
    rows = list(world.store.newest_first(events.KIND))
    if kind := given.get("type"):
        rows = [row for row in rows if fnmatchcase(row["type"], kind)]
    if kinds := given.get("types"):
        rows = [row for row in rows if any(fnmatchcase(row["type"], kind) for kind in kinds)]
    if (wanted := given.get("delivery_success")) is not None:
        rows = [row for row in rows if arrived(row) == wanted]
    return page(rows, given, URL)


def arrived(event: Object) -> bool:
    """Whether everybody who should have it has it."""
    return all(each["state"] == "delivered" for each in event["_deliveries"].values())


ROUTES = (
    route("GET", URL, listing, paged(delivery_success=boolean(), type=text(), types=many(text(), most=20))),
    route("GET", URL + "/{id}", retrieve),
)
