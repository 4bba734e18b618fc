"""Auto top-up in every state: on and well, waiting for the bank, and switched off after declines."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from uuid_utils.compat import uuid7

from billing import low_balance, topups
from billing.models import AutoTopUp, Pack, Purchase, TopUp
from tests.sights import clock


def allow(alice: Any, carol: Any, dora: Any) -> dict[str, str]:
    """Stripe is not on the stage, so its answers are written down as if they had come."""
    clock.go_to(days=3)
    for user in (alice, carol, dora):
        _switch_on(user)
    low_balance.warn_below(alice, 500_00)
    paid = _tried(alice, TopUp.Status.SUCCEEDED, before=timedelta(days=12))
    _tried(alice, TopUp.Status.DECLINED, "insufficient_funds", before=timedelta(days=12, hours=1))
    for hours in (13, 12, 0):
        _tried(dora, TopUp.Status.DECLINED, "generic_decline", before=timedelta(hours=hours))
    AutoTopUp.objects.filter(user=dora).update(is_on=False, off_because=AutoTopUp.Off.DECLINES, declines=3)
    asked = _tried(carol, TopUp.Status.NEEDS_ACTION, "authentication_required")
    return {"top_up": str(asked), "old_top_up": str(paid)}


def _switch_on(user: Any) -> None:
    pack = Pack.objects.get(cents=1_000, is_offered=True)
    topups.switch_on(user, topups.Agreement(threshold=2_000_00, pack=pack, month_ceiling_cents=5_000))


def _tried(user: Any, status: TopUp.Status, reason: str = "", *, before: timedelta = timedelta()) -> UUID:
    at = timezone.now() - before
    is_paid, waits = status == TopUp.Status.SUCCEEDED, status == TopUp.Status.NEEDS_ACTION
    pack = Pack.objects.get(cents=1_000, is_offered=True)
    money = {"payment": f"pi_{uuid7().hex}", "paid_cents": pack.cents, "tax_cents": 0, "paid_at": at} if is_paid else {}
    purchase = Purchase.objects.create(
        user=user, what=Purchase.What.TOP_UP, pack=pack, cents=pack.cents, credits=pack.credits, created_at=at,
        status=Purchase.Status.PAID if is_paid else Purchase.Status.FAILED, **money,
    )  # fmt: skip
    row = TopUp.objects.create(
        user=user, purchase=purchase, status=status, reason=reason, customer="cus_stage", card="pm_stage",
        payment="pi_stage", sent_at=at, created_at=at, ended_at=None if waits else at,
        due_at=at + timedelta(days=7) if waits else None,
    )  # fmt: skip
    return row.pk
