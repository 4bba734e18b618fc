"""What a customer, a bank or somebody at Stripe's dashboard does, for /__control: by name, with plain arguments.

Each ends in the same function that a page or a call of the API ends in.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from standins.stripe import changing, checkout, disputing, paying, portal, refunding, settling, subscribing
from standins.stripe.checkout import Buyer
from standins.stripe.faults import BadControl
from standins.stripe.objects import Object, shown
from standins.stripe.resources import charges, customers, refunds
from standins.stripe.world import World

Act = Callable[..., Any]


def pay(world: World, *, session: str, **typed: Any) -> dict[str, Any]:
    """The customer pays on Stripe's page: `card`, `email`, `name`, `address`, `promotion_code`, `tax_id`."""
    found = world.get(checkout.KIND, session)
    if isinstance(country := typed.pop("country", None), str):
        typed["address"] = {"country": country, **(typed.get("address") or {})}
    outcome = checkout.pay(world, found, Buyer(**typed))
    return {**asdict(outcome), "session": shown(found)}


def expire(world: World, *, session: str) -> Object:
    found = world.get(checkout.KIND, session)
    checkout.expire(world, found)
    return shown(found)


def authenticate(world: World, *, payment: str, good: bool = True) -> Object:
    """The customer was at the bank's page. `payment` is an intent or a checkout session."""
    intent = intent_of(world, payment)
    settling.authenticate(world, intent, good=good)
    return shown(intent)


def settle(world: World, *, payment: str, good: bool = True, reason: str = "insufficient_funds") -> Object:
    """The bank transfer comes now, or does not."""
    intent = intent_of(world, payment)
    settling.settle(world, intent, good=good, reason=reason)
    return shown(intent)


def dispute(
    world: World, *, payment: str, amount: int | None = None, reason: str = "fraudulent", inquiry: bool = False
) -> Object:
    """The customer's bank disputes a payment (an intent, a charge, a session), or only asks."""
    charge = charge_of(world, payment)
    return shown(disputing.open_one(world, charge, amount=amount, reason=reason, inquiry=inquiry))


def escalate(world: World, *, dispute: str) -> Object:
    found = world.get(disputing.KIND, dispute)
    disputing.escalate(world, found)
    return shown(found)


def submit_evidence(world: World, *, dispute: str) -> Object:
    found = world.get(disputing.KIND, dispute)
    disputing.submit(world, found)
    return shown(found)


def close_dispute(world: World, *, dispute: str, won: bool, amount: int | None = None) -> Object:
    found = world.get(disputing.KIND, dispute)
    disputing.close(world, found, won=won, amount=amount)
    return shown(found)


def refund(world: World, *, payment: str, amount: int | None = None, reason: str | None = None) -> Object:
    """Somebody refunds at the dashboard, where the shop does not see it."""
    made = refunding.make(world, charge_of(world, payment), amount=amount, reason=reason)
    return shown(made)


def fail_refund(world: World, *, refund: str) -> Object:
    found = world.get(refunding.KIND, refund)
    refunding.fail(world, found)
    return shown(found)


def arrive_refund(world: World, *, refund: str) -> Object:
    """A pending refund arrives."""
    found = world.get(refunding.KIND, refund)
    refunding.arrive(world, found)
    return shown(found)


def cancel_subscription(world: World, *, subscription: str, at_once: bool = False) -> Object:
    """The customer ends it in the portal: when what is paid for is used up, or now."""
    found = world.get(subscribing.KIND, subscription)
    mode = "immediately" if at_once else "at_period_end"
    portal.cancel(world, found, {"subscription_cancel": {"enabled": True, "mode": mode}})
    return shown(found)


def change_subscription(world: World, *, subscription: str, price: str, proration: str = "always_invoice") -> Object:
    """The customer takes another plan in the portal."""
    found = world.get(subscribing.KIND, subscription)
    item = {"id": found["items"]["data"][0]["id"], "price": price}
    changing.change(world, found, items=[item], proration=proration)
    return shown(found)


def change_card(world: World, *, customer: str, card: str) -> Object:
    """The customer brings another card in the portal, which pays from now on."""
    found = customers.living(world, customer)
    return shown(portal.add_method(world, found, {"payment_method_update": {"enabled": True}}, card))


def delete_customer(world: World, *, customer: str) -> Object:
    return shown(customers.gone(world, customers.living(world, customer)))


def decline(world: World, *, customer: str | None = None, code: str = "insufficient_funds", times: int = 1) -> None:
    """The next payments of this customer, or of anybody, are declined, whatever their card."""
    paying.order_decline(world, customer=customer, code=code, times=times)


def alter(world: World, *, object: str, **values: Any) -> Object:
    """Something at Stripe is otherwise than it was, and no event tells of it: records that were corrected by hand."""
    found = world.store.find(object)
    if found is None or not set(values) <= set(found):
        raise BadControl(f"no {object}, or none with {', '.join(values)}")
    world.change(found, None, **values)
    return shown(found)


def intent_of(world: World, id: str) -> Object:
    """The payment that is meant: an intent itself, or a checkout session's."""
    found = world.store.find(id)
    if found and found["object"] == checkout.KIND:
        found = world.store.find(found["payment_intent"] or found["_intent"] or "")
    if found is None or found["object"] != paying.KIND:
        raise BadControl(f"no payment {id}")
    return found


def charge_of(world: World, id: str) -> Object:
    if found := world.store.get(charges.KIND, id):
        return found
    return refunds.charge_of(world, None, intent_of(world, id)["id"])


ACTS: Mapping[str, Act] = {
    act.__name__: act
    for act in (
        pay,
        expire,
        authenticate,
        settle,
        dispute,
        escalate,
        submit_evidence,
        close_dispute,
        refund,
        fail_refund,
        arrive_refund,
        cancel_subscription,
        change_subscription,
        change_card,
        delete_customer,
        decline,
        alter,
    )
}


def perform(world: World, asked: dict[str, Any]) -> Any:
    """Do one act; BadControl where it or its arguments are unknown."""
    given = dict(asked)
    name = given.pop("act")
    if name not in ACTS:
        raise BadControl(f"unknown act {name}; there are {', '.join(ACTS)}")
    try:
        return ACTS[name](world, **given)
    except TypeError as error:
        raise BadControl(str(error)) from None
