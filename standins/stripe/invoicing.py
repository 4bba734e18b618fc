"""Invoices: finalized, paid or not paid. drafting.py makes them."""

from standins.stripe import drafting, paying
from standins.stripe.cards import DAY_S
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, listed, new_id, shown
from standins.stripe.world import World

KIND = drafting.KIND
PAYMENT = "invoice_payment"
FINALIZES_AFTER_S = 3600
# How long after a failed attempt the next is made; after the last the subscription ends.
RETRIES_S = (3 * DAY_S, 5 * DAY_S, 7 * DAY_S)


def finalize(world: World, invoice: Object) -> None:
    """From now on it is not changed, and can be paid."""
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    world.due.forget("finalize_invoice", invoice["id"])
    use_balance(world, invoice)
    url = f"{world.url}/invoices/{invoice['id']}"
    values = {"hosted_invoice_url": url, "invoice_pdf": f"{url}/pdf", "effective_at": world.now}
    moments = {**invoice["status_transitions"], "finalized_at": world.now}
    world.change(
        invoice,
        None,
        status="open",
        number=next_number(world, invoice["customer"]),
        automatically_finalizes_at=None,
        status_transitions=moments,
        **values,
    )
    if invoice["amount_due"] > 0:
        open_payment(world, invoice)
    world.emit("invoice.finalized", invoice)


def use_balance(world: World, invoice: Object) -> None:
    """What Stripe owes a customer, as after a change to a cheaper plan, pays a part of the next invoices. A debt of
    Stripe's is a negative balance."""
    if invoice["billing_reason"] not in ("subscription_cycle", "subscription_update"):
        return
    customer = world.get("customer", invoice["customer"])
    total, balance = invoice["total"], customer["balance"]
    used = min(max(-balance, 0), max(total, 0))
    after = balance + used + min(total, 0)
    due = max(total, 0) - used
    values = {"starting_balance": balance, "ending_balance": after, "amount_due": due, "amount_remaining": due}
    world.change(invoice, None, **values)
    world.change(customer, "customer.updated", balance=after)


def charge(
    world: World, invoice: Object, method: Object | None, *, off_session: bool, automatic: bool
) -> Object | None:
    """Try to take the money; the intent, or None where nothing is to be paid or there is no method.

    Of attempts that somebody makes by hand only the first counts towards the retries."""
    counts = automatic or not invoice["attempted"]
    world.change(invoice, None, attempted=True, attempt_count=invoice["attempt_count"] + counts)
    if invoice["amount_remaining"] == 0:
        paid(world, invoice, None)
        return None
    intent = intent_of(world, invoice) or attach_intent(world, invoice)
    if method is None:
        return None
    intent["_counts"] = counts
    paying.attempt(world, intent, method, off_session=off_session)
    return intent


def attach_intent(world: World, invoice: Object, intent: Object | None = None) -> Object:
    """The payment intent that pays this invoice."""
    if intent is None:
        intent = paying.new(
            world,
            amount=invoice["amount_remaining"],
            customer=invoice["customer"],
            description="Subscription update" if invoice["parent"] else invoice["description"],
            setup_future_usage="off_session" if invoice["parent"] else None,
            payment_method_types=["card", "us_bank_account"],
        )
        world.add(intent, "payment_intent.created")
    intent["_owner"] = invoice["id"]
    world.store.save(intent)
    payment = payment_of(world, invoice) or open_payment(world, invoice)
    world.change(payment, None, payment={"payment_intent": intent["id"], "type": "payment_intent"})
    return intent


def paid(world: World, invoice: Object, intent: Object | None) -> None:
    """It is settled."""
    if invoice["status"] == "paid":
        return
    amount = invoice["amount_due"]
    moments = {**invoice["status_transitions"], "paid_at": world.now}
    values = {"amount_paid": amount, "amount_remaining": 0, "attempted": True, "next_payment_attempt": None}
    if payment := payment_of(world, invoice):
        done = {**payment["status_transitions"], "paid_at": world.now}
        world.change(payment, None, status="paid", amount_paid=amount, status_transitions=done)
    world.due.forget("retry_invoice", invoice["id"])
    world.change(invoice, "invoice.updated", status="paid", status_transitions=moments, **values)
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    if payment:
        world.emit("invoice_payment.paid", payment)


