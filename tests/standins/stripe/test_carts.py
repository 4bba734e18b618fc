"""Sums to the cent: discounts over lines, taxes in the price and on top of it; and when months end."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standins.stripe import calendars, carts
from standins.stripe.carts import Tax

BEHAVIOURS = st.sampled_from(["exclusive", "inclusive", "unspecified"])
LINES = st.lists(st.tuples(st.integers(0, 1_000_000), BEHAVIOURS), min_size=1, max_size=5)
COUPONS = st.one_of(
    st.none(),
    st.builds(lambda off: {"amount_off": off, "percent_off": None}, st.integers(1, 100_000)),
    st.builds(lambda off: {"amount_off": None, "percent_off": off / 2}, st.integers(1, 200)),
)


@given(LINES, COUPONS, st.one_of(st.none(), st.builds(Tax, st.just("DE"), st.integers(0, 3000))))
def test_no_cent_is_lost(lines: list[tuple[int, str]], coupon: dict[str, Any] | None, tax: Tax | None) -> None:
    shares = carts.reckon(lines, coupon, tax)

    whole = sum(amount for amount, _ in lines)
    off = sum(share.discount for share in shares)
    assert off == carts.discount_of(coupon, whole) <= whole
    assert all(0 <= share.discount <= share.subtotal + len(lines) for share in shares)
    on_top = sum(share.tax for share in shares if share.behaviour == "exclusive")
    assert sum(share.total for share in shares) == whole - off + on_top
    for share in shares:
        if share.behaviour == "inclusive":
            assert share.taxable + share.tax == share.total


@pytest.mark.parametrize(
    ("behaviour", "total", "tax"), [("exclusive", 1190, 190), ("inclusive", 1000, 160), ("unspecified", 1190, 190)]
)
def test_tax_on_top_and_in_the_price(behaviour: str, total: int, tax: int) -> None:
    share = carts.reckon([(1000, behaviour)], None, Tax("DE", 1900))[0]

    assert (share.total, share.tax) == (total, tax)


def test_the_last_day_of_a_month_stays_the_last_one() -> None:
    anchor = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp())
    monthly = {"interval": "month", "interval_count": 1}

    ends = [datetime.fromtimestamp(calendars.after(anchor, monthly, n), UTC) for n in range(1, 5)]

    assert [(end.month, end.day, end.hour) for end in ends] == [(2, 28, 12), (3, 31, 12), (4, 30, 12), (5, 31, 12)]
    leap = int(datetime(2028, 2, 29, tzinfo=UTC).timestamp())
    year = calendars.after(leap, {"interval": "year", "interval_count": 1}, 1)
    assert datetime.fromtimestamp(year, UTC).date().isoformat() == "2029-02-28"
