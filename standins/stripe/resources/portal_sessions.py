"""Sessions of the customer portal: one customer's way in, for a while. What happens there is in ../portal.py."""

from typing import Any

from standins.stripe import portal
from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, new_id
from standins.stripe.params import choice, group, integer, many, needed, text
from standins.stripe.resources import customers, portal_configurations
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = portal.KIND
URL = "/v1/billing_portal/sessions"
ITEM = group(id=needed(text()), price=text(), quantity=integer(1))
FLOW = group(
    after_completion=group(
        type=needed(choice("hosted_confirmation", "portal_homepage", "redirect")),
        hosted_confirmation=group(custom_message=text()),
        redirect=group(return_url=needed(text())),
    ),
    subscription_cancel=group(subscription=needed(text())),
    subscription_update=group(subscription=needed(text())),
    subscription_update_confirm=group(items=needed(many(ITEM)), subscription=needed(text())),
    type=needed(
        choice("payment_method_update", "subscription_cancel", "subscription_update", "subscription_update_confirm")
    ),
)
CREATE = {
    "configuration": text(),
    "customer": needed(text()),
    "flow_data": FLOW,
    "locale": text(),
    "return_url": text(),
}


def create(world: World, call: Call) -> Object:
    given = call.params
    customer = customers.living(world, given["customer"])
    if given.get("configuration"):
        configuration = world.get(portal_configurations.KIND, given["configuration"], param="configuration")
    else:
        configuration = portal_configurations.default(world)
    return_url = given.get("return_url") or configuration["default_return_url"]
    id = new_id("bps")
    flow = flow_of(world, given.get("flow_data"), customer)
    made = {
        "id": id,
        "object": KIND,
        "after_expiration": None,
        "configuration": configuration["id"],
        "created": world.now,
        "customer": customer["id"],
        "customer_account": None,
        "flow": flow,
        "livemode": False,
        "locale": given.get("locale"),
        "on_behalf_of": None,
        "return_url": return_url,
        "url": f"{world.url}/portal/{id}",
    }
    return world.add(made, "billing_portal.session.created")


def flow_of(world: World, given: dict[str, Any] | None, customer: Object) -> Object | None:
    if not given:
        return None
    after = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    parts = ("subscription_cancel", "subscription_update", "subscription_update_confirm")
    for name in parts:
        if (said := given.get(name)) and world.get("subscription", said["subscription"])["customer"] != customer["id"]:
            raise invalid("The subscription is another customer's.", param=f"flow_data[{name}][subscription]")
    told = {name: given.get(name) for name in parts}
    return {"after_completion": after | (given.get("after_completion") or {}), **told, "type": given["type"]}


ROUTES = (route("POST", URL, create, CREATE),)
