"""Credits on the wire: decimal strings with two places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import credits


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0.00"), (5, "0.05"), (234_00, "234.00"), (-45_50, "-45.50"), (-5, "-0.05")]
)
def test_an_amount_is_shown_with_two_places(amount: int, text: str) -> None:
    assert credits.show(amount) == text


@given(st.integers(0, 10**14))
def test_what_is_shown_reads_back(amount: int) -> None:
    assert credits.read(credits.show(amount)) == amount


@pytest.mark.parametrize(("text", "amount"), [("234", 234_00), ("45.5", 45_50), (" 0.05 ", 5)])
def test_amounts_are_read_as_people_write_them(text: str, amount: int) -> None:
    assert credits.read(text) == amount


@pytest.mark.parametrize("text", ["", "-1", "1.234", "1e3", "NaN", "1,5", "٣", "1" * 14])
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="at most two decimal places"):
        credits.read(text)
