"""Who else has to hear of what became of a payment: the checkout session or the invoice that it is for."""

from standins.stripe import checkout, invoicing, paying, subscribing
from standins.stripe.objects import Object
from standins.stripe.resources import payment_methods
from standins.stripe.world import World


def tell(world: World, intent: Object) -> None:
    owner = world.store.find(intent["_owner"] or "")
    if owner is None:
        return
    if owner["object"] == invoicing.KIND:
        subscribing.settled(world, owner, intent)
        owner = world.store.find(intent.get("_session") or "")
    if owner and owner["object"] == checkout.KIND:
        checkout.settled(world, owner, intent)


def keep_method(world: World, intent: Object, method: Object) -> None:
    """Where the payment was taken to be used again, its method is the customer's now."""
    if intent["setup_future_usage"] and intent["customer"] and intent["status"] in ("succeeded", "processing"):
        customer = world.get("customer", intent["customer"])
        payment_methods.attach_to(world, method, customer)


def authenticate(world: World, intent: Object, *, good: bool) -> None:
    """The customer comes back from the bank's page."""
    method = world.get(payment_methods.KIND, intent["payment_method"] or "")
    paying.authenticate(world, intent, good=good)
    keep_method(world, intent, method)
    tell(world, intent)


def settle(world: World, intent: Object, *, good: bool, reason: str = "insufficient_funds") -> None:
    """A bank transfer comes, or does not."""
    paying.settle(world, intent, good=good, reason=reason)
    tell(world, intent)


def settle_in_time(world: World, id: str) -> None:
    """What the clock does with a bank transfer, by the account that it comes from."""
    intent = world.store.get(paying.KIND, id)
    if intent is None or intent["status"] != "processing":
        return
    method = world.get(payment_methods.KIND, intent["payment_method"])
    how = payment_methods.card_of(method).settles
    settle(world, intent, good=how == "succeeds", reason=how)
    if how == "succeeds" and (dispute := payment_methods.card_of(method).dispute):
        world.due.at(world.now + 1, "open_dispute", f"{intent['latest_charge']} {dispute}")
