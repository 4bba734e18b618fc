"""Keeps the rows of `Figures`: makes the missing ones, counts those that are due, newest first, and prunes old hours.

The follower's sweep nudges a worker, which counts for a few seconds, one worker at a time; no row is locked meanwhile.
What is over is counted again some times, for what comes late: a transaction that commits after its hour, a picture that
ends after its day, a draw whose cost is told days after.
"""

import logging
import time
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.models import Account, Transfer
from generations.models import Generation
from generations.nudge import nudge
from krea_site import nudges
from krea_site.dashboard import counting
from krea_site.dashboard.periods import Period, Span, around, between
from krea_site.models import Figures

logger = logging.getLogger(__name__)

LENGTHS = {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1), Period.MONTH: timedelta(days=31)}
EVERY = {Period.HOUR: timedelta(seconds=15), Period.DAY: timedelta(seconds=30), Period.MONTH: timedelta(seconds=60)}
SHARE = 20  # of the time, a twentieth at the most goes into counting a present period again
# A period that is over is counted again at these ages of its end. A picture waits for 24 hours at the most.
LATE = (
    timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=26),
    timedelta(days=3),
)  # fmt: skip
NIGHTLY = timedelta(days=4)  # of which everything is counted again each night
HOURS_LAST = timedelta(days=90)
A_SHIFT_S = 3.0  # a worker counts for so long, then the next task has its turn
LEASE_S = 60  # of a worker that was killed while it counted
NUDGE_LASTS_S = 15
PAUSE = timedelta(minutes=5)  # after one that could not be counted
ROWS_AT_ONCE = 5000
BUSY, NUDGED = "krea_site.figures.busy", "krea_site.figures.nudged"


def sweep() -> None:
    """Have a worker count what is due, unless one is at it or was asked a moment ago."""
    now = timezone.now()
    is_wanted = _present_is_missing(now) or _due(now).exists()
    if is_wanted and not cache.get(BUSY) and cache.add(NUDGED, True, NUDGE_LASTS_S):
        nudge(nudges.COUNT_FIGURES, takes_long=True)


def work(within_s: float = A_SHIFT_S) -> int:
    """Count what is due, for so long; how many rows. None while another worker is at it."""
    if not cache.add(BUSY, True, LEASE_S):
        return 0
    counted, ends_at = 0, time.monotonic() + within_s
    try:
        if _present_is_missing(timezone.now()):
            make_missing()
        while time.monotonic() < ends_at and (row := _next(timezone.now())) is not None:
            _count(row)
            counted += 1
    finally:
        cache.delete_many([BUSY, NUDGED])
    return counted


def make_missing() -> None:
    """A row for each period since there is anything to count; of hours, for as long as they are kept."""
    now = timezone.now()
    first = first_moment() or now
    for period in Period:
        since = max(first, now - HOURS_LAST) if period == Period.HOUR else first
        known = set(Figures.objects.filter(period=period).values_list("start", flat=True))
        spans = between(period, since, now + timedelta(microseconds=1))
        rows = [Figures(period=period, start=span.start, due_at=now) for span in spans if span.start not in known]
        Figures.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)


def first_moment() -> datetime | None:
    """When the first credits moved or the first picture was ordered, whichever was earlier; through indexes alone."""
    found: list[datetime] = []
    for book in Account.objects.filter(book__isnull=False).values_list("pk", flat=True):
        for side in ("source", "target"):
            rows = Transfer.objects.filter(**{side: book}).order_by("created_at")
            found += rows.values_list("created_at", flat=True)[:1]
    for id in Generation.objects.order_by("pk").values_list("pk", flat=True)[:1]:
        found.append(datetime.fromtimestamp((id.int >> 80) / 1000, UTC))
    return min(found, default=None)


def again(since: datetime, until: datetime) -> int:
    """Have everything counted anew that has any part of this time: its rows were changed. How many periods."""
    touched = Q()
    for period in Period:
        touched |= Q(period=period, start__gte=around(period, since).start, start__lt=until)
    return Figures.objects.filter(touched).update(due_at=timezone.now())


def again_lately() -> int:
    """For the night: the last days, and the months that they are of."""
    make_missing()
    return again(timezone.now() - NIGHTLY, timezone.now())


def prune() -> int:
    """Delete the hours of long ago; days and months stay."""
    old = Figures.objects.filter(period=Period.HOUR, start__lt=timezone.now() - HOURS_LAST - LENGTHS[Period.HOUR])
    return int(old.delete()[0])


def uncounted() -> int:
    """How many periods were never counted yet."""
    return Figures.objects.filter(counted_at=None).count()


def next_count(span: Span, counted_at: datetime, took: timedelta) -> datetime | None:
    """When a period is to be counted next that was counted then; None where nothing more is expected of it."""
    if counted_at < span.end:
        return min(counted_at + max(EVERY[span.period], took * SHARE), span.end + LATE[0])
    return next((span.end + age for age in LATE if span.end + age > counted_at), None)


def _present_is_missing(now: datetime) -> bool:
    present = Q()
    for period in Period:
        present |= Q(period=period, start=around(period, now).start)
    return Figures.objects.filter(present).count() < len(Period)


def _due(now: datetime) -> "QuerySet[Figures]":
    return Figures.objects.filter(due_at__lte=now)


def _next(now: datetime) -> Figures | None:
    """Of what is due, that which is the fewest periods ago: an hour, a day and a month in turn."""
    newest = [_due(now).filter(period=period).order_by("-start").first() for period in Period]
    return min(filter(None, newest), key=lambda row: (now - row.start) / LENGTHS[Period(row.period)], default=None)


def _count(row: Figures) -> None:
    """Count one period, in no transaction. What fails is logged and tried again later, so that the others go on."""
    span, counted_at, began = Span(Period(row.period), row.start), timezone.now(), time.monotonic()
    try:
        values = counting.count(span)
    except Exception:
        logger.exception("the figures of %s could not be counted", row)
        Figures.objects.filter(pk=row.pk).update(due_at=counted_at + PAUSE)
        return
    took = timedelta(seconds=time.monotonic() - began)
    # Whoever asked for it to be counted anew in the meantime has moved `due_at`, and is heard.
    due_at = next_count(span, counted_at, took)
    told = {"values": values, "counted_at": counted_at, "took_ms": took // timedelta(milliseconds=1)}
    if not Figures.objects.filter(pk=row.pk, due_at=row.due_at).update(**told, due_at=due_at):
        Figures.objects.filter(pk=row.pk).update(**told)
