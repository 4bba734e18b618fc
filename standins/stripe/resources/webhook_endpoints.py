"""Webhook endpoints: further addresses that hear of events, each with its own secret."""

from standins.stripe.call import Call
from standins.stripe.objects import API_VERSION, Object, new_id
from standins.stripe.pagination import PAGE, page
from standins.stripe.params import boolean, choice, many, merged, metadata, needed, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "webhook_endpoint"
URL = "/v1/webhook_endpoints"


def create(world: World, call: Call) -> Object:
    given = call.params
    endpoint: Object = {
        "id": new_id("we"),
        "object": KIND,
        "api_version": given.get("api_version"),
        "application": None,
        "created": world.now,
        "description": given.get("description"),
        "enabled_events": given["enabled_events"],
        "livemode": False,
        "metadata": merged({}, given.get("metadata") or {}),
        "status": "enabled",
        "url": given["url"],
        "_secret": new_id("whsec", 32),
    }
    world.add(endpoint)
    return {**endpoint, "secret": endpoint["_secret"]}  # told once, and never again


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    endpoint = world.get(KIND, call.found["id"])
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(endpoint["metadata"], given["metadata"])
    if (disabled := given.pop("disabled", None)) is not None:
        given["status"] = "disabled" if disabled else "enabled"
    world.change(endpoint, None, **given)
    return endpoint


def delete(world: World, call: Call) -> Object:
    endpoint = world.get(KIND, call.found["id"])
    world.store.remove(endpoint)
    return {"id": endpoint["id"], "object": KIND, "deleted": True}


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL)


FIELDS = {"description": text(), "metadata": metadata()}
ROUTES = (
    route("GET", URL, listing, PAGE),
    route(
        "POST",
        URL,
        create,
        {**FIELDS, "api_version": choice(API_VERSION), "enabled_events": needed(many(text())), "url": needed(text())},
    ),
    route("GET", URL + "/{id}", retrieve),
    route(
        "POST",
        URL + "/{id}",
        update,
        {**FIELDS, "disabled": boolean(), "enabled_events": many(text()), "url": text()},
    ),
    route("DELETE", URL + "/{id}", delete),
)
