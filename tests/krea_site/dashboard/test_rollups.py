"""The rows of figures: made where they are missing, counted when they are due, counted again for what comes late."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django_q.models import OrmQ

from billing import ledger
from billing.models import Transfer
from generations.models import Draw, Image
from krea_site import nudges, schedule
from krea_site.dashboard import counting, figures, rollups
from krea_site.dashboard.periods import Period, Span, around
from krea_site.models import Figures

pytestmark = [pytest.mark.django_db, pytest.mark.unaudited]
NOON = datetime(2026, 6, 2, 12, 10, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Any]:
    """It stands still but where a test moves it."""
    cache.clear()
    with time_machine.travel(NOON, tick=False) as moved:
        yield moved
    cache.clear()


@pytest.fixture
def granted(clock: Any, bob: Any) -> Any:
    """Credits given three hours ago, and nothing before."""
    clock.move_to(NOON - timedelta(hours=3))
    ledger.grant(bob, 100_00, key="rollups:first", memo="Gift")
    clock.move_to(NOON)
    return bob


def work() -> int:
    """All that is due now."""
    return sum(iter(lambda: rollups.work(60), 0))


def counted(period: Period, at: datetime) -> datetime | None:
    return figures.of(around(period, at)).counted_at


def test_rows_are_made_since_the_first_movement_and_counted_newest_first(granted: Any) -> None:
    rollups.make_missing()
    hours = Figures.objects.filter(period="hour").order_by("start")

    assert [row.start.hour for row in hours] == [9, 10, 11, 12]
    assert Figures.objects.filter(period="day").count() == Figures.objects.filter(period="month").count() == 1

    order = []
    while (row := rollups._next(NOON)) is not None:
        rollups._count(row)
        order.append((row.period, row.start.hour))

    assert order == [("month", 0), ("hour", 12), ("day", 0), ("hour", 11), ("hour", 10), ("hour", 9)]
    assert rollups.uncounted() == 0
    assert figures.last(Period.HOUR, 4)[0].counts is not None
    today = figures.now(Period.DAY)
    assert today is not None and today.granted == today.grown == 100_00


def test_the_present_is_counted_again_and_the_past_some_times(granted: Any, clock: Any) -> None:
    work()
    clock.move_to(NOON + timedelta(seconds=14))
    assert work() == 0

    clock.move_to(NOON + timedelta(seconds=16))
    assert work() == 1  # the hour that is on
    assert counted(Period.HOUR, NOON) == NOON + timedelta(seconds=16)

    clock.move_to(NOON + timedelta(minutes=51))  # a new hour, and the last one is a minute old
    work()
    assert counted(Period.HOUR, NOON) == NOON + timedelta(minutes=51)
    clock.move_to(NOON + timedelta(minutes=52))
    work()
    assert counted(Period.HOUR, NOON) == NOON + timedelta(minutes=51)
    clock.move_to(NOON + timedelta(hours=1, minutes=1))
    work()
    assert counted(Period.HOUR, NOON) == NOON + timedelta(hours=1, minutes=1)


def test_what_is_over_is_left_alone_in_the_end() -> None:
    span = Span(Period.HOUR, NOON.replace(minute=0))
    at: datetime | None = span.start
    times = []
    while at is not None and (at := rollups.next_count(span, at, timedelta(seconds=0.1))) is not None:
        times.append(at - span.end)

    assert tuple(times[-len(rollups.LATE) :]) == rollups.LATE
    assert max(times) == timedelta(days=3)


def test_a_period_that_takes_long_is_counted_less_often() -> None:
    span = Span(Period.MONTH, NOON.replace(day=1, hour=0, minute=0))

    assert rollups.next_count(span, NOON, timedelta(seconds=30)) == NOON + timedelta(minutes=10)


def test_a_transaction_that_commits_late_gets_into_the_figures(granted: Any, clock: Any) -> None:
    work()
    two_hours_ago = NOON - timedelta(hours=2)
    clock.move_to(two_hours_ago)
    late = ledger.grant(granted, 7_00, key="rollups:late", memo="Written at ten, committed now")
    clock.move_to(NOON + timedelta(hours=5))
    work()

    counts = figures.of(around(Period.HOUR, two_hours_ago)).counts
    assert counts is not None and counts.granted == late.amount == 7_00


def test_a_cost_that_is_told_days_later_gets_in_when_it_is_said(granted: Any, clock: Any) -> None:
    work()
    clock.move_to(NOON + timedelta(days=20))
    work()
    row = Figures.objects.get(period="hour", start=NOON.replace(minute=0))
    assert row.due_at is None

    rollups.again(NOON, NOON + timedelta(minutes=1))
    due = set(Figures.objects.filter(due_at__lte=NOON + timedelta(days=20)).values_list("period", "start"))

    assert due >= {("hour", NOON.replace(minute=0)), ("day", NOON.replace(hour=0, minute=0)),
                   ("month", NOON.replace(day=1, hour=0, minute=0))}  # fmt: skip
    work()
    assert Figures.objects.get(pk=row.pk).counted_at == NOON + timedelta(days=20)


def test_what_changes_while_it_is_counted_is_counted_again(granted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rollups.make_missing()
    count = counting.count

    def count_and_be_late(span: Span) -> Any:
        found = count(span)
        rollups.again(span.start, span.end)
        return found

    Figures.objects.exclude(period="month").delete()
    Figures.objects.update(due_at=NOON - timedelta(seconds=1))
    monkeypatch.setattr(counting, "count", count_and_be_late)
    row = rollups._next(NOON)
    assert row is not None
    rollups._count(row)

    assert rollups._next(NOON) == row


def test_one_that_cannot_be_counted_waits_and_the_others_go_on(granted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    count, broken = counting.count, NOON.replace(minute=0)

    def count_the_others(span: Span) -> Any:
        if span == Span(Period.HOUR, broken):
            raise ValueError("Nobody knows.")
        return count(span)

    monkeypatch.setattr(counting, "count", count_the_others)
    work()

    assert list(Figures.objects.filter(counted_at=None).values_list("start", flat=True)) == [broken]
    assert Figures.objects.get(counted_at=None).due_at == NOON + rollups.PAUSE


def test_the_sweep_asks_one_worker_and_one_works_at_a_time(granted: Any, drain: Callable[[], int]) -> None:
    OrmQ.objects.all().delete()
    rollups.sweep()
    rollups.sweep()
    assert [row.task["func"] for row in OrmQ.objects.all()] == [nudges.COUNT_FIGURES]

    cache.add(rollups.BUSY, True)
    assert rollups.work(60) == 0
    cache.delete(rollups.BUSY)
    drain()

    assert rollups.uncounted() == 0
    rollups.sweep()
    assert not OrmQ.objects.exists()


def test_hours_are_kept_for_ninety_days_and_days_for_good(granted: Any, clock: Any) -> None:
    work()
    clock.move_to(NOON + timedelta(days=91))
    schedule.count_figures()
    schedule.prune_figures()

    hours = Figures.objects.filter(period="hour")
    assert min(hours.values_list("start", flat=True)) >= NOON + timedelta(days=1) - timedelta(hours=1)
    assert Figures.objects.filter(period="day").count() == 92
    rollups.make_missing()
    assert rollups.prune() == 0


def test_nothing_at_all_is_counted_as_nothing(clock: Any) -> None:
    assert not Transfer.objects.exists()
    assert not Image.objects.exists() and not Draw.objects.exists()

    assert work() == 3
    assert figures.totals() == figures.Counts(events={"handled": 0, "waiting": 0, "failed": 0})
