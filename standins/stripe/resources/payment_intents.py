"""Payment intents."""

from typing import Any

from standins.stripe import paying, settling
from standins.stripe.call import Call
from standins.stripe.errors import invalid
from standins.stripe.objects import Object
from standins.stripe.pagination import page, paged
from standins.stripe.params import boolean, choice, currency, group, integer, many, merged, metadata, needed, text
from standins.stripe.resources import customers, payment_methods
from standins.stripe.routes import route
from standins.stripe.world import World

KIND = paying.KIND
URL = "/v1/payment_intents"
LEAST = 50  # cents

FIELDS = {
    "allowed_payment_method_types": many(choice("card", "us_bank_account")),
    "customer": text(),
    "description": text(1000),
    "metadata": metadata(),
    "payment_method": text(),
    "receipt_email": text(),
    "setup_future_usage": choice("off_session", "on_session"),
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
}
CONFIRM = {
    "error_on_requires_action": boolean(),
    "off_session": boolean(),
    "payment_method": text(),
    "receipt_email": text(),
    "return_url": text(),
    "setup_future_usage": choice("off_session", "on_session"),
}
CREATE = {
    **FIELDS,
    **CONFIRM,
    "amount": needed(integer(1, 99_999_999)),
    "currency": needed(currency()),
    "automatic_payment_methods": group(enabled=needed(boolean()), allow_redirects=choice("always", "never")),
    "capture_method": choice("automatic", "automatic_async"),
    "confirm": boolean(),
}
REASONS = choice("abandoned", "duplicate", "fraudulent", "requested_by_customer")


def create(world: World, call: Call) -> Object:
    given = call.params
    check(world, given)
    if given["amount"] < LEAST:
        raise invalid("Amount must be at least $0.50 usd", param="amount", code="amount_too_small")
    if not given.get("confirm"):
        for name in ("error_on_requires_action", "off_session", "return_url"):
            if name in given:
                raise invalid(f"`{name}` can only be used when confirm is true.", param=name)
    intent = paying.new(world, amount=given["amount"], **first_values(given))
    if method := given.get("payment_method"):
        intent |= {"payment_method": usable(world, intent, method)["id"], "status": "requires_confirmation"}
    world.add(intent, "payment_intent.created")
    return go(world, intent, given) if given.get("confirm") else intent


def retrieve(world: World, call: Call) -> Object:
    return world.get(KIND, call.found["id"])


def update(world: World, call: Call) -> Object:
    intent = open_one(world, call.found["id"])
    given = dict(call.params)
    check(world, given)
    if "metadata" in given:
        given["metadata"] = merged(intent["metadata"], given["metadata"])
    if given.get("payment_method"):
        given["payment_method"] = usable(world, intent, given["payment_method"])["id"]
        given["status"] = "requires_confirmation"
    world.change(intent, None, **given)
    return intent


def confirm(world: World, call: Call) -> Object:
    return go(world, open_one(world, call.found["id"]), call.params)


def cancel(world: World, call: Call) -> Object:
    intent = world.get(KIND, call.found["id"])
    paying.cancel(world, intent, call.params.get("cancellation_reason"))
    settling.tell(world, intent)
    return intent


def listing(world: World, call: Call) -> Object:
    return page(world.store.newest_first(KIND), call.params, URL, "customer")


def first_values(given: dict[str, Any]) -> dict[str, Any]:
    names = ("customer", "description", "receipt_email", "setup_future_usage")
    values = {name: given.get(name) for name in (*names, "statement_descriptor", "statement_descriptor_suffix")}
    values["metadata"] = merged({}, given.get("metadata") or {})
    values["capture_method"] = given.get("capture_method") or "automatic_async"
    if types := given.get("allowed_payment_method_types"):
        return {**values, "allowed_payment_method_types": types, "payment_method_types": types}
    automatic = {"allow_redirects": "always", "enabled": True} | (given.get("automatic_payment_methods") or {})
    return {**values, "automatic_payment_methods": automatic, "payment_method_types": ["card", "us_bank_account"]}


def check(world: World, given: dict[str, Any]) -> None:
    if given.get("customer"):
        customers.living(world, given["customer"])


def usable(world: World, intent: Object, id: str) -> Object:
    """The payment method, if this intent may be paid with it."""
    method = payment_methods.named(world, id)
    if method["customer"] and method["customer"] != intent["customer"]:
        raise invalid(
            "The PaymentMethod you provided belongs to a customer. Provide that customer with it.",
            param="payment_method",
        )
    if method["type"] not in intent["payment_method_types"]:
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent.",
            param="payment_method",
        )
    return method


def open_one(world: World, id: str) -> Object:
    intent = world.get(KIND, id)
    if intent["status"] not in paying.OPEN:
        raise invalid(
            f"This PaymentIntent's status is {intent['status']}: it cannot be changed or confirmed any more.",
            code="payment_intent_unexpected_state",
        )
    return intent


def go(world: World, intent: Object, given: dict[str, Any]) -> Object:
    """Confirm it: try to take the money."""
    id = given.get("payment_method") or intent["payment_method"]
    if not id:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    method = usable(world, intent, id)
    off_session = bool(given.get("off_session"))
    automatic = intent["automatic_payment_methods"]
    redirects = automatic and automatic.get("allow_redirects") != "never"
    if redirects and not given.get("return_url") and not off_session:
        raise invalid("This PaymentIntent may redirect the customer: a `return_url` is needed.", param="return_url")
    if given.get("setup_future_usage"):
        intent["setup_future_usage"] = given["setup_future_usage"]
    if given.get("receipt_email"):
        intent["receipt_email"] = given["receipt_email"]
    paying.attempt(world, intent, method, off_session=off_session, return_url=given.get("return_url"))
    settling.keep_method(world, intent, method)
    settling.tell(world, intent)
    if intent["last_payment_error"]:
        raise paying.card_error(intent)
    if intent["status"] == "requires_action" and given.get("error_on_requires_action"):
        paying.authenticate(world, intent, good=False)
        raise paying.card_error(intent)
    return intent


ROUTES = (
    route("GET", URL, listing, paged(customer=text())),
    route("POST", URL, create, CREATE),
    route("GET", URL + "/{id}", retrieve),
    route("POST", URL + "/{id}", update, {**FIELDS, "amount": integer(1, 99_999_999), "currency": currency()}),
    route("POST", URL + "/{id}/confirm", confirm, CONFIRM),
    route("POST", URL + "/{id}/cancel", cancel, {"cancellation_reason": REASONS}),
)
