"""Filters of the statement: read from an address, written back into one, refused in words."""

from datetime import UTC, date, datetime

import pytest

from billing import filters
from billing.filters import BadFilter, Filter


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, Filter()),
        ({"kind": "usage", "from": "", "to": ""}, Filter("usage")),
        ({"from": "2026-11-01"}, Filter("", date(2026, 11, 1))),
        ({"to": "2026-11-30", "cursor": "x"}, Filter("", None, date(2026, 11, 30))),
        ({"from": "2026-11-01", "to": "2026-11-01"}, Filter("", date(2026, 11, 1), date(2026, 11, 1))),
    ],
)
def test_an_address_is_read(asked: dict[str, str], found: Filter) -> None:
    assert filters.read(asked) == found


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"kind": "usages"}, ["kind"]),
        ({"from": "2026-02-30"}, ["from"]),
        ({"from": "yesterday", "to": "2026-W01-1"}, ["from", "to"]),
        ({"to": "20261130"}, ["to"]),
        ({"to": "9999-12-31"}, ["to"]),
        ({"from": "2026-11-02", "to": "2026-11-01"}, ["to"]),
    ],
)
def test_what_cannot_be_understood_is_refused_by_its_field(asked: dict[str, str], fields: list[str]) -> None:
    with pytest.raises(BadFilter) as refused:
        filters.read(asked)

    assert list(refused.value.problems) == fields


def test_both_days_count_whole_in_utc() -> None:
    chosen = Filter("", date(2026, 11, 1), date(2026, 11, 30))

    assert (chosen.start, chosen.end) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def test_a_filter_is_written_as_it_is_read() -> None:
    chosen = Filter("grant", date(2026, 11, 1), date(2026, 11, 30))

    assert chosen.query == "kind=grant&from=2026-11-01&to=2026-11-30"
    assert chosen.without_kind.query == "from=2026-11-01&to=2026-11-30"
    assert chosen.without_dates.query == "kind=grant"
    assert Filter().query == ""


def test_presets_keep_the_kind_and_end_today() -> None:
    found = {preset.label: preset.filter.query for preset in filters.presets(date(2026, 1, 31), "usage")}

    assert found == {
        "Last 30 days": "kind=usage&from=2026-01-02&to=2026-01-31",
        "This month": "kind=usage&from=2026-01-01&to=2026-01-31",
        "Last month": "kind=usage&from=2025-12-01&to=2025-12-31",
        "This year": "kind=usage&from=2026-01-01&to=2026-01-31",
        "All time": "kind=usage",
    }
