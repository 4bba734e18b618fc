"""Checkout sessions: opened, looked at, expired. What happens on the page is in ../checkout.py."""

from typing import Any

from standins.stripe import checkout
from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, listed, new_id, shown
from standins.stripe.pagination import PAGE, page, paged
from standins.stripe.params import (
    choice,
    group,
    merged,
    metadata,
    needed,
    text,
)
from standins.stripe.resources import checkout_rules, prices
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = checkout.KIND
URL = "/v1/checkout/sessions"
LEAST = 50  # cents


def create(world: World, call: Call) -> Object:
    given = call.params
    checkout_rules.check(world, given)
    lines = [line(world, each, index) for index, each in enumerate(given.get("line_items", []))]
    checkout_rules.check_lines(world, given, lines)
    session = new(world, given, lines)
    checkout.price_lines(world, session, None)
    if 0 < session["amount_total"] < LEAST:
        raise invalid("The Checkout Session's total amount must be at least $0.50 usd.", code="amount_too_small")
    world.due.at(session["expires_at"], "expire_session", session["id"])
    return world.add(session)


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    session = world.get(KIND, call.found["id"])
    given = merged(session["metadata"], call.params.get("metadata") or {})
    world.change(session, None, metadata=given)
    return session


def expire(world: World, call: Call) -> Object:
    session = world.get(KIND, call.found["id"])
    checkout.expire(world, session)
    return session


def listing(world: World, call: Call) -> Object:
    rows = world.store.newest_first(KIND)
    if details := call.params.get("customer_details"):
        rows = (row for row in rows if (row["customer_details"] or {}).get("email") == details.get("email"))
    return page(rows, call.params, URL, "customer", "payment_intent", "status", "subscription")


def line_items(world: World, call: Call) -> Object:
    session = world.get(KIND, call.found["id"])
    return page([told_line(world, each) for each in session["_lines"]], call.params, call.path)


def line(world: World, given: dict[str, Any], index: int) -> Object:
    """One line as the session keeps it."""
    param = f"line_items[{index}]"
    if bool(given.get("price")) == bool(given.get("price_data")):
        checkout_rules.refuse("A line has one of `price` and `price_data`.", param)
    if given.get("price"):
        price = prices.for_sale(world, given["price"], f"{param}[price]")
    else:
        price = prices.inline(world, given["price_data"], f"{param}[price_data]")
    if given.get("quantity") is None:
        checkout_rules.refuse("Quantity is required. Add `quantity` to the line item.", f"{param}[quantity]")
    product = world.store.get("product", price["product"]) or {}
    return {
        "id": new_id("li"),
        "price": price["id"],
        "quantity": given["quantity"],
        "description": product.get("name"),
        "adjustable_quantity": given.get("adjustable_quantity"),
        "metadata": merged({}, given.get("metadata") or {}),
    }


def told_line(world: World, each: Object) -> Object:
    price = shown(world.get("price", each["price"]))
    return {**each, "object": "item", "currency": "usd", "price": price}


def lines_of(world: World, session: Object) -> Object:
    """The part `line_items`, which is there only when it is asked for."""
    whole = world.get(KIND, session["id"])
    return listed([told_line(world, each) for each in whole["_lines"]], f"{URL}/{session['id']}/line_items")


