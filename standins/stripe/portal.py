"""The customer portal: what a customer does there. The page and /__control are two doors over these functions."""

from standins.stripe import cards, changing, subscribing
from standins.stripe.errors import invalid
from standins.stripe.objects import Object
from standins.stripe.resources import customers, payment_methods, portal_configurations, prices
from standins.stripe.world import World

KIND = "billing_portal.session"
LASTS_S = 24 * 3600


def entered(world: World, id: str) -> tuple[Object, Object, Object]:
    """The session with this id, while it lasts, its customer, and the features that are allowed."""
    session = world.get(KIND, id)
    if world.now > session["created"] + LASTS_S:
        raise invalid("This portal session has expired.", code="portal_session_expired")
    customer = customers.living(world, session["customer"])
    configuration = world.get(portal_configurations.KIND, session["configuration"])
    return session, customer, configuration["features"]


def cancel(world: World, subscription: Object, features: Object, *, feedback: str | None = None) -> None:
    """The customer ends it: at the end of what is paid for, or now, as the configuration says."""
    allowed = features["subscription_cancel"]
    if not allowed["enabled"]:
        raise invalid("The portal does not let customers cancel.")
    if allowed["mode"] == "immediately":
        subscription["cancellation_details"] = {**subscription["cancellation_details"], "feedback": feedback}
        subscribing.end(world, subscription, reason="cancellation_requested")
        return
    values = subscribing.cancel_at_end(world, subscription, wish=True, details={"feedback": feedback})
    world.change(subscription, "customer.subscription.updated", **values)


def renew(world: World, subscription: Object) -> None:
    """The customer wants it after all."""
    if subscription["status"] in subscribing.OVER:
        raise invalid("This subscription is over.")
    values = subscribing.cancel_at_end(world, subscription, wish=False)
    world.change(subscription, "customer.subscription.updated", **values)


def choices(world: World, features: Object) -> list[Object]:
    """The prices that a customer may change to."""
    allowed = features["subscription_update"]
    if not allowed["enabled"] or "price" not in allowed["default_allowed_updates"]:
        return []
    ids = [id for product in allowed["products"] or [] for id in product["prices"]]
    return [price for id in ids if (price := world.store.get(prices.KIND, id)) and price["active"]]


def change_plan(world: World, subscription: Object, features: Object, price: str) -> None:
    """The customer takes another plan."""
    if price not in [each["id"] for each in choices(world, features)]:
        raise invalid("The portal does not offer this plan.")
    if waits(world, subscription, features, price):
        world.change(subscription, None, _next_price=price)
        return
    subscription["_next_price"] = None
    item = {"id": subscription["items"]["data"][0]["id"], "price": price}
    changing.change(world, subscription, items=[item], proration=features["subscription_update"]["proration_behavior"])


def waits(world: World, subscription: Object, features: Object, price: str) -> bool:
    """Whether a change to this price comes only when what is paid for is used up."""
    conditions = features["subscription_update"]["schedule_at_period_end"]["conditions"] or []
    now = subscription["items"]["data"][0]["price"]["unit_amount"]
    cheaper = world.get(prices.KIND, price)["unit_amount"] < now
    return cheaper and any(each["type"] == "decreasing_item_amount" for each in conditions)


def planned(world: World, subscription: Object) -> Object | None:
    """The price that the next period begins with, where it is another one."""
    return world.store.get(prices.KIND, subscription.get("_next_price") or "")


def keep_plan(world: World, subscription: Object) -> None:
    """The customer stays with the present plan after all."""
    world.change(subscription, None, _next_price=None)


def add_method(world: World, customer: Object, features: Object, name: str) -> Object:
    """The customer brings another card, which pays from now on."""
    if not features["payment_method_update"]["enabled"]:
        raise invalid("The portal does not let customers change how they pay.")
    card = cards.find(name)
    if card is None:
        raise invalid("Your card number is incorrect.", code="incorrect_number")
    method = payment_methods.new(world, card, {"email": customer["email"], "name": customer["name"]})
    world.add(method)
    payment_methods.attach_to(world, method, customer)
    if card.asks == "unless_saved":
        method["_authenticated"] = True
    make_default(world, customer, method)
    return method


def make_default(world: World, customer: Object, method: Object) -> None:
    settings = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    world.change(customer, "customer.updated", invoice_settings=settings)
    for subscription in subscribing.of_customer(world, customer["id"]):
        if subscription["status"] not in subscribing.OVER:
            world.change(subscription, "customer.subscription.updated", default_payment_method=method["id"])


def remove_method(world: World, customer: Object, method: Object) -> None:
    if method["customer"] != customer["id"]:
        raise invalid("This payment method is another customer's.")
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        settings = {**customer["invoice_settings"], "default_payment_method": None}
        world.change(customer, "customer.updated", invoice_settings=settings)
    payment_methods.detach_from(world, method)
