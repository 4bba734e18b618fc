"""What the watch calls wrong, told from facts alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from krea_site.watch.conditions import of_machine, of_site
from krea_site.watch.facts import Check, Facts, Fal, Machine, Margin, Queue, Waiting
from krea_site.watch.kinds import KINDS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CHECKED = Check(NOW - timedelta(hours=10), timedelta(seconds=5), 0)
ALIVE = {"worker": 3.0, "follower": 0.4, "web": 20.0}
WELL = Facts(
    now=NOW, set_up_at=NOW - timedelta(days=90), audit=CHECKED, stripe=CHECKED, fal_check=CHECKED, backup=CHECKED,
    beats=ALIVE, queue=Queue(places=11),
)  # fmt: skip
DIFFERS = replace(CHECKED, left=1)
OLD = replace(CHECKED, ended_at=NOW - timedelta(hours=37))


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def names(facts: Facts) -> list[str]:
    return [found.name for found in of_site(facts)]


def test_nothing_is_wrong_with_a_site_that_is_well() -> None:
    assert names(WELL) == []
    assert list(of_machine(Machine("here", 100 * 1024**3, 50 * 1024**3))) == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("audit_failed", {"audit": DIFFERS}),
        ("audit_old", {"audit": OLD}),
        ("audit_old", {"audit": None}),
        ("triggers_missing", {"missing_triggers": ("billing_transfer_no_update",)}),
        ("stripe_differs", {"stripe": DIFFERS}),
        ("stripe_unchecked", {"stripe": OLD}),
        ("stripe_events_wait", {"events_waiting": Waiting(1, ago(16 * 60))}),
        ("stripe_events_wait", {"events_waiting": Waiting(50, ago(10))}),
        ("stripe_events_given_up", {"events_given_up": 1}),
        ("fal_locked", {"fal": Fal("locked", ago(1), "Exhausted balance")}),
        ("fal_down", {"fal": Fal("down", ago(61))}),
        ("fal_balance_low", {"fal": Fal(balance_microusd=4_000_000, days_left=2)}),
        ("fal_differs", {"fal_check": DIFFERS}),
        ("unknown_draws", {"unknown_draws": 90, "unknown_microusd": 5_400_000}),
        ("margin_negative", {"margins": {"krea-2-large": Margin(-1_000_000, "today")}}),
        ("worker_dead", {"beats": {**ALIVE, "worker": 61}, "has_cluster": False}),
        ("worker_dead", {"beats": {**ALIVE, "worker": 601}}),
        ("follower_dead", {"beats": {**ALIVE, "follower": 61}}),
        ("web_dead", {"beats": {**ALIVE, "web": 121}}),
        ("broker_down", {"broker_answers": False}),
        ("mails_fail", {"mails_waiting": Waiting(1, ago(31 * 60))}),
        ("mails_fail", {"mails_given_up": 5}),
        ("mails_fail", {"mail_server_is_away": True}),
        ("webhooks_wait", {"deliveries_due": Waiting(3, ago(301))}),
        ("trial_caps_reached", {"trials_today": 200}),
        ("backup_old", {"backup": replace(CHECKED, ended_at=NOW - timedelta(hours=27))}),
        ("backup_incomplete", {"backup": DIFFERS}),
        ("queue_stands_still", {"queue": Queue(due=Waiting(2, ago(61)), places=11, moved_at=ago(61))}),
        ("queue_stands_still", {"queue": Queue(due=Waiting(2, ago(61)), places=11, moved_at=None)}),
        (
            "queue_stands_still",
            {"queue": Queue(due=Waiting(2, ago(61)), places=11, moved_at=ago(1), off_since=ago(61))},
        ),
    ],
)
def test_each_fault_is_found_by_its_name_and_no_other(name: str, what: dict[str, Any]) -> None:
    assert names(replace(WELL, **what)) == [name]
    assert name in KINDS


@pytest.mark.parametrize(
    "what",
    [
        {"audit": None, "set_up_at": ago(3600)},  # a site of today had no night yet
        {"events_waiting": Waiting(49, ago(60))},
        {"fal": Fal("down", ago(59))},
        {"fal": Fal(balance_microusd=1, days_left=3)},
        {"backup": None},  # nobody makes any, and the site is of this machine alone
        {"beats": {}},
        {"beats": {**ALIVE, "worker": 61}},  # it is there, and busy
        {"beats": {"worker": 9e5, "follower": 9e5, "web": 9e5, "watching since": 5}},  # the site was off, and starts
        {"mails_waiting": Waiting(900, ago(60))},
        {"queue": Queue(due=Waiting(2, ago(59)), places=11, moved_at=ago(900))},
        {"queue": Queue(due=Waiting(2, ago(900)), places=11, in_flight=11, moved_at=ago(900))},
        {"queue": Queue(due=Waiting(2, ago(900)), places=11, moved_at=ago(20))},
        {"margins": {"krea-2-large": Margin(-999_999, "today")}},
        {"queue": Queue(off_since=ago(9000))},  # switched off, and nothing waits
    ],
)
def test_what_is_only_slow_young_or_meant_is_no_alert(what: dict[str, Any]) -> None:
    assert names(replace(WELL, **what)) == []


def test_a_worker_without_a_follower_is_not_called_dead_while_it_is_registered() -> None:
    silent = {**ALIVE, "worker": 900.0, "follower": 900.0}

    assert names(replace(WELL, beats=silent)) == ["follower_dead"]
    assert names(replace(WELL, beats=silent, has_cluster=False)) == ["follower_dead", "worker_dead"]


def test_a_locked_account_is_not_told_twice_as_a_queue_that_stands() -> None:
    still = Queue(due=Waiting(9, ago(600)), places=11, moved_at=ago(600))

    assert names(replace(WELL, queue=still, fal=Fal("locked", ago(600)))) == ["fal_locked"]


def test_a_public_site_needs_a_backup(settings: Settings) -> None:
    settings.IS_PUBLIC = True

    assert names(replace(WELL, backup=None)) == ["backup_old"]


def test_a_machine_tells_of_its_disk_and_its_storage() -> None:
    full = Machine("a", 100 * 1024**3, 9 * 1024**3, "OSError")

    assert [(found.name, found.subject) for found in of_machine(full)] == [
        ("storage_down", "a"), ("disk_nearly_full", "a"),
    ]  # fmt: skip
    large = Machine("a", 4000 * 1024**3, 100 * 1024**3)
    assert list(of_machine(large)) == []


def test_words_are_short_and_say_how_much() -> None:
    facts = replace(WELL, missing_triggers=("a", "b"), events_given_up=1200, fal=Fal("locked", NOW, "x" * 900))

    words = {found.name: found.words for found in of_site(facts)}

    assert words["stripe_events_given_up"].startswith("1,200 events")
    assert all(len(each) < 400 for each in words.values())
