"""What Stripe's objects mean in values of ours. Nothing here calls Stripe."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..stripe_values import Payment, PaymentStatus, PlanLine, Reversed
from .library import (
    BalanceTransaction,
    Charge,
    CheckoutSession,
    Dispute,
    Invoice,
    InvoiceLineItem,
    PaymentIntent,
    Refund,
    StripeObject,
    id_of,
    moment,
)

BY_INTENT = {
    "succeeded": PaymentStatus.PAID,
    "processing": PaymentStatus.PROCESSING,
    "requires_capture": PaymentStatus.PROCESSING,
    "requires_action": PaymentStatus.NEEDS_ACTION,
    "canceled": PaymentStatus.CANCELED,
}
BY_INVOICE = {
    "paid": PaymentStatus.PAID,
    "uncollectible": PaymentStatus.FAILED,
    "void": PaymentStatus.CANCELED,
}
FEES_IN = "usd"
MAY_STILL_BE_PAID = (PaymentStatus.OPEN, PaymentStatus.FAILED, PaymentStatus.NEEDS_ACTION)


@dataclass(frozen=True)
class Found:
    """The objects of one payment, as far as there are any; at least one. The intent has its latest charge with it."""

    intent: PaymentIntent | None = None
    invoice: Invoice | None = None
    session: CheckoutSession | None = None
    lines: tuple[InvoiceLineItem, ...] = ()

    @property
    def charge(self) -> Charge | None:
        charge = self.intent.latest_charge if self.intent else None
        return charge if isinstance(charge, Charge) else None


def payment_of(found: Found, refunds: Iterable[Refund] = (), disputes: Iterable[Dispute] = ()) -> Payment:
    named = _named(found)
    status = _status(found)
    is_paid = status == PaymentStatus.PAID
    paid_cents = found.intent.amount_received if found.intent and is_paid else 0
    reversals = [*map(reversed_by_refund, refunds), *map(reversed_by_dispute, disputes)]
    return Payment(
        id=named.id,
        status=status,
        currency=named.currency or "",
        paid_cents=paid_cents,
        tax_cents=_tax(found, paid_cents),
        customer=id_of(named.customer),
        created_at=moment(named.created),
        paid_at=_paid_at(found) if is_paid else None,
        fee_cents=_fee(found) if is_paid else None,
        session=id_of(found.session),
        invoice=id_of(found.invoice),
        subscription=subscription_of(found.invoice) or (id_of(found.session.subscription) if found.session else ""),
        invoice_url=(found.invoice.hosted_invoice_url or "") if found.invoice else "",
        receipt_url=(found.charge.receipt_url or "") if found.charge and is_paid else "",
        metadata=_metadata(found),
        lines=tuple(_line(line) for line in found.lines if _price(line)),
        reversals=tuple(sorted(reversals, key=lambda one: (one.created_at, one.id))),
        decline_code=_decline_code(found.intent),
    )


def subscription_of(invoice: Invoice | None) -> str:
    """Empty for an invoice of something sold once."""
    details = invoice.parent.subscription_details if invoice and invoice.parent else None
    return id_of(details.subscription) if details else ""


def intent_of(invoice: Invoice) -> str:
    """The PaymentIntent with which an invoice was paid, or is to be; empty where there is none. `payments` must be
    expanded."""
    payments = [one for one in (invoice.payments.data if invoice.payments else []) if one.payment.payment_intent]
    for status in ("paid", "open"):
        for one in payments:
            if one.status == status:
                return id_of(one.payment.payment_intent)
    return id_of(payments[0].payment.payment_intent) if payments else ""


def _named(found: Found) -> PaymentIntent | CheckoutSession | Invoice:
    """What names the money. Of something sold once for nothing that is the page: its invoice is made some time after,
    and a payment whose name changes would be two."""
    page = found.session if found.session and found.session.mode == "payment" else None
    named = found.intent or page or found.invoice or found.session
    assert named is not None
    return named


def _status(found: Found) -> PaymentStatus:
    status = _status_of_money(found)
    if found.session and found.session.status == "expired" and status in MAY_STILL_BE_PAID:
        return PaymentStatus.CANCELED
    return status


def _status_of_money(found: Found) -> PaymentStatus:
    if found.intent:
        tried = PaymentStatus.FAILED if found.intent.last_payment_error else PaymentStatus.OPEN
        return BY_INTENT.get(found.intent.status, tried)
    if found.invoice and found.invoice.status in BY_INVOICE:
        return BY_INVOICE[found.invoice.status]
    if found.session and found.session.status == "complete":
        is_free = found.session.payment_status == "no_payment_required"
        return PaymentStatus.PAID if is_free else PaymentStatus.PROCESSING
    return PaymentStatus.OPEN


def _tax(found: Found, paid_cents: int) -> int:
    """The tax in what was paid: of a part, where the customer's credit at Stripe paid the rest."""
    if found.session and found.session.mode == "payment":
        tax = found.session.total_details.amount_tax if found.session.total_details else 0
        total = found.session.amount_total or 0
    elif found.invoice:
        tax, total = sum(one.amount for one in found.invoice.total_taxes or []), found.invoice.total
    else:
        return 0
    return tax if paid_cents >= total else tax * paid_cents // total


