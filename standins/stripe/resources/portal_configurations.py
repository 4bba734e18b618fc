"""Configurations of the customer portal: what customers may do there."""

from typing import Any

from standins.stripe.call import Call
from standins.stripe.objects import Object, new_id
from standins.stripe.pagination import PAGE, page
from standins.stripe.params import Param, boolean, choice, group, integer, many, merged, metadata, needed, text
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = "billing_portal.configuration"
URL = "/v1/billing_portal/configurations"
PRORATION = choice("always_invoice", "create_prorations", "none")
REASONS = (
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)


def same(param: Param) -> Param:
    return param


def may(*, new: bool) -> Param:
    """What a configuration allows. A new one has to say more."""
    told = needed if new else same
    return group(
        customer_update=group(
            allowed_updates=many(choice("address", "email", "name", "phone", "shipping", "tax_id")),
            enabled=told(boolean()),
        ),
        invoice_history=group(enabled=needed(boolean())),
        payment_method_update=group(enabled=needed(boolean())),
        subscription_cancel=group(
            cancellation_reason=group(enabled=needed(boolean()), options=told(many(choice(*REASONS)))),
            enabled=needed(boolean()),
            mode=choice("at_period_end", "immediately"),
            proration_behavior=PRORATION,
        ),
        subscription_update=group(
            default_allowed_updates=many(choice("price", "promotion_code", "quantity")),
            enabled=told(boolean()),
            products=many(
                group(
                    product=needed(text()),
                    prices=needed(many(text())),
                    adjustable_quantity=group(enabled=needed(boolean()), maximum=integer(), minimum=integer()),
                )
            ),
            proration_behavior=PRORATION,
            schedule_at_period_end=group(
                conditions=many(group(type=needed(choice("decreasing_item_amount", "shortening_interval"))))
            ),
        ),
    )


PROFILE = group(headline=text(60), privacy_policy_url=text(), terms_of_service_url=text())
FIELDS = {
    "business_profile": PROFILE,
    "default_return_url": text(),
    "features": may(new=False),
    "login_page": group(enabled=needed(boolean())),
    "metadata": metadata(),
    "name": text(),
}


def create(world: World, call: Call) -> Object:
    return world.add(new(world, call.params), "billing_portal.configuration.created")


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    found = world.get(KIND, call.found["id"])
    given = dict(call.params)
    if "metadata" in given:
        given["metadata"] = merged(found["metadata"], given["metadata"])
    if "features" in given:
        given["features"] = features(given["features"], found["features"])
    if "business_profile" in given:
        given["business_profile"] = {**found["business_profile"], **given["business_profile"]}
    given.pop("login_page", None)
    world.change(found, "billing_portal.configuration.updated", **given, updated=world.now)
    return found


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL, "active", "is_default")


def default(world: World) -> Object:
    """The one that is used where none is named; made when it is first needed."""
    for row in world.store.oldest_first(KIND):
        if row["is_default"]:
            return row
    on: dict[str, Any] = {name: {"enabled": True} for name in ("invoice_history", "payment_method_update")}
    on["subscription_cancel"] = {"enabled": True}
    return world.add({**new(world, {"features": on}), "is_default": True})


def new(world: World, given: dict[str, Any]) -> Object:
    profile = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}
    return {
        "id": new_id("bpc"),
        "object": KIND,
        "active": True,
        "application": None,
        "business_profile": {**profile, **(given.get("business_profile") or {})},
        "created": world.now,
        "default_return_url": given.get("default_return_url"),
        "features": features(given.get("features") or {}, NOTHING_ALLOWED),
        "is_default": False,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": merged({}, given.get("metadata") or {}),
        "name": given.get("name"),
        "updated": world.now,
    }


NOTHING_ALLOWED: Object = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": []},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


def features(given: dict[str, Any], before: Object) -> Object:
    return {name: {**before[name], **(given.get(name) or {})} for name in NOTHING_ALLOWED}


ROUTES = (
    route("GET", URL, listing, {**PAGE, "active": boolean(), "is_default": boolean()}),
    route("POST", URL, create, {**FIELDS, "features": needed(may(new=True))}),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {**FIELDS, "active": boolean()}),
)
