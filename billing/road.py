"""The road of one purchase, for whoever has to explain it: every movement of the ledger that it caused, every event
that was about it, and what may still be done with it."""

from collections.abc import Iterator
from dataclasses import dataclass

from . import payments, refunds, splits, unspent
from .models import Purchase, Reversal, StaffRefund, StripeEvent, Transfer
from .splits import Split
from .unspent import Unspent

# The endings of the names of what one operation moves, and what follows each: see `billing.ledger` and `.takings`.
ENDINGS = ("", ":bonus", ":debt", ":bonus:debt", ":back", ":back:bonus", ":back:forgiven", ":corrected")
MOST_EVENTS = 100


@dataclass(frozen=True)
class Road:
    """`split` is what the purchase brought, None until it is paid; `left_cents` can still be given back, `unspent` of
    it without taking what was used; `hindrance` says why nothing can, where that is so."""

    purchase: Purchase
    split: Split | None
    reversals: list[Reversal]
    transfers: list[Transfer]
    staff_refunds: list[StaffRefund]
    events: list[StripeEvent]
    left_cents: int
    unspent: Unspent
    hindrance: str


def of(purchase: Purchase) -> Road:
    is_paid = purchase.status == Purchase.Status.PAID
    reversals = list(purchase.reversals.select_related("taking").order_by("pk"))
    left = unspent.left_cents(purchase)
    moved = Transfer.objects.filter(key__in=list(_names(purchase, reversals))).select_related("source", "target")
    return Road(
        purchase=purchase,
        split=splits.of(purchase) if is_paid else None,
        reversals=reversals,
        transfers=list(moved.order_by("created_at", "pk")),
        staff_refunds=list(purchase.staff_refunds.order_by("-pk")),
        events=_events(purchase, reversals),
        left_cents=left,
        unspent=unspent.of(purchase),
        hindrance=refunds.refusal(purchase, cents=left, unspent_only=False),
    )


def _names(purchase: Purchase, reversals: list[Reversal]) -> Iterator[str]:
    """What its movements are called in the ledger, with the debts that were paid off by them."""
    for id in (purchase.payment, *(row.stripe_id for row in reversals)):
        if id:
            for ending in ENDINGS:
                yield f"{payments.key(id)}{ending}"
                yield f"debt:{payments.key(id)}{ending}"


def _events(purchase: Purchase, reversals: list[Reversal]) -> list[StripeEvent]:
    own = (purchase.payment, purchase.session, purchase.invoice, *(row.stripe_id for row in reversals))
    rows = StripeEvent.objects.filter(object_id__in=[id for id in own if id])
    return list(rows.order_by("created_at", "pk")[:MOST_EVENTS])