def _fee(found: Found) -> int | None:
    if found.intent is None:
        return 0  # nothing was to be paid
    moved = found.charge.balance_transaction if found.charge else None
    return None if moved is None or isinstance(moved, str) else _fees([moved])


def _fees(moved: Collection[BalanceTransaction]) -> int | None:
    """Of what moved on our account at Stripe, which may keep another currency."""
    is_told = all(one.currency == FEES_IN and "fee" in one for one in moved)
    return sum(one.fee for one in moved) if is_told else None


def _paid_at(found: Found) -> datetime:
    """When the money came: a delayed method is charged days before that."""
    if found.invoice and found.invoice.status_transitions.paid_at:
        return moment(found.invoice.status_transitions.paid_at)
    if found.charge:
        moved = found.charge.balance_transaction
        return moment(found.charge.created if moved is None or isinstance(moved, str) else moved.created)
    return moment(_named(found).created)


def _metadata(found: Found) -> Mapping[str, str]:
    """What says more about this one payment wins: a subscription speaks of all its payments."""
    told: dict[str, str] = {}
    if found.invoice and found.invoice.parent and found.invoice.parent.subscription_details:
        told |= texts(found.invoice.parent.subscription_details.metadata)
    for one in (found.invoice, found.session, found.intent):
        told |= texts(one.metadata) if one else {}
    return told


def texts(metadata: StripeObject | None) -> dict[str, str]:
    """Stripe's metadata, which is no dict."""
    return {name: str(value) for name, value in metadata.to_dict().items()} if metadata else {}


def _price(line: InvoiceLineItem) -> str:
    details = line.pricing.price_details if line.pricing and "price_details" in line.pricing else None
    return id_of(details.price) if details else ""


def _line(line: InvoiceLineItem) -> PlanLine:
    inclusive = sum(tax.amount for tax in line.taxes or [] if tax.tax_behavior == "inclusive")
    return PlanLine(price=_price(line), cents=line.subtotal - inclusive)


def _decline_code(intent: PaymentIntent | None) -> str:
    error = intent.last_payment_error if intent else None
    if not error:
        return ""
    return (error.decline_code if "decline_code" in error else None) or (error.code if "code" in error else None) or ""


def reversed_by_refund(refund: Refund) -> Reversed:
    came_back = refund.status in ("failed", "canceled")
    return Reversed(
        id=refund.id,
        is_dispute=False,
        cents=refund.amount,
        created_at=moment(refund.created),
        takes=True,
        restored_cents=refund.amount if came_back else 0,
        status=refund.status or "",
        reason=refund.reason or "",
    )


def reversed_by_dispute(dispute: Dispute) -> Reversed:
    """An inquiry takes nothing. What is out at present counts, against what the first withdrawal took: they are of one
    size in dollars, and the account may keep another currency. It is as old as its first withdrawal: an inquiry may be
    older than a refund, and take its money after it."""
    moved = [one.amount for one in dispute.balance_transactions]
    withdrawn_at = next((one.created for one in dispute.balance_transactions if one.amount < 0 and "created" in one), 0)
    first = next((-amount for amount in moved if amount < 0), 0)
    out = -sum(moved)
    restored = dispute.amount * (first - out) // first if first else 0
    is_exchanged = any(one.currency != dispute.currency for one in dispute.balance_transactions)
    if dispute.status == "won" and is_exchanged and any(amount > 0 for amount in moved):
        restored = dispute.amount  # to the cent, whatever became of the exchange rate meanwhile
    return Reversed(
        id=dispute.id,
        is_dispute=True,
        cents=dispute.amount,
        created_at=moment(withdrawn_at or dispute.created),
        takes=first > 0,
        restored_cents=max(0, min(restored, dispute.amount)),
        status=dispute.status,
        reason=dispute.reason,
        fee_cents=_fees(dispute.balance_transactions),
    )
