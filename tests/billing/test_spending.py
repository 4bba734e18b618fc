"""The chart of spending: every day, every image model, from the tallies alone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from billing import ledger, spending
from billing.filters import EVERYTHING, Filter
from billing.spending import HEIGHT, OTHER

Spend = Callable[[date, str, int], None]
TODAY = date(2026, 11, 21)
SHOWN_FROM = TODAY - timedelta(days=29)


def at(day: date) -> Any:
    return time_machine.travel(datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC), tick=False)


@pytest.fixture
def spend(alice: Any) -> Spend:
    keys = iter(range(1000))

    def spend_on(day: date, subject: str, amount: int) -> None:
        key = f"order:{next(keys)}"
        with at(day):
            ledger.hold(alice, amount, key=key)
            ledger.capture(key, amount, memo="1 image", subject=subject)

    return spend_on


def drawn(user: Any, chosen: Filter = EVERYTHING) -> spending.Chart:
    return spending.chart(ledger.wallet(user), chosen, today=TODAY)


def test_the_last_30_days_are_shown_each_with_what_was_spent_on_what(alice: Any, spend: Spend) -> None:
    spend(TODAY, "large", 3_00)
    spend(TODAY, "large", 4_00)
    spend(TODAY, "medium", 1_00)
    spend(SHOWN_FROM, "medium", 2_00)
    spend(SHOWN_FROM - timedelta(days=1), "medium", 50_00)

    chart = drawn(alice)

    assert (chart.first, chart.last, len(chart.days), chart.parts) == (SHOWN_FROM, TODAY, 30, ("large", "medium"))
    assert [(day.day, day.amounts) for day in chart.spent_on] == [(SHOWN_FROM, (0, 2_00)), (TODAY, (7_00, 1_00))]
    assert (chart.total, chart.totals, chart.top, chart.highest.day) == (10_00, [7_00, 3_00], 10_00, TODAY)
    assert not chart.is_cut


def test_what_is_given_back_or_given_to_others_is_no_spending(alice: Any, mallory: Any, spend: Spend) -> None:
    ledger.hold(mallory, 5_00, key="theirs")
    ledger.capture("theirs", 5_00, memo="", subject="large")
    ledger.hold(alice, 5_00, key="released")
    ledger.release("released")

    assert drawn(alice).total == 0


@pytest.mark.parametrize(
    ("chosen", "first", "last", "is_cut"),
    [
        (Filter("", date(2026, 11, 1), date(2026, 11, 3)), date(2026, 11, 1), date(2026, 11, 3), False),
        (Filter("", date(2026, 11, 1)), date(2026, 11, 1), TODAY, False),
        (Filter("", None, date(2026, 3, 31)), date(2026, 3, 2), date(2026, 3, 31), False),
        (Filter("", date(2020, 1, 1), date(2030, 1, 1)), TODAY - timedelta(days=91), TODAY, True),
        (Filter("", date(2027, 1, 1)), date(2027, 1, 1), date(2027, 1, 1), False),
        (Filter("", date(2027, 1, 1), date(2027, 2, 1)), date(2027, 1, 1), date(2027, 1, 1), False),
    ],
)
def test_the_days_of_the_filter_are_shown_up_to_a_bound(
    alice: Any, chosen: Filter, first: date, last: date, is_cut: bool
) -> None:
    chart = drawn(alice, chosen)

    assert (chart.first, chart.last, chart.is_cut) == (first, last, is_cut)
    assert len(chart.days) == (last - first).days + 1


def test_what_cannot_be_told_apart_any_more_is_put_together(alice: Any, spend: Spend) -> None:
    for number, subject in enumerate(["a", "b", "c", "d", ""], start=1):
        spend(TODAY, subject, number * 1_00)

    chart = drawn(alice)

    assert chart.parts == ("", "c", "d", OTHER)
    assert chart.totals == [5_00, 3_00, 4_00, 3_00]


def test_nobody_has_spent_nothing() -> None:
    chart = spending.chart(None, EVERYTHING, today=TODAY)

    assert (chart.total, chart.parts, len(chart.days)) == (0, (), 30)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=4))
def test_the_pieces_of_a_bar_lie_on_one_another_and_stay_on_the_scale(amounts: list[int]) -> None:
    top = spending.scale(sum(amounts))
    pieces = list(spending.pieces_of(amounts, top))

    assert sum(amounts) <= top
    assert [index for index, *_ in pieces] == [index for index, amount in enumerate(amounts) if amount]
    assert all(upper[1] <= lower[1] for lower, upper in pairwise(pieces))
    assert all(height >= 1 and 0 <= y <= HEIGHT for _, y, height in pieces)


def test_a_bar_is_drawn_where_its_day_is_and_as_high_as_its_amount(alice: Any, spend: Spend) -> None:
    spend(TODAY, "large", 2_50)
    spend(TODAY, "medium", 2_50)

    assert drawn(alice).paths == ["M291 500h8v500h-8z", "M291 0h8v500h-8z"]


@pytest.mark.parametrize(("most", "top"), [(0, 1_00), (1_00, 1_00), (1_01, 2_00), (4_99, 5_00), (5_01, 10_00)])
def test_the_scale_ends_with_a_round_number(most: int, top: int) -> None:
    assert spending.scale(most) == top
