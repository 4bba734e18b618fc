"""Tallies: each movement is counted with the transfer itself, and the audit holds them against the transfers."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps

from billing import audit, ledger, takings
from billing.models import Allowance, Kind, Period, Tally

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def story(bob: Any) -> Any:
    """On one day: a purchase with a bonus, two orders of one image model, one of another, and a dispute that bob cannot
    pay; one order stays open."""
    with time_machine.travel(NOON, tick=False):
        ledger.purchase(bob, cash=100_00, bonus=5_00, key="stripe:1", memo="A pack")
        for number, subject in enumerate(["large", "large", "medium"]):
            ledger.hold(bob, 20_00, key=f"order:{number}")
            ledger.capture(f"order:{number}", 10_00, memo="1 image", subject=subject)
        ledger.hold(bob, 15_00, key="order:open")
        takings.take(bob, cash=90_00, bonus=0, kind=Kind.DISPUTE, key="stripe:2", memo="Disputed")
    return bob


def rows() -> set[tuple[str, str, str, int, int]]:
    return set(Tally.objects.values_list("kind", "side", "subject", "movements", "amount"))


def test_each_side_kind_and_subject_has_its_own_sum(story: Any) -> None:
    assert rows() == {
        ("purchase", "in", "", 1, 100_00),
        ("grant", "in", "", 1, 5_00),
        ("usage", "out", "large", 2, 20_00),
        ("usage", "out", "medium", 1, 10_00),
        ("dispute", "out", "", 1, 60_00),
        ("dispute", "owed", "", 1, 30_00),
    }
    assert set(Tally.objects.values_list("day", flat=True)) == {NOON.date()}


def test_a_movement_said_twice_is_counted_once(bob: Any) -> None:
    for _ in range(2):
        ledger.grant(bob, 5_00, key="once", memo="")

    assert rows() == {("grant", "in", "", 1, 5_00)}


@pytest.mark.unaudited
@pytest.mark.parametrize("wrong", [{"amount": 1}, {"movements": 9}, {"subject": "huge"}])
def test_the_audit_finds_a_tally_that_is_wrong(story: Any, wrong: dict[str, Any]) -> None:
    assert list(audit.findings()) == []
    Tally.objects.filter(subject="medium").update(**wrong)

    assert any("usage out medium" in finding for finding in audit.findings())


@pytest.mark.unaudited
@pytest.mark.parametrize("period", Period)
def test_the_audit_finds_a_use_that_is_wrong(story: Any, period: Period) -> None:
    Allowance.objects.filter(period=period).update(used=1)

    assert [f"{period} 2026-11-" in finding for finding in audit.findings()] == [True]


def test_what_was_before_is_counted_by_the_migration(story: Any) -> None:
    tallies, uses = rows(), set(Allowance.objects.values_list("name", "period", "since", "used"))
    Tally.objects.all().delete()
    Allowance.objects.all().delete()
    migration = import_module("billing.migrations.0004_count_what_was")

    migration.tally(apps, None)
    migration.count_use(apps, None)

    assert rows() == tallies
    assert set(Allowance.objects.values_list("name", "period", "since", "used")) == uses
