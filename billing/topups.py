"""Auto top-up: what a customer agrees to, when it fires, and when it ends. Off until their own form switches it on, and
off stays off.

It fires from a sweep, never from inside an order: one query finds those who have it on, are below their threshold and
do not rest. Who owes something is never charged automatically: a debt means that a payment was disputed or given back.

The rest after an attempt begins when the attempt is made, so that nothing that happens to it, not even that its process
dies, makes the next one come sooner. It is long, and longer after each decline: banks count declines against a shop,
and what a card lacks it rarely has a minute later. Two things shorten it: a success, since who needs more is to have it
within minutes, and their ceiling holds; and the customer's own form.

Lock order: the row of what was agreed before the attempt's. Whoever holds it takes no wallet's lock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from . import ledger, overdue
from .models import AutoTopUp, Pack, Purchase, TopUp
from .nudges import TOP_UP, nudge
from .signals import top_up_ceiling_reached, top_up_switched_off

Status, Off = TopUp.Status, AutoTopUp.Off

OPEN = (Status.DUE, Status.SENT, Status.NEEDS_ACTION)
MOST_DECLINES = 3
RESTS = (timedelta(hours=1), timedelta(hours=12), timedelta(hours=24))  # by the declines before the attempt
SHORTEST_REST = timedelta(minutes=10)  # after a success, and when the form is sent again
AT_ONCE = 20


@dataclass(frozen=True)
class Agreement:
    """What the form says: below `threshold` (1/100 credit) buy `pack`, for at most `month_ceiling_cents` in a month of
    the calendar (UTC). Raises ValueError where that could never work, or would take many small charges for one."""

    threshold: int
    pack: Pack
    month_ceiling_cents: int

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= self.pack.credits:
            raise ValueError("The threshold is more than nothing, and at most what the pack brings.")
        if self.month_ceiling_cents < self.pack.cents:
            raise ValueError("The ceiling of a month leaves no room for a single pack.")


def of(user: AbstractBaseUser) -> AutoTopUp:
    """What they agreed to; an empty row that is not saved where they never did."""
    return AutoTopUp.objects.select_related("pack").filter(user_id=user.pk).first() or AutoTopUp(user_id=user.pk)


@transaction.atomic
def switch_on(user: AbstractBaseUser, said: Agreement) -> None:
    """What the customer's own form does, and nothing else. Declines count from nothing again."""
    ledger.wallet(user)  # whoever never had credits is below any threshold too
    AutoTopUp.objects.get_or_create(user_id=user.pk)
    locked(user.pk)
    last = TopUp.objects.filter(user_id=user.pk).order_by("-created_at").first()
    AutoTopUp.objects.filter(user_id=user.pk).update(
        threshold=said.threshold, pack=said.pack, cents=said.pack.cents, credits=said.pack.credits,
        month_ceiling_cents=said.month_ceiling_cents, agreed_at=timezone.now(), is_on=True, off_because="", declines=0,
        rests_until=last.created_at + SHORTEST_REST if last else None,
    )  # fmt: skip


@transaction.atomic
def switch_off(user: AbstractBaseUser) -> bool:
    """At the customer's word; whether an attempt is still under way that Stripe may have. One that it has not is
    canceled here, and one that waits for the customer's bank is canceled at Stripe soon."""
    locked(user.pk)
    AutoTopUp.objects.filter(user_id=user.pk).update(is_on=False, off_because="")
    mine = TopUp.objects.filter(user_id=user.pk)
    for row in mine.filter(status=Status.DUE):
        end(row, Status.CANCELED, reason="switched_off", origins=(Status.DUE,))
    look_again(mine.filter(status=Status.NEEDS_ACTION))
    return mine.filter(status=Status.SENT).exists()


def switch_off_because(row: AutoTopUp, why: AutoTopUp.Off) -> None:
    """Under the lock of `row`. What the customer switched off before stays as they left it."""
    if AutoTopUp.objects.filter(pk=row.pk, is_on=True).update(is_on=False, off_because=why):
        top_up_switched_off.send(sender=AutoTopUp, user_id=row.user_id)


