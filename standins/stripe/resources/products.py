"""Products."""

from typing import Any

from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import page, paged
from standins.stripe.params import boolean, group, many, merged, metadata, needed, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "product"
URL = "/v1/products"

FIELDS = {
    "active": boolean(),
    "description": text(),
    "images": many(text(), most=8),
    "marketing_features": many(group(name=needed(text(80)))),
    "metadata": metadata(),
    "name": text(250),
    "shippable": boolean(),
    "statement_descriptor": text(22),
    "tax_code": text(),
    "unit_label": text(12),
    "url": text(),
}


def create(world: World, call: Call) -> Object:
    if (id := call.params.get("id")) and world.store.get(KIND, id):
        raise invalid("Product already exists.", param="id", code="resource_already_exists")
    return world.add(new(world, **call.params), "product.created")


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    product = world.get(KIND, call.found["id"])
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(product["metadata"], given["metadata"])
    if given.get("default_price"):
        world.get("price", given["default_price"], param="default_price")
    world.change(product, "product.updated", **given, updated=world.now)
    return product


def delete(world: World, call: Call) -> Object:
    product = world.get(KIND, call.found["id"])
    if any(price["product"] == product["id"] for price in world.store.oldest_first("price")):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    world.emit("product.deleted", product)
    world.store.remove(product)
    return {"id": product["id"], "object": KIND, "deleted": True}


def listing(world: World, call: Call) -> Object:
    rows = world.store.newest_first(KIND)
    if ids := call.params.get("ids"):
        rows = (row for row in rows if row["id"] in ids)
    return page(rows, call.params, URL, "active", "shippable", "url")


def new(world: World, **given: Any) -> Object:
    names = ("description", "shippable", "statement_descriptor", "tax_code", "unit_label", "url")
    return {
        "id": given.get("id") or new_id("prod", 14),
        "object": KIND,
        "active": given.get("active", True),
        "created": world.now,
        "default_price": None,
        "images": given.get("images") or [],
        "livemode": False,
        "marketing_features": given.get("marketing_features") or [],
        "metadata": merged({}, given.get("metadata") or {}),
        "name": given["name"],
        "package_dimensions": None,
        "type": "service",
        "updated": world.now,
        **{name: given.get(name) for name in names},
    }


ROUTES = (
    route("GET", URL, listing, paged(active=boolean(), ids=many(text()), shippable=boolean(), url=text())),
    route("POST", URL, create, {**FIELDS, "id": text(), "name": needed(text(250))}),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {**FIELDS, "default_price": text()}),
    route("DELETE", URL + "/{id}", delete),
)
