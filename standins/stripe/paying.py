"""Taking a payment: an intent is tried with a payment method, and succeeds, waits, asks for the customer, or fails."""

from typing import Any

from standins.stripe import cards
from standins.stripe.cards import DAY_S, Card
from standins.stripe.errors import DOCS, StripeError, invalid
from standins.stripe.objects import Object, new_id, shown
from standins.stripe.resources import balance_transactions, charges, payment_methods
from standins.stripe.world import World

KIND = "payment_intent"
DECLINE = "_decline"
SETTLES_AFTER_S = 4 * DAY_S
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


def new(world: World, *, amount: int, **values: Any) -> Object:
    """An intent that waits for a payment method. `_owner` is the checkout session or invoice that it pays."""
    id = new_id("pi")
    return {
        "id": id,
        "object": KIND,
        "allowed_payment_method_types": None,
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{new_id('', 24)[1:]}",
        "confirmation_method": "automatic",
        "created": world.now,
        "currency": "usd",
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        "_owner": None,
        "_off_session": False,
        **values,
    }


def attempt(world: World, intent: Object, method: Object, *, off_session: bool, return_url: str | None = None) -> None:
    """Try it; how it went stands on the intent."""
    card = payment_methods.card_of(method)
    intent |= {"payment_method": method["id"], "last_payment_error": None, "_off_session": off_session}
    world.store.save(intent)
    if decline := ordered_decline(world, intent) or card.decline or (card.later if off_session else ""):
        fail(world, intent, method, decline)
    elif asks(card, method, off_session=off_session):
        if off_session:
            fail(world, intent, method, "authentication_required")
        else:
            ask_the_customer(world, intent, return_url)
    elif card.type == "us_bank_account":
        wait_for_the_bank(world, intent, method)
    else:
        succeed(world, intent, method)


def authenticate(world: World, intent: Object, *, good: bool) -> None:
    """The customer did, or did not, what the bank asked for."""
    if intent["status"] != "requires_action":
        raise invalid(f"The payment is {intent['status']}: there is nothing to authenticate.")
    method = world.get(payment_methods.KIND, intent["payment_method"])
    if not good:
        fail(world, intent, method, "", code="payment_intent_authentication_failure", message=NOT_AUTHENTICATED)
    elif after := payment_methods.card_of(method).after:
        fail(world, intent, method, after)
    else:
        method["_authenticated"] = True
        world.store.save(method)
        succeed(world, intent, method)


def settle(world: World, intent: Object, *, good: bool, reason: str = "insufficient_funds") -> None:
    """The bank's answer, days after the order."""
    if intent["status"] != "processing":
        raise invalid(f"The payment is {intent['status']}: no bank is asked.")
    world.due.forget("settle_payment", intent["id"])
    charge = world.get(charges.KIND, intent["latest_charge"])
    if good:
        world.change(charge, None, status="succeeded", paid=True)
        world.emit("charge.succeeded", charge)
        finish(world, intent, charge)
        return
    message = f"The bank did not pay: {reason.replace('_', ' ')}."
    back = balance_transactions.add(world, type="payment_failure_refund", amount=-charge["amount"], source=charge["id"])
    failure = {"failure_code": reason, "failure_message": message, "failure_balance_transaction": back["id"]}
    world.change(charge, None, status="failed", paid=False, captured=False, amount_captured=0, **failure)
    world.emit("charge.failed", charge)
    method = world.get(payment_methods.KIND, charge["payment_method"])
    refuse(world, intent, error_of(charge, method, code=reason, message=message))


