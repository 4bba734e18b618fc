"""A customer's purchases as their pages tell them: how each stands, what was paid, and what was taken back."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from . import cents, splits
from .credits import whole
from .models import Purchase, Reversal

What, Status = Purchase.What, Purchase.Status
UNDER_WAY = (Status.OPEN, Status.PROCESSING)
STATES = {
    Status.OPEN: ("warn", "not paid"),
    Status.PROCESSING: ("warn", "on its way"),
    Status.PAID: ("good", "paid"),
    Status.FAILED: ("bad", "failed"),
    Status.ABANDONED: ("", "dropped"),
}
NAMES = {What.PACK: "Pack", What.PLAN: "Plan", What.TOP_UP: "Auto top-up"}


@dataclass(frozen=True)
class Shown:
    """A purchase with what its rows say about it. `tone` and `state` make its badge; `credits` (1/100) are those that
    came, or are to come."""

    purchase: Purchase
    tone: str
    state: str
    credits: int
    bonus: int
    reversals: tuple[str, ...]

    @property
    def waits(self) -> bool:
        """Whether something may still come of it."""
        return self.purchase.status in UNDER_WAY

    @property
    def name(self) -> str:
        """`"Pack of 10,000 credits"`"""
        words = NAMES[What(self.purchase.what)]
        return f"{words} of {whole(self.credits)} credits"


def of(user: AbstractBaseUser) -> "QuerySet[Purchase]":
    """All of a user's purchases, the newest first."""
    rows = Purchase.objects.filter(user_id=user.pk).select_related("plan", "pack")
    return rows.prefetch_related("reversals__taking").order_by("-created_at", "-id")


def one_of(user: AbstractBaseUser, id: UUID) -> Purchase | None:
    return of(user).filter(pk=id).first()


def under_way(user: AbstractBaseUser) -> list[Shown]:
    """Those that somebody may still pay for, and those whose money is on its way; automatic ones are seen elsewhere."""
    rows = of(user).filter(status__in=UNDER_WAY).exclude(what=What.TOP_UP, status=Status.OPEN)
    return [shown(row) for row in rows[:3]]


def shown(purchase: Purchase) -> Shown:
    tone, state = STATES[Status(purchase.status)]
    credits, bonus = purchase.credits, max(purchase.credits - purchase.cents * splits.UNITS_A_CENT, 0)
    if purchase.status == Status.PAID:
        split = splits.of(purchase)
        credits, bonus = split.total, split.bonus
    rows = sorted(purchase.reversals.all(), key=lambda row: row.pk)
    tone, state = _after(rows, purchase) or (tone, state)
    return Shown(purchase, tone, state, credits, bonus, tuple(_told(row) for row in rows))


def _after(rows: list[Reversal], purchase: Purchase) -> tuple[str, str] | None:
    """How a paid one stands after refunds and disputes."""
    disputed = [row for row in rows if row.what == Reversal.What.DISPUTE and row.restored_cents < row.cents]
    if disputed:
        return "bad", "disputed"
    gone = sum(row.cents - row.restored_cents for row in rows)
    if not gone:
        return None
    return "", "refunded" if gone >= (purchase.paid_cents or 0) else "refunded in part"


def _told(row: Reversal) -> str:
    """One refund or dispute in words, with what it did to the credits."""
    day, amount, back = f"{row.created_at:%-d %B %Y}", cents.show(row.cents), cents.show(row.restored_cents)
    if row.what == Reversal.What.REFUND:
        words = f"{amount} were refunded on {day}, to where they came from."
        over = f" The refund of {back} failed at the bank, so its credits came back."
    else:
        words = f"{amount} were disputed with the bank on {day}, and the bank took them back."
        over = f" The bank returned {back}, so the credits came back."
    taking = row.taking
    if taking is not None:
        words += f" {whole(taking.cash + taking.bonus)} credits were taken for it."
        if taking.owed:
            words += f" {whole(taking.owed)} of them were spent already and became a debt."
        if taking.forgiven:
            words += f" {whole(taking.forgiven)} of the debt were let go."
    return words + (over if row.restored_cents else "")