def failed(world: World, invoice: Object, intent: Object | None) -> bool:
    """An attempt did not succeed; whether there is still hope."""
    tries = invoice["attempt_count"]
    counts = intent is None or intent.get("_counts", False)
    again = world.now + RETRIES_S[tries - 1] if 0 < tries <= len(RETRIES_S) else None
    if counts:
        world.due.forget("retry_invoice", invoice["id"])
        if again and invoice["auto_advance"]:
            world.due.at(again, "retry_invoice", invoice["id"])
        world.change(invoice, "invoice.updated", next_payment_attempt=again)
    if intent and intent["status"] == "requires_action":
        world.emit("invoice.payment_action_required", invoice)
    else:
        world.emit("invoice.payment_failed", invoice)
        error = (intent or {}).get("last_payment_error") or {}
        if error.get("code") == "authentication_required":
            world.emit("invoice.payment_action_required", invoice)
    return again is not None or not counts


def advance(world: World, invoice: Object, *, automatically: bool) -> None:
    """Whether Stripe finalizes and collects it by itself, from now on. What had stood still goes on in an hour."""
    if automatically is invoice["auto_advance"]:
        return
    deed = "finalize_invoice" if invoice["status"] == "draft" else "retry_invoice"
    at = world.now + FINALIZES_AFTER_S if automatically else None
    world.due.forget(deed, invoice["id"])
    if at is not None:
        world.due.at(at, deed, invoice["id"])
    moment = "automatically_finalizes_at" if invoice["status"] == "draft" else "next_payment_attempt"
    world.change(invoice, None, auto_advance=automatically, **{moment: at})


def void(world: World, invoice: Object) -> None:
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"You can only void open or uncollectible invoices; this one is {invoice['status']}.")
    end(world, invoice, "void", "voided_at")
    world.emit("invoice.voided", invoice)


def give_up(world: World, invoice: Object) -> None:
    """Nobody will pay it."""
    end(world, invoice, "uncollectible", "marked_uncollectible_at")
    world.emit("invoice.marked_uncollectible", invoice)


def end(world: World, invoice: Object, status: str, moment: str) -> None:
    world.due.forget("retry_invoice", invoice["id"])
    intent = intent_of(world, invoice)
    if intent and intent["status"] in paying.OPEN:
        paying.cancel(world, intent, "void_invoice")
    moments = {**invoice["status_transitions"], moment: world.now}
    world.change(invoice, None, status=status, next_payment_attempt=None, status_transitions=moments)


def open_payment(world: World, invoice: Object) -> Object:
    payment = {
        "id": new_id("inpay"),
        "object": PAYMENT,
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": world.now,
        "currency": "usd",
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    return world.add(payment)


def payment_of(world: World, invoice: Object) -> Object | None:
    rows = world.store.newest_first(PAYMENT)
    return next((row for row in rows if row["invoice"] == invoice["id"]), None)


def payments_of(world: World, invoice: Object) -> Object:
    """The part `payments`, which is there only when it is asked for."""
    rows = [shown(row) for row in world.store.newest_first(PAYMENT) if row["invoice"] == invoice["id"]]
    return listed(rows, f"/v1/invoice_payments?invoice={invoice['id']}")


def intent_of(world: World, invoice: Object) -> Object | None:
    payment = payment_of(world, invoice)
    id = payment["payment"].get("payment_intent") if payment else None
    return world.store.get(paying.KIND, id) if id else None


def subscription_of(invoice: Object) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None


def next_number(world: World, customer: str) -> str:
    """The number of this customer's next invoice."""
    found = world.get("customer", customer)
    if found.get("deleted"):
        raise invalid("The customer is deleted.")
    sequence = found["next_invoice_sequence"]
    world.change(found, None, next_invoice_sequence=sequence + 1)
    return f"{found['invoice_prefix']}-{sequence:04d}"