def cancel(world: World, intent: Object, reason: str | None) -> None:
    if intent["status"] not in OPEN and intent["status"] != "processing":
        raise invalid(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    values = {"canceled_at": world.now, "cancellation_reason": reason, "next_action": None}
    world.change(intent, None, status="canceled", **values)
    world.emit("payment_intent.canceled", intent)


def succeed(world: World, intent: Object, method: Object) -> None:
    """The money is there."""
    amount = intent["amount"]
    good = {"status": "succeeded", "paid": True, "captured": True, "amount_captured": amount}
    charge = world.add(charges.new(world, intent, method, **good), "charge.succeeded")
    finish(world, intent, charge)
    world.afterwards.append(lambda: enter_on_balance(world, charge))
    if dispute := payment_methods.card_of(method).dispute:
        world.due.at(world.now + 1, "open_dispute", f"{charge['id']} {dispute}")


def finish(world: World, intent: Object, charge: Object) -> None:
    values = {"amount_received": intent["amount"], "latest_charge": charge["id"], "next_action": None}
    world.change(intent, None, status="succeeded", processing=None, **values)
    world.emit("payment_intent.succeeded", intent)


def enter_on_balance(world: World, charge: Object) -> None:
    """Stripe writes down what it owes us a little after the payment."""
    fee = balance_transactions.fee_of(charge["amount"])
    kind = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    entry = balance_transactions.add(world, type=kind, amount=charge["amount"], fee=fee, source=charge["id"])
    world.change(charge, "charge.updated", balance_transaction=entry["id"])


def wait_for_the_bank(world: World, intent: Object, method: Object) -> None:
    """A debit is on its way; nothing is certain for days."""
    captured = {"captured": True, "amount_captured": intent["amount"]}
    charge = world.add(charges.new(world, intent, method, **captured), "charge.pending")
    world.change(intent, None, status="processing", latest_charge=charge["id"], next_action=None)
    world.emit("payment_intent.processing", intent)
    world.afterwards.append(lambda: enter_on_balance(world, charge))
    if payment_methods.card_of(method).settles != "waits":
        world.due.at(world.now + SETTLES_AFTER_S, "settle_payment", intent["id"])


def ask_the_customer(world: World, intent: Object, return_url: str | None) -> None:
    """Nothing is charged until the customer has been at the bank's page."""
    url = f"{world.url}/authenticate/{intent['id']}"
    action: Object = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url}}
    if return_url:
        action = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    world.change(intent, None, status="requires_action", next_action=action)
    world.emit("payment_intent.requires_action", intent)


def fail(world: World, intent: Object, method: Object, decline: str, *, code: str = "", message: str = "") -> None:
    """The payment did not come about. What the bank refused is a charge too, one that failed."""
    if not decline:
        kind = "invalid_request_error"
        refuse(world, intent, error_of(None, method, code=code, message=message, kind=kind))
        return
    code, message = cards.DECLINES.get(decline, cards.DECLINES["generic_decline"])
    failure = {"failure_code": code, "failure_message": message, "outcome": charges.outcome(decline)}
    charge = world.add(charges.new(world, intent, method, status="failed", **failure), "charge.failed")
    intent["latest_charge"] = charge["id"]
    refuse(world, intent, error_of(charge, method, code=code, message=message, decline=decline))


def refuse(world: World, intent: Object, error: Object) -> None:
    values = {"last_payment_error": error, "next_action": None, "payment_method": None, "processing": None}
    world.change(intent, None, status="requires_payment_method", **values)
    world.emit("payment_intent.payment_failed", intent)


def error_of(
    charge: Object | None, method: Object, *, code: str, message: str, decline: str = "", kind: str = "card_error"
) -> Object:
    error = {"type": kind, "code": code, "message": message, "payment_method": shown(method)}
    error["doc_url"] = f"{DOCS}/{code.replace('_', '-')}"
    if charge:
        error["charge"] = charge["id"]
    if decline:
        error["decline_code"] = decline
    return error


def card_error(intent: Object) -> StripeError:
    """What a call is answered whose payment was declined."""
    error = dict(intent["last_payment_error"])
    return StripeError(402, error.pop("type"), error.pop("message"), **error, payment_intent=shown(intent))


def asks(card: Card, method: Object, *, off_session: bool) -> bool:
    """Whether the bank wants to hear from the customer."""
    if card.asks == "always":
        return True
    return card.asks == "unless_saved" and not method["_authenticated"]


def ordered_decline(world: World, intent: Object) -> str:
    """The decline that a test ordered for this customer's next payment, or for anybody's."""
    for row in world.store.oldest_first(DECLINE):
        if row["customer"] in (None, intent["customer"]):
            row["times"] -= 1
            world.store.save(row)
            if row["times"] <= 0:
                world.store.remove(row)
            return str(row["code"])
    return ""


def order_decline(world: World, *, customer: str | None, code: str, times: int) -> None:
    world.store.add({"object": DECLINE, "id": new_id("decline"), "customer": customer, "code": code, "times": times})
