"""A purchase whose amount Stripe has otherwise: staff takes Stripe's over, so that the book of sales is again the cash.

The customer keeps the credits that were agreed. What the money does not stand for any more is a bonus instead, and the
other way round: one transfer between the two books, named by the payment, so that nothing is edited in the ledger.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from . import cents, payments, splits
from .agreement import CORRECTED
from .models import Book, Kind, Purchase
from .moves import book, write
from .stripe_values import Payment, PaymentStatus


class CorrectionRefused(Exception):
    """It cannot be; the words say why, and what to do instead."""


@dataclass(frozen=True)
class Amounts:
    """In cents, tax within what was paid."""

    paid: int
    tax: int


@transaction.atomic
def take_over(purchase_id: UUID, said: Payment, *, reason: str, actor: str) -> tuple[Amounts, Amounts]:
    """Make the purchase say what Stripe said of its payment a moment ago; what it said before, and says now. Raises
    CorrectionRefused; then nothing is changed."""
    row = Purchase.objects.select_for_update().get(pk=purchase_id)
    before = Amounts(row.paid_cents or 0, row.tax_cents or 0)
    after = Amounts(said.paid_cents, said.tax_cents)
    if words := _refusal(row, said, before, after):
        raise CorrectionRefused(words)
    more = ((after.paid - after.tax) - (before.paid - before.tax)) * splits.UNITS_A_CENT
    if more:
        sales, grants = book(Book.SALES), book(Book.GRANTS)
        write(
            source=sales if more > 0 else grants, target=grants if more > 0 else sales, amount=abs(more),
            kind=Kind.CORRECTION, key=f"{payments.key(said.id)}{CORRECTED}", memo=reason, actor=actor,
        )  # fmt: skip
    Purchase.objects.filter(pk=row.pk).update(paid_cents=after.paid, tax_cents=after.tax)
    return before, after


def _refusal(row: Purchase, said: Payment, before: Amounts, after: Amounts) -> str:
    if row.status != Purchase.Status.PAID or row.payment != said.id or said.status != PaymentStatus.PAID:
        return "Only a purchase that is paid, here and at Stripe, has an amount to correct."
    if said.currency != payments.CURRENCY:
        return "Stripe has it in another currency."
    if before == after:
        return f"Stripe says {cents.show(after.paid)}, as we do. There is nothing to correct."
    if row.reversals.exists() or said.reversals:
        return "It was refunded or disputed, and what that took hangs on the amount. Give or take credits instead."
    if max(after.paid - after.tax, before.paid - before.tax) * splits.UNITS_A_CENT > row.credits:
        return "It brought no bonus that the difference could come from. Give or take credits instead."
    if _corrected(row):
        return "It was corrected once already. Give or take the difference as credits."
    return ""


def _corrected(row: Purchase) -> bool:
    key = f"{payments.key(row.payment or '')}{CORRECTED}"
    sides = book(Book.SALES), book(Book.GRANTS)
    return any(side.transfers_out.filter(key=key).exists() for side in sides)
