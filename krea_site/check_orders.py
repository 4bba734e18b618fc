"""Checks that were asked for, by the clock, by a command or by a button: each a row until it is done.

fal's comparison goes day by day and writes down how far it came, so that a worker that dies leaves the rest to the
next; where fal does not answer it waits and goes on.
"""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from billing import overdue
from generations import fal_days, fal_prices
from generations.fal.client import Unavailable
from generations.fal.platform import NotAllowed
from generations.models import FalDay
from generations.nudge import nudge
from krea_site import check_runs
from krea_site.check_runs import AUDIT_LASTS_S, RECONCILING_LASTS_S
from krea_site.dashboard import rollups
from krea_site.models import CheckOrder, CheckRun
from krea_site.nudges import CHECK

logger = logging.getLogger(__name__)

Kind = CheckOrder.Kind
FAL_LASTS_S = RECONCILING_LASTS_S
LASTS_S = {Kind.AUDIT: AUDIT_LASTS_S, Kind.STRIPE: RECONCILING_LASTS_S, Kind.FAL: FAL_LASTS_S}
# While somebody works the row is leased; fal's lease is renewed between calls, none of which takes as long.
LEASES = {kind: timedelta(seconds=seconds) for kind, seconds in LASTS_S.items()} | {Kind.FAL: timedelta(minutes=5)}
BREATH = timedelta(seconds=30)
PAUSES_S = (60, 300, 900, 3600)  # where fal does not answer; the last one again and again
OVERLAP = timedelta(days=3)  # fal may book late, and a draw may learn its cost late
AT_FIRST = timedelta(days=30)
LONGEST = timedelta(days=90)  # fal's lists go no further back
STILL_TOLD = timedelta(days=30)  # a day's difference is told of in every run, until it is mended or explained
NO_MONEY = (
    "fal tells this key no costs (usage and billing events are for Admin keys), so requests alone were compared; "
    "what they cost is by our own table"
)


class Superseded(Exception):
    """Another worker has taken the check over."""


def ask(kind: Kind, *, since: date | None = None) -> bool:
    """Have a check run soon; False where one waits or runs already, which then does for both."""
    with transaction.atomic():
        _, is_new = CheckOrder.objects.get_or_create(kind=kind, defaults={"since": since})
        if is_new:
            nudge(CHECK, kind.value, takes_long=True, timeout_s=LASTS_S[kind])
    return is_new


def ask_from(since: date) -> bool:
    """Have fal compared from a day on, by this process, which calls `go_on` next. False where one runs already."""
    if CheckOrder.objects.get_or_create(kind=Kind.FAL, defaults={"since": since})[1]:
        return True
    resting = CheckOrder.objects.filter(kind=Kind.FAL, due_at__lte=timezone.now())
    return bool(resting.update(since=since, next_day=None))


def go_on(kind: Kind) -> int | None:
    """Do a check that was asked for, or the rest of it; how many things are left. None where there is nothing to do,
    somebody is at it, or fal did not answer."""
    now = timezone.now()
    due = CheckOrder.objects.filter(kind=kind, due_at__lte=now)
    if not due.update(due_at=now + LEASES[kind], tries=F("tries") + 1, begun_at=Coalesce("begun_at", now)):
        return None
    order = CheckOrder.objects.get(kind=kind)
    if kind == Kind.FAL:
        return _fal(order)
    left = check_runs.audit() if kind == Kind.AUDIT else check_runs.stripe()
    _mine(order).delete()
    return left


def sweep() -> None:
    """Have a worker take up what is due: a lost nudge, a worker that died, one that waited for fal."""
    for key in overdue.take(CheckOrder.objects.all()):
        kind = Kind(CheckOrder.objects.values_list("kind", flat=True).get(pk=cast(int, key)))
        nudge(CHECK, kind.value, takes_long=True, timeout_s=LASTS_S[kind])


def begin(now: datetime) -> date:
    """From which day on fal is compared next."""
    last = check_runs.newest(CheckRun.Kind.FAL)
    return (last.begun_at - OVERLAP if last else now - AT_FIRST).date()


def earliest(now: datetime) -> date:
    """The first day that can be compared at all."""
    return (now - LONGEST).date() + timedelta(days=1)


def _fal(order: CheckOrder) -> int | None:
    breathe = _breathing(order)
    now = timezone.now()
    day = max(order.next_day or order.since or begin(now), earliest(now))
    try:
        while day <= now.date():
            _compare(day, now, breathe)
            day += timedelta(days=1)
            if not _mine(order).update(next_day=day):
                raise Superseded
        told = fal_prices.differences()
    except Superseded:
        return None
    except (Unavailable, NotAllowed) as trouble:
        _later(order, trouble)
        return None
    return _done(order, told)


def _compare(day: date, now: datetime, breathe: Callable[[], None]) -> None:
    """One day; where it changed what draws cost, the figures of that time are counted anew."""
    rows = fal_days.compare(day, now=now, breathe=breathe)
    if any(row.mended for row in rows):
        begins = datetime.combine(day, time(), UTC)
        rollups.again(begins - fal_days.LIVES_FOR, begins + timedelta(days=1))


def _done(order: CheckOrder, price_list: list[str]) -> int | None:
    """The run and the end of its order are one transaction: no run is written twice."""
    begun_at = order.begun_at or order.asked_at
    days = FalDay.objects.filter(day__gte=(timezone.now() - STILL_TOLD).date()).order_by("-day", "endpoint")
    left = [row for row in days.filter(left__gt=0) if not row.is_explained]
    lines = [
        f"{row.day} {row.endpoint}: {each['words']} ({each['id']})"
        for row in left
        for each in row.findings
        if not each["is_mended"]
    ]
    count = sum(row.left for row in left) + len(price_list)
    no_money = [NO_MONEY] if days.filter(compared_at__gte=begun_at, fal_microusd=None).exists() else []
    mended = days.filter(compared_at__gte=begun_at).aggregate(sum=Sum("mended"))["sum"] or 0
    with transaction.atomic():
        if not _mine(order).delete()[0]:
            return None
        check_runs.write_down(CheckRun.Kind.FAL, begun_at, [*no_money, *price_list, *lines], left=count)
    for line in [*price_list, *lines]:
        logger.error("reconcile_fal: %s", line)
    logger.info("reconcile_fal: %d mended, %d left", mended, count)
    return count


def _later(order: CheckOrder, trouble: Exception) -> None:
    """It stands with its error, and goes on where it was."""
    pause_s = PAUSES_S[min(order.tries, len(PAUSES_S)) - 1]
    due_at = timezone.now() + timedelta(seconds=pause_s)
    _mine(order).update(due_at=due_at, error=f"{type(trouble).__name__}: {trouble}"[:200])
    logger.error("reconcile_fal: fal gave no answer (%s); it goes on in %d seconds", trouble, pause_s)


def _breathing(order: CheckOrder) -> Callable[[], None]:
    """Renews the lease now and then; Superseded where it was lost."""
    last = timezone.now()

    def breathe() -> None:
        nonlocal last
        if timezone.now() - last < BREATH:
            return
        last = timezone.now()
        if not _mine(order).update(due_at=last + LEASES[Kind.FAL]):
            raise Superseded

    return breathe


def _mine(order: CheckOrder) -> "QuerySet[CheckOrder]":
    """The row, while nobody else has taken it up since."""
    return CheckOrder.objects.filter(pk=order.pk, tries=order.tries)
