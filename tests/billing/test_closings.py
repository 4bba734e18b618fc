"""Daily closings: sums over years from one row and the transfers since."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection

from billing import audit, closings, ledger
from billing.models import Book, Closing
from tests.conftest import make_user


@pytest.fixture
def three_days(db: None) -> Any:
    """Grants of 1, 2 and 4 credits on three days in a row."""
    with time_machine.travel(datetime(2026, 11, 1, 12, tzinfo=UTC), tick=False) as clock:
        user = make_user("alice@example.com")
        for day, amount in ((1, 1_00), (2, 2_00), (3, 4_00)):
            clock.move_to(datetime(2026, 11, day, 12, tzinfo=UTC))
            ledger.grant(user, amount, key=f"day:{day}", memo="")
        yield clock


def grants() -> list[tuple[int, int]]:
    rows = Closing.objects.filter(account=ledger.book(Book.GRANTS)).order_by("day")
    return [(row.day.day, row.balance) for row in rows]


def test_a_day_is_closed_once_it_is_over_for_an_hour(three_days: Any) -> None:
    three_days.move_to(datetime(2026, 11, 3, 0, 30, tzinfo=UTC))
    closings.close_days()
    assert grants() == [(1, -1_00)]

    three_days.move_to(datetime(2026, 11, 3, 1, 30, tzinfo=UTC))
    assert closings.close_days() == len(Book)
    assert closings.close_days() == 0
    assert grants() == [(1, -1_00), (2, -3_00)]


def test_a_book_is_its_last_closing_and_what_came_since(three_days: Any) -> None:
    assert closings.balance_of(Book.GRANTS) == -7_00
    three_days.move_to(datetime(2026, 11, 3, 13, tzinfo=UTC))
    closings.close_days()

    assert closings.balance_of(Book.GRANTS) == -7_00
    assert closings.balance_of(Book.SALES) == 0


@pytest.mark.unaudited
def test_the_audit_recomputes_closings_from_the_transfers(three_days: Any) -> None:
    three_days.move_to(datetime(2026, 11, 5, tzinfo=UTC))
    closings.close_days()
    assert list(audit.findings()) == []

    Closing.objects.filter(account=ledger.book(Book.GRANTS)).update(balance=-1)

    assert any("closing" in finding for finding in audit.findings())
    assert connection.is_usable()
