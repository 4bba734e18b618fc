"""What happens by the clock: installed once, and done as it says."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_q import scheduler
from django_q.models import Failure, OrmQ, Schedule, Task

from billing.models import Account, Closing
from generations.models import Event
from krea_site import schedule

pytestmark = pytest.mark.django_db


def times() -> dict[str, str]:
    rows = Schedule.objects.filter(name__startswith="krea_site.", schedule_type=Schedule.DAILY)
    return {row.func.rpartition(".")[2]: f"{row.next_run.astimezone(UTC):%H:%M}" for row in rows}


def test_migrate_has_installed_every_schedule_and_the_table_of_the_cache() -> None:
    assert times() == {
        "close_days": "02:10",
        "audit_ledger": "02:40",
        "prune_events": "03:10",
        "prune_sessions": "03:40",
        "prune_failures": "03:50",
        "prune_exports": "03:55",
        "prune_trial_counts": "03:58",
        "prune_mails": "04:00",
        "prune_alerts": "04:03",
        "prune_reports": "04:05",
        "prune_shares": "04:08",
        "prune_fal_erasures": "04:09",
        "prune_kept_answers": "04:10",
        "prune_deliveries": "04:15",
        "prune_buckets": "04:20",
        "rotate_signing_keys": "04:25",
        "prune_allowances": "04:30",
        "prune_stripe_events": "04:35",
        "prune_unconfirmed": "04:45",
        "count_status_days": "00:30",
        "count_figures": "01:50",
        "prune_figures": "04:40",
        "reconcile_stripe": "01:10",
        "reconcile_fal": "01:25",
        "prune_checks": "04:12",
    }
    often = {row.func for row in Schedule.objects.exclude(schedule_type=Schedule.DAILY)}
    assert often == set(schedule.EVERY_MINUTE)
    assert "cache" in connection.introspection.table_names()


def test_migrating_again_adds_nothing_and_leaves_moved_times_alone() -> None:
    moved = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)
    Schedule.objects.filter(name="krea_site.schedule.prune_events").update(next_run=moved)

    call_command("migrate", verbosity=0)

    assert times()["prune_events"] == "12:00"
    assert Schedule.objects.count() == len(schedule.NIGHTLY) + len(schedule.EVERY_MINUTE)


def test_schedule_that_the_code_no_longer_knows_goes_away() -> None:
    Schedule.objects.create(name="krea_site.schedule.gone", func="krea_site.schedule.gone")

    schedule.install()

    assert "gone" not in times()


@pytest.mark.parametrize(("now", "next_run"), [("01:00", "21 02:10"), ("02:10", "22 02:10"), ("23:59", "22 02:10")])
def test_first_run_is_the_next_time_that_the_clock_shows_it(now: str, next_run: str) -> None:
    Schedule.objects.all().delete()

    with time_machine.travel(f"2026-11-21 {now}+00:00", tick=False):
        schedule.install()

    row = Schedule.objects.get(name="krea_site.schedule.close_days")
    assert f"{row.next_run.astimezone(UTC):%d %H:%M}" == next_run


@pytest.mark.django_db(transaction=True)
def test_django_q_hands_a_due_schedule_to_the_queue_with_its_own_timeout() -> None:
    Schedule.objects.exclude(name="krea_site.schedule.audit_ledger").delete()
    Schedule.objects.update(next_run=timezone.now() - timedelta(minutes=1))
    OrmQ.objects.all().delete()

    scheduler.scheduler()

    task = OrmQ.objects.get().task
    assert (task["func"], task["timeout"]) == ("krea_site.schedule.audit_ledger", 7200)
    assert Schedule.objects.get().next_run > timezone.now()


def test_audit_is_quiet_when_the_books_are_right(alice: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert schedule.audit_ledger() == 0
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.unaudited
def test_audit_cries_out_for_each_thing_that_differs(alice: Any, caplog: pytest.LogCaptureFixture) -> None:
    Account.objects.filter(user=alice).update(balance=1, held=1)

    assert schedule.audit_ledger() == 2

    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert [error.partition(": ")[0] for error in errors] == ["audit", "audit"]


@pytest.mark.unaudited
def test_audit_that_runs_already_is_left_alone(alice: Any) -> None:
    Account.objects.filter(user=alice).update(balance=1)
    cache.add("krea_site.audit", True, 60)

    assert schedule.audit_ledger() == 0
    cache.delete("krea_site.audit")
    assert schedule.audit_ledger() == 1
    assert schedule.audit_ledger() == 1  # the first one has let go


def test_days_of_the_books_are_closed(alice: Any) -> None:
    assert schedule.close_days() == Closing.objects.count() > 0


def test_events_of_more_than_seven_days_are_deleted(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "AT_ONCE", 2)
    Event.objects.all().delete()
    for seq, days in enumerate((8, 7.1, 9, 6.9, 0, 30, 10), start=1):
        at = timezone.now() - timedelta(days=days)
        Event.objects.create(user=alice, seq=seq, kind="balance.updated", created_at=at)

    assert schedule.prune_events() == 5

    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == [4, 5]


def test_sessions_that_are_over_are_deleted() -> None:
    for key, days in (("over", -1), ("valid", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(days=days))

    schedule.prune_sessions()

    assert list(Session.objects.values_list("session_key", flat=True)) == ["valid"]


def test_failed_tasks_are_kept_for_a_month() -> None:
    for name, days in (("old", 31), ("young", 29)):
        at = timezone.now() - timedelta(days=days)
        Task.objects.create(id=name, name=name, func="x", started=at, stopped=at, success=False)

    assert schedule.prune_failures() == 1

    assert list(Failure.objects.values_list("name", flat=True)) == ["young"]
