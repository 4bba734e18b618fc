"""Who watches, what happens when a process or the database is dead, and how often the books prove themselves by day."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from billing import triggers
from billing.models import Purchase, Reconciliation
from generations.models import Beat
from krea_site import check_runs, health
from krea_site.models import Alert, CheckRun, Mail, Role
from krea_site.watch import conditions, facts, letters, open_alerts, proofs, resort, rounds, rows
from krea_site.watch.conditions import Found
from krea_site.watch.facts import Check
from tests.billing.at_stripe import bought
from tests.krea_site.smtp_sink import Sink
from tests.krea_site.test_mails import sink  # noqa: F401  (a fixture)
from tests.staff import make_staff
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def here(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"
    settings.VAR_DIR = tmp_path
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture(autouse=True)
def no_trouble_before() -> Iterator[None]:
    resort._state.clear()
    yield
    resort._state.clear()


def beat(name: str, seconds_ago: float) -> None:
    Beat.objects.update_or_create(name=name, defaults={"at": timezone.now() - timedelta(seconds=seconds_ago)})


def round_by(name: str) -> bool:
    Beat.objects.filter(name__startswith="watch").update(until=None)
    return rounds.make(name)


def names() -> set[str]:
    return {row.name for row in open_alerts()}


@pytest.mark.parametrize(
    ("dead", "alert", "watcher"),
    [("follower", "follower_dead", "web"), ("worker", "worker_dead", "follower"), ("web", "web_dead", "worker")],
)
def test_any_dead_process_is_noticed_by_another(dead: str, alert: str, watcher: str) -> None:
    round_by(watcher)
    for name in ("follower", "worker", "web"):
        beat(name, 1)
    beat(facts.WATCHING_SINCE, 600)
    beat(dead, 700)

    round_by(watcher)

    assert alert in names()
    beat(dead, 1)
    round_by(watcher)
    assert alert not in names()


def test_a_site_that_was_off_accuses_nobody_while_it_starts() -> None:
    round_by("web")
    for name in ("follower", "worker", "web", "watch", facts.WATCHING_SINCE):
        beat(name, 9 * 3600)

    round_by("follower")

    assert names() & {"follower_dead", "worker_dead", "web_dead"} == set()
    beat(facts.WATCHING_SINCE, 61)
    round_by("follower")
    assert {"follower_dead", "worker_dead"} <= names()


def test_a_web_process_gives_its_own_sign_of_life() -> None:
    rounds.make("web")

    assert health.ages()["web"] < 5


def test_one_round_is_made_by_one_process() -> None:
    assert [rounds.make(name) for name in ("follower", "web", "worker")] == [True, False, False]


def test_a_disk_that_cannot_be_written_is_of_this_machine(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file in the place of the folder")

    round_by("follower")

    row = Alert.objects.get(name="storage_down")
    assert (row.subject, row.ended_at) == (facts.HOST, None)
    (tmp_path / "media").unlink()
    round_by("web")
    assert "storage_down" not in names()


@pytest.mark.unaudited
def test_missing_triggers_are_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(triggers.triggers.__globals__, "APPEND_ONLY", [*triggers.APPEND_ONLY, "accounts_user"])

    round_by("follower")

    assert "triggers_missing" in names()


def test_without_a_worker_whoever_watches_hands_the_mail_over(
    settings: Settings,
    sink: Sink,  # noqa: F811
) -> None:
    make_staff(Role.OWNER)
    rows.bring_up_to_date(rows.of_site(), [Found("worker_dead", "No task was done for 70 seconds.")])
    letters.send()
    letters.deliver_what_waits()
    assert sink.mails == []  # a worker has a minute for it

    Mail.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    letters.deliver_what_waits()
    letters.deliver_what_waits()

    assert [mail["Subject"] for mail in sink.mails] == ["Needs you now: No worker is alive"]
    assert Mail.objects.get().sent_at is not None


def test_without_a_database_alerts_to_is_mailed_directly(
    settings: Settings,
    sink: Sink,  # noqa: F811
) -> None:
    settings.ALERTS_TO = ["ops@example.com"]
    error = DatabaseError("disk I/O error")

    assert [resort.tell(error, now) for now in (0, 30, 61, 90, 3700)] == [False, False, True, False, True]

    assert [(mail["To"], mail["Subject"]) for mail in sink.mails] == [
        ("ops@example.com", "Krea Studio: the database cannot be used")
    ] * 2
    resort.all_is_well()
    assert not resort.tell(error, 3800)


def test_a_round_that_fails_is_survived(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        stop = asyncio.Event()
        made = 0

        def fail(name: str) -> bool:
            nonlocal made
            made += 1
            if made == 3:
                stop.set()
            raise DatabaseError

        monkeypatch.setattr(rounds, "make", fail)
        watcher = rounds.Rounds("follower")
        watcher._every_s = 0.01
        await asyncio.wait_for(watcher.run(stop), 20)
        assert made >= 3

    asyncio.run(play())
    assert "a round of the watch failed: DatabaseError" in caplog.text


def ran(seconds_ago: float, took_s: float, left: int = 0) -> Check:
    return Check(timezone.now() - timedelta(seconds=seconds_ago), timedelta(seconds=took_s), left)


def test_a_cheap_proof_is_made_by_the_minute_and_a_dear_one_by_night() -> None:
    minute = timedelta(minutes=1)

    assert proofs.is_due(ran(61, 0.2), minute, has_few=False)
    assert not proofs.is_due(ran(20, 0.2), minute, has_few=False)
    assert not proofs.is_due(ran(9999, 60), minute, has_few=False)
    assert not proofs.is_due(ran(100, 5), minute, has_few=False)
    assert proofs.is_due(ran(151, 5), minute, has_few=False)
    assert not proofs.is_due(ran(1800, 6), minute, has_few=False)  # it was slow: perhaps the machine was busy
    assert proofs.is_due(ran(3601, 6), minute, has_few=False)
    assert proofs.is_due(None, minute, has_few=True) and not proofs.is_due(None, minute, has_few=False)


def test_the_proof_writes_down_what_it_found(alice: Any) -> None:
    proofs.make()
    proofs.make()

    assert CheckRun.objects.filter(kind=CheckRun.Kind.AUDIT).count() == 1
    row = check_runs.newest(CheckRun.Kind.AUDIT)
    assert row is not None
    assert facts.audited() == Check(row.ended_at, row.ended_at - row.begun_at, 0)


def test_a_site_that_is_well_has_no_alert(alice: Any) -> None:
    round_by("web")
    for name in ("follower", "worker"):
        beat(name, 1)

    assert list(conditions.of_site(facts.read())) == []


def prove_after_a_while() -> int:
    """Five minutes after the last comparison; how many there were by then."""
    earlier = timedelta(minutes=5)
    Reconciliation.objects.update(began_at=F("began_at") - earlier, ended_at=F("ended_at") - earlier)
    cache.delete(proofs.GLANCED)
    proofs.make()
    return Reconciliation.objects.count()


def test_what_a_glance_at_stripe_sees_is_compared_at_once_and_once(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob, cents=2_500)
    proofs.make()
    assert (Reconciliation.objects.count(), prove_after_a_while()) == (1, 1)

    stripe_standin.act("alter", object=purchase.payment, amount_received=2_499)
    assert (prove_after_a_while(), prove_after_a_while()) == (2, 2)
    assert [row.left for row in Reconciliation.objects.order_by("pk")] == [0, 1]

    stripe_standin.act("alter", object=purchase.payment, amount_received=2_500)
    assert (prove_after_a_while(), prove_after_a_while()) == (3, 3)
    assert [row.left for row in Reconciliation.objects.order_by("pk")] == [0, 1, 0]

    stripe_standin.act("alter", object=purchase.payment, amount_received=2_498)
    stripe_standin.control(down=True)
    assert prove_after_a_while() == 3
    stripe_standin.control(down=False)
    assert prove_after_a_while() == 4


def test_a_live_account_is_read_often_only_while_somebody_buys(
    bob: Any, stripe_standin: StripeStandIn, settings: Settings
) -> None:
    bought(stripe_standin, bob)
    settings.STRIPE_SECRET_KEY = "sk_live_0"
    assert proofs._glance_lasts_s() == proofs.GLANCE_EVERY_S < 60

    Purchase.objects.update(paid_at=timezone.now() - timedelta(hours=3))
    assert proofs._glance_lasts_s() == 600

    settings.STRIPE_SECRET_KEY = "sk_test_0"
    assert proofs._glance_lasts_s() == proofs.GLANCE_EVERY_S
