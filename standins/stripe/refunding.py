"""Giving money back: in whole or in parts, at once or after days, and when it does not arrive, back to us again."""

from standins.stripe.cards import DAY_S
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, new_id
from standins.stripe.params import merged
from standins.stripe.resources import balance_transactions, charges, payment_methods
from standins.stripe.world import World

KIND = "refund"
ARRIVES_AFTER_S = 5 * DAY_S


def make(
    world: World,
    charge: Object,
    *,
    amount: int | None = None,
    reason: str | None = None,
    metadata: dict[str, str | None] | None = None,
) -> Object:
    """Give back `amount`, or all that is left."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    check(charge, amount, left)
    method = world.get(payment_methods.KIND, charge["payment_method"])
    how = payment_methods.card_of(method).refund
    bank = method["type"] != "card"
    refund = new(world, charge, amount or left, reason=reason, metadata=merged({}, metadata or {}))
    refund["status"] = "pending" if how == "pends" else "succeeded"
    refund["pending_reason"] = "processing" if how == "pends" else None
    refund["balance_transaction"] = balance_transactions.add(
        world, type="payment_refund" if bank else "refund", amount=-refund["amount"], source=refund["id"]
    )["id"]
    world.add(refund, "refund.created")
    total = charge["amount_refunded"] + refund["amount"]
    former = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    world.change(charge, None, amount_refunded=total, refunded=total >= charge["amount_captured"])
    world.events.emit("charge.refunded", charge, {k: v for k, v in former.items() if charge[k] != v})
    if how != "succeeds":
        world.due.at(world.now + ARRIVES_AFTER_S, "end_refund", f"{refund['id']} {how}")
    return refund


def check(charge: Object, amount: int | None, left: int) -> None:
    if charge["status"] == "failed" or not charge["captured"]:
        raise invalid(f"Charge {charge['id']} has failed or was not captured: nothing can be refunded.")
    if charge["disputed"] and not charge.get("_refundable", False):
        raise invalid(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left <= 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount is not None and amount > left:
        raise invalid(
            f"Refund amount (${amount / 100:.2f}) is greater than unrefunded amount on charge (${left / 100:.2f})",
            param="amount",
        )


def new(world: World, charge: Object, amount: int, *, reason: str | None, metadata: dict[str, str]) -> Object:
    card = charge["payment_method_details"]["type"] == "card"
    reference = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    return {
        "id": new_id("re"),
        "object": KIND,
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {"card": reference, "type": "card"} if card else {"type": "us_bank_transfer"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def arrive(world: World, refund: Object) -> None:
    """A refund that was pending has arrived."""
    if refund["status"] == "pending":
        former = {"status": "pending", "pending_reason": refund["pending_reason"]}
        world.change(refund, None, status="succeeded", pending_reason=None)
        tell(world, refund, former)


def fail(world: World, refund: Object, reason: str = "lost_or_stolen_card") -> None:
    """A refund, pending or believed done, comes back: the money is ours again, and the charge is less refunded."""
    if refund["status"] not in ("pending", "succeeded"):
        raise invalid(f"The refund is {refund['status']}.")
    world.due.forget("end_refund", f"{refund['id']} pends")
    world.due.forget("end_refund", f"{refund['id']} fails")
    charge = world.get(charges.KIND, refund["charge"])
    back = balance_transactions.add(world, type="refund_failure", amount=refund["amount"], source=refund["id"])
    former = {"status": refund["status"]}
    values = {"failure_balance_transaction": back["id"], "failure_reason": reason, "pending_reason": None}
    world.change(refund, None, status="failed", **values)
    world.emit("refund.failed", refund)
    tell(world, refund, former)
    total = charge["amount_refunded"] - refund["amount"]
    world.change(charge, "charge.updated", amount_refunded=total, refunded=False)


def cancel(world: World, refund: Object) -> None:
    raise invalid("This refund cannot be canceled: only those that wait for the customer's action can.")


def tell(world: World, refund: Object, former: Object) -> None:
    world.events.emit("refund.updated", refund, former)
    world.events.emit("charge.refund.updated", refund, former)


def end(world: World, about: str) -> None:
    """What the clock does with a refund that was not over at once."""
    id, how = about.split()
    refund = world.store.get(KIND, id)
    if refund is None or refund["status"] not in ("pending", "succeeded"):
        return
    if how == "fails":
        fail(world, refund)
    else:
        arrive(world, refund)