def new(world: World, given: dict[str, Any], lines: list[Object]) -> Object:
    id = new_id("cs_test", 58)
    mode = given["mode"]
    nothing = [
        "after_expiration",
        "branding_settings",
        "client_secret",
        "collected_information",
        "consent",
        "currency_conversion",
        "customer_account",
        "customer_details",
        "integration_identifier",
        "invoice",
        "managed_payments",
        "origin_context",
        "payment_intent",
        "payment_link",
        "payment_method_configuration_details",
        "permissions",
        "recovered_from",
        "setup_intent",
        "shipping_address_collection",
        "shipping_cost",
        "subscription",
        "wallet_options",
    ]
    asked = [
        "allow_promotion_codes",
        "billing_address_collection",
        "cancel_url",
        "client_reference_id",
        "customer",
        "customer_email",
        "locale",
        "submit_type",
        "success_url",
    ]
    tax = (given.get("automatic_tax") or {}).get("enabled", False)
    made: Object = {"id": id, "object": KIND, **dict.fromkeys(nothing), **{name: given.get(name) for name in asked}}
    made |= {"adaptive_pricing": {"enabled": False}, "amount_subtotal": 0, "amount_total": 0, "created": world.now}
    made |= {"automatic_tax": automatic_tax(tax), "currency": "usd", "custom_fields": [], "livemode": False}
    texts = dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"))
    made |= {"custom_text": texts | (given.get("custom_text") or {}), "consent_collection": consent(given)}
    made |= {"customer_creation": creation(given), "discounts": discounts(given), "mode": mode}
    made |= {
        "expires_at": given.get("expires_at") or world.now + checkout_rules.LONGEST_S,
        "invoice_creation": invoices(given),
    }
    made |= {"metadata": merged({}, given.get("metadata") or {}), "payment_method_options": {}}
    made |= {"payment_method_collection": "always" if mode == "subscription" else "if_required"}
    types = given.get("allowed_payment_method_types")
    made |= {"allowed_payment_method_types": types, "payment_method_types": types or ["card", "us_bank_account"]}
    made |= {"payment_status": "unpaid", "phone_number_collection": {"enabled": False}, "shipping_options": []}
    made |= {"saved_payment_method_options": saved_options(given), "status": "open", "ui_mode": "hosted_page"}
    made |= {"tax_id_collection": collection(given), "url": f"{world.url}/pay/{id}"}
    made |= {"_lines": lines, "_given": {name: given.get(name) for name in DATA}, "_intent": None}
    return made


DATA = ("customer_update", "payment_intent_data", "setup_intent_data", "subscription_data")


def automatic_tax(on: bool) -> Object:
    status = "requires_location_inputs" if on else None
    return {
        "enabled": on,
        "liability": {"type": "self"} if on else None,
        "provider": "stripe" if on else None,
        "status": status,
    }


def consent(given: dict[str, Any]) -> Object | None:
    if not (asked := given.get("consent_collection")):
        return None
    return {"payment_method_reuse_agreement": None, "promotions": None, "terms_of_service": None, **asked}


def creation(given: dict[str, Any]) -> str | None:
    """Whether a customer is made: always where something needs one."""
    if given.get("customer"):
        return None
    data = given.get("payment_intent_data") or {}
    needs = (given.get("invoice_creation") or {}).get("enabled") or data.get("setup_future_usage")
    if given["mode"] == "subscription" or needs:
        return "always"
    return given.get("customer_creation") or "if_required"


def discounts(given: dict[str, Any]) -> list[Object] | None:
    asked = given.get("discounts")
    return [{"coupon": None, "promotion_code": None, **each} for each in asked] if asked else None


def invoices(given: dict[str, Any]) -> Object | None:
    if given["mode"] != "payment":
        return None
    asked = given.get("invoice_creation") or {}
    data = {"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None, "issuer": None}
    data |= {"metadata": {}, "rendering_options": None} | (asked.get("invoice_data") or {})
    return {"enabled": bool(asked.get("enabled")), "invoice_data": data}


def saved_options(given: dict[str, Any]) -> Object | None:
    if not given.get("customer"):
        return None
    asked = given.get("saved_payment_method_options") or {}
    nothing = {"payment_method_remove": "disabled", "payment_method_save": None}
    return {"allow_redisplay_filters": ["always"], **nothing, **asked}


def collection(given: dict[str, Any]) -> Object | None:
    asked = given.get("tax_id_collection")
    return {"enabled": asked["enabled"], "required": asked.get("required") or "never"} if asked else None


ROUTES = (
    route(
        "GET",
        URL,
        listing,
        paged(
            customer=text(),
            customer_details=group(email=needed(text())),
            payment_intent=text(),
            status=choice("complete", "expired", "open"),
            subscription=text(),
        ),
    ),
    route("POST", URL, create, checkout_rules.CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {"metadata": metadata()}),
    route("POST", URL + "/{id}/expire", expire),
    route("GET", URL + "/{id}/line_items", line_items, PAGE),
)