def sweep() -> None:
    """Make the attempts that are wanted, and have a worker take up those whose time has come."""
    for id in list(_falling().order_by(F("rests_until").asc(nulls_first=True)).values_list("pk", flat=True)[:AT_ONCE]):
        begin(id)
    for top_up_id in overdue.take(TopUp.objects.filter(status__in=OPEN)):
        nudge(TOP_UP, str(top_up_id))


@transaction.atomic
def begin(id: int) -> TopUp | None:
    """An attempt, if it is still wanted under the lock; with it the purchase, which pins what the customer agreed to.
    Committed before Stripe hears of it."""
    AutoTopUp.objects.select_for_update().get(pk=id)
    row = _falling().select_related("pack").filter(pk=id).first()  # as it is now that others have ended
    if row is None or row.pack is None:
        return None
    if not row.pack.is_offered or (row.pack.cents, row.pack.credits) != (row.cents, row.credits):
        switch_off_because(row, Off.PACK)
        return None
    now = timezone.now()
    if spent_this_month(row.user_id, now) + row.cents > row.month_ceiling_cents:
        AutoTopUp.objects.filter(pk=id).update(rests_until=next_month(now))
        top_up_ceiling_reached.send(sender=AutoTopUp, user_id=row.user_id)
        return None
    purchase = Purchase.objects.create(
        user_id=row.user_id, what=Purchase.What.TOP_UP, pack=row.pack, cents=row.cents, credits=row.credits,
        created_at=now,
    )  # fmt: skip
    made = TopUp.objects.create(user_id=row.user_id, purchase=purchase, due_at=now, nudged_at=now, created_at=now)
    rest = RESTS[min(row.declines, len(RESTS) - 1)]
    AutoTopUp.objects.filter(pk=id).update(rests_until=now + rest)
    nudge(TOP_UP, str(made.pk))
    return made


def locked(user_id: int) -> AutoTopUp | None:
    """The row of what was agreed, locked until the transaction ends; None once the account is gone."""
    return AutoTopUp.objects.select_for_update().filter(user_id=user_id).first()


def wanting() -> "QuerySet[AutoTopUp]":
    """On, below the threshold, of somebody who is let in, and who owes nothing."""
    return AutoTopUp.objects.filter(
        is_on=True, user__is_active=True, user__wallet__debt=0,
        user__wallet__balance__lt=F("user__wallet__held") + F("threshold"),
    )  # fmt: skip


def spent_this_month(user_id: int, now: datetime) -> int:
    """Cents of the attempts of this month that succeeded, or still may."""
    began_at = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = TopUp.objects.filter(user_id=user_id, created_at__gte=began_at, status__in=(*OPEN, Status.SUCCEEDED))
    return int(rows.aggregate(cents=Sum("purchase__cents"))["cents"] or 0)


def next_month(now: datetime) -> datetime:
    began_at = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (began_at + timedelta(days=32)).replace(day=1)


def look_again(rows: "QuerySet[TopUp]") -> None:
    """Have a worker take attempts up now."""
    now = timezone.now()
    for id in list(rows.values_list("pk", flat=True)):
        if rows.filter(pk=id).update(due_at=now, nudged_at=now):
            nudge(TOP_UP, str(id))


def end(row: TopUp, status: TopUp.Status, *, origins: Collection[TopUp.Status], reason: str = "") -> bool:
    """An attempt is over; False where somebody ended it before. A purchase that is not paid ends with it."""
    rows = TopUp.objects.filter(pk=row.pk, status__in=origins)
    if not rows.update(status=status, reason=reason[:100], ended_at=timezone.now(), due_at=None):
        return False
    as_purchase = Purchase.Status.FAILED if status == Status.DECLINED else Purchase.Status.ABANDONED
    Purchase.objects.filter(pk=row.purchase_id, status=Purchase.Status.OPEN).update(status=as_purchase)
    return True


def _falling() -> "QuerySet[AutoTopUp]":
    """Those for whom an attempt is to be made now."""
    rested = Q(rests_until=None) | Q(rests_until__lte=timezone.now())
    return wanting().filter(rested, ~Exists(TopUp.objects.filter(user=OuterRef("user"), status__in=OPEN)))
