"""Alerts as rows and as mails: opened once, told once, ended when it is over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from generations import fal_state
from generations.models import Beat
from krea_site.models import Alert, Mail, Role
from krea_site.watch import letters, open_alerts, rounds, rows
from krea_site.watch.conditions import Found
from tests.staff import make_staff

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LOCKED = Found("fal_locked", "Since noon.")
DEAD = Found("worker_dead", "No task was done for 70 seconds.")


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def mails_are_rows(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"


@pytest.fixture
def owner(db: None) -> Any:
    return make_staff(Role.OWNER)


def found(*what: Found) -> None:
    rows.bring_up_to_date(rows.of_site(), what)


def told() -> list[tuple[str, str]]:
    return [(mail.to, mail.subject) for mail in Mail.objects.filter(kind__startswith="mail/alert").order_by("pk")]


def test_an_alert_opens_once_lasts_and_ends(clock: Any) -> None:
    found(LOCKED)
    clock.shift(timedelta(minutes=1))
    found(Found("fal_locked", "Since noon, still."), DEAD)

    assert [(row.name, row.words) for row in open_alerts()] == [
        ("fal_locked", "Since noon, still."), ("worker_dead", DEAD.words),
    ]  # fmt: skip
    first = Alert.objects.get(name="fal_locked")
    assert (first.since, first.seen_at) == (NOON, NOON + timedelta(minutes=1))

    clock.shift(timedelta(minutes=1))
    found(DEAD)
    first.refresh_from_db()
    assert first.ended_at == NOON + timedelta(minutes=2)
    found(DEAD, LOCKED)
    assert Alert.objects.filter(name="fal_locked").count() == 2


def test_the_worst_comes_first(clock: Any) -> None:
    found(Found("mails_fail", "."), Found("margin_negative", ".", "krea-2-large"), LOCKED)

    assert [row.name for row in open_alerts()] == ["fal_locked", "mails_fail", "margin_negative"]


def test_a_machine_ends_its_own_alerts_and_no_other(clock: Any) -> None:
    for host in ("a", "b"):
        rows.bring_up_to_date(rows.of_machine(host), [Found("storage_down", ".", host)])
    found(LOCKED)

    rows.bring_up_to_date(rows.of_machine("a"), [])
    found()

    assert [(row.name, row.subject) for row in open_alerts()] == [("storage_down", "b")]
    clock.shift(timedelta(minutes=61))
    rows.end_those_of_lost_machines()
    assert open_alerts() == []


def test_owners_are_told_when_it_begins_and_when_it_is_over(clock: Any, owner: Any) -> None:
    make_staff(Role.SUPPORT, "helpful@example.com")
    found(LOCKED)
    letters.send()
    letters.send()
    clock.shift(timedelta(minutes=61))
    found()
    letters.send()
    letters.send()

    assert told() == [
        ("operator@example.com", "Needs you now: fal has locked our account"),
        ("operator@example.com", "Over: fal has locked our account"),
    ]
    first = Mail.objects.filter(kind="mail/alert").get()
    assert "Since noon." in first.text and "docs/alerts.md#fal-locked" in first.text and "/admin/alerts/" in first.text


def test_what_comes_and_goes_is_told_of_once_an_hour(clock: Any, owner: Any) -> None:
    for minute in range(0, 58, 2):
        with time_machine.travel(NOON + timedelta(minutes=minute), tick=False):
            found(LOCKED)
            letters.send()
        with time_machine.travel(NOON + timedelta(minutes=minute + 1), tick=False):
            found()
            letters.send()
    assert [subject for _, subject in told()] == ["Needs you now: fal has locked our account"]

    clock.shift(timedelta(minutes=62))
    letters.send()

    assert [subject for _, subject in told()][1:] == ["Over: fal has locked our account"]


def test_two_things_are_told_apart(clock: Any, owner: Any) -> None:
    found(LOCKED, Found("margin_negative", ".", "krea-2-large"), Found("margin_negative", ".", "krea-2-medium"))
    letters.send()

    assert [subject for _, subject in told()] == [
        "Needs you now: fal has locked our account",
        "Needs a look: An image model costs more than it brings (krea-2-large)",
        "Needs a look: An image model costs more than it brings (krea-2-medium)",
    ]


def test_there_are_no_more_than_so_many_mails_a_day(clock: Any, owner: Any, settings: Settings) -> None:
    settings.ALERT_MAILS_A_DAY = 2
    found(*(Found("margin_negative", ".", f"model-{number}") for number in range(5)))

    assert letters.send() == 2
    clock.shift(timedelta(hours=25))
    assert letters.send() == 2


def test_alerts_to_names_who_is_told(clock: Any, owner: Any, settings: Settings) -> None:
    settings.ALERTS_TO = ["ops@example.com", "night@example.com"]
    found(LOCKED)
    letters.send()

    assert [to for to, _ in told()] == ["ops@example.com", "night@example.com"]


def test_a_round_finds_a_locked_account_and_ends_it_when_it_is_over(owner: Any) -> None:
    fal_state.locked("Exhausted balance")

    assert rounds.make("follower")

    assert "fal_locked" in {row.name for row in open_alerts()}
    assert "Needs you now: fal has locked our account" in [subject for _, subject in told()]
    fal_state.accepted()
    assert not rounds.make("web")  # the lease: one round in WATCH_EVERY_S
    Beat.objects.filter(name="watch").update(until=None)
    assert rounds.make("worker")
    assert "fal_locked" not in {row.name for row in open_alerts()}


def test_what_has_been_over_for_a_year_is_deleted(clock: Any) -> None:
    found(LOCKED)
    found()
    clock.shift(timedelta(days=367))
    found(DEAD)

    assert rows.prune() == 1
    assert [row.name for row in Alert.objects.all()] == ["worker_dead"]


@pytest.mark.django_db(transaction=True)
def test_two_who_find_the_same_open_one(clock: Any) -> None:
    known = list(rows.of_site())
    found(LOCKED)

    rows.bring_up_to_date(known, [LOCKED])  # type: ignore[arg-type]  # what the other one had read before

    assert Alert.objects.count() == 1
