"""The bank takes a payment back: inquiry, dispute, evidence, and how it ends."""

from standins.stripe.cards import DAY_S
from standins.stripe.errors import invalid
from standins.stripe.objects import Object, new_id, shown
from standins.stripe.resources import balance_transactions, charges
from standins.stripe.world import World

KIND = "dispute"
FEE = 1500
EVIDENCE_WITHIN_S = 9 * DAY_S
OVER = ("won", "lost", "warning_closed")
WAITING = ("needs_response", "warning_needs_response", "under_review", "warning_under_review")
EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


def open_one(
    world: World, charge: Object, *, amount: int | None = None, reason: str = "general", inquiry: bool = False
) -> Object:
    """The customer's bank disputes a payment, or only asks about it. Returns the dispute."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise invalid(f"Charge {charge['id']} is {charge['status']} or disputed already.")
    dispute = new(world, charge, amount or charge["amount"], reason, inquiry=inquiry)
    if inquiry:
        charge["_refundable"] = True
    world.change(charge, None, disputed=True)
    world.add(dispute, "charge.dispute.created")
    world.emit("charge.updated", charge)
    if not inquiry:
        withdraw(world, dispute)
    return dispute


def escalate(world: World, dispute: Object) -> None:
    """An inquiry becomes a dispute: now the money goes."""
    if not dispute["status"].startswith("warning_") or dispute["status"] in OVER:
        raise invalid(f"The dispute is {dispute['status']}.")
    charge = world.get(charges.KIND, dispute["charge"])
    charge["_refundable"] = False
    facts = {**dispute["payment_method_details"]}
    facts["card"] = {**facts["card"], "case_type": "chargeback"}
    values = {"is_charge_refundable": False, "payment_method_details": facts}
    world.change(dispute, "charge.dispute.updated", status="needs_response", **values)
    withdraw(world, dispute)


def submit(world: World, dispute: Object) -> None:
    """Evidence goes to the bank, which now thinks."""
    waiting = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}
    if dispute["status"] not in waiting:
        raise invalid(f"The dispute is {dispute['status']}: no evidence is taken.")
    details = {**dispute["evidence_details"], "has_evidence": True, "submission_count": 1}
    details["submission_method"] = "manual"
    world.change(dispute, "charge.dispute.updated", status=waiting[dispute["status"]], evidence_details=details)


def close(world: World, dispute: Object, *, won: bool, amount: int | None = None) -> None:
    """The bank has decided. What we win comes back, all of it or `amount`; an inquiry that ends well never cost
    anything. What was won may be refunded by us."""
    if dispute["status"] not in WAITING:
        raise invalid(f"The dispute is {dispute['status']}.")
    charge = world.get(charges.KIND, dispute["charge"])
    inquiry = dispute["status"].startswith("warning_")
    if inquiry and not won:
        escalate(world, dispute)
        inquiry = False
    if inquiry:
        world.change(dispute, None, status="warning_closed")
        world.change(charge, None, disputed=False)
    else:
        world.change(dispute, None, status="won" if won else "lost")
        if won:
            reinstate(world, dispute, amount or dispute["amount"])
    charge["_refundable"] = inquiry or won
    world.emit("charge.dispute.closed", dispute)


def withdraw(world: World, dispute: Object) -> None:
    move(world, dispute, amount=-dispute["amount"], fee=FEE, category="dispute")
    world.emit("charge.dispute.funds_withdrawn", dispute)


def reinstate(world: World, dispute: Object, amount: int) -> None:
    move(world, dispute, amount=amount, fee=0, category="dispute_reversal")
    world.emit("charge.dispute.funds_reinstated", dispute)


def move(world: World, dispute: Object, *, amount: int, fee: int, category: str) -> None:
    words = f"Chargeback {'withdrawal' if amount < 0 else 'reversal'} for {dispute['charge']}"
    entry = balance_transactions.add(
        world,
        type="adjustment",
        amount=amount,
        source=dispute["id"],
        fee=fee,
        description=words,
        category=category,
    )
    world.change(dispute, None, balance_transactions=[*dispute["balance_transactions"], shown(entry)])


def new(world: World, charge: Object, amount: int, reason: str, *, inquiry: bool) -> Object:
    facts = charge["payment_method_details"]
    brand = facts["card"]["brand"] if facts["type"] == "card" else "visa"
    card = {"brand": brand, "case_type": "inquiry" if inquiry else "chargeback", "network": brand}
    details: Object = {"due_by": world.now + EVIDENCE_WITHIN_S, "enhanced_eligibility": {}, "has_evidence": False}
    details |= {"past_due": False, "submission_count": 0, "submission_method": "not_submitted"}
    return {
        "id": new_id("du"),
        "object": KIND,
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": world.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": details,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": {**card, "network_reason_code": "10.4"}, "type": "card"},
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def open_later(world: World, about: str) -> None:
    """What the clock does with a card that disputes everything."""
    id, reason = about.split()
    charge = world.store.get(charges.KIND, id)
    if charge and charge["status"] == "succeeded" and not charge["disputed"]:
        inquiry = reason == "inquiry"
        open_one(world, charge, reason="fraudulent" if inquiry else reason, inquiry=inquiry)
