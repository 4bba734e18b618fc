"""Which movements a customer wants to see: a kind, and the first and last day, both in UTC and both included.

Read from an address, such as `?kind=usage&from=2026-11-01&to=2026-11-30`, and written back into one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from .models import Kind

EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
DATES = ("from", "to")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class BadFilter(Exception):
    """An address that names no filter; `problems` are sentences by the name of the field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems.values()))


@dataclass(frozen=True)
class Filter:
    """`kind` is "" for all of them; without a day it is open on that side."""

    kind: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def start(self) -> datetime | None:
        """The moment from which on."""
        return _midnight(self.first) if self.first else None

    @property
    def end(self) -> datetime | None:
        """The moment before which."""
        return _midnight(self.last + timedelta(days=1)) if self.last else None

    @property
    def query(self) -> str:
        """For an address: `"kind=usage&from=2026-11-01"`; empty where nothing is filtered."""
        said = {"kind": self.kind, "from": self.first, "to": self.last}
        return urlencode({name: str(value) for name, value in said.items() if value})

    @property
    def without_kind(self) -> "Filter":
        return replace(self, kind="")

    @property
    def without_dates(self) -> "Filter":
        return replace(self, first=None, last=None)


EVERYTHING = Filter()


@dataclass(frozen=True)
class Preset:
    """Dates that many want, as a filter that keeps the present kind."""

    label: str
    filter: Filter


def read(asked: Mapping[str, str]) -> Filter:
    """The filter of an address. Raises BadFilter with all that cannot be understood."""
    problems: dict[str, str] = {}
    kind = asked.get("kind", "")
    if kind and kind not in Kind.values:
        problems["kind"] = f"There is no kind of movement called {kind[:40]}."
    days: dict[str, date | None] = {}
    for name in DATES:
        try:
            days[name] = _day(asked.get(name, "").strip())
        except ValueError:
            problems[name] = f"{asked[name][:40]} is not a date; write it as 2026-11-30."
    first, last = days.get("from"), days.get("to")
    if first and last and first > last:
        problems["to"] = "The last day is before the first."
    if problems:
        raise BadFilter(problems)
    return Filter(kind, first, last)


def presets(today: date, kind: str) -> list[Preset]:
    """The dates that are offered, as of `today`."""
    this_month = today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    return [
        Preset("Last 30 days", Filter(kind, today - timedelta(days=29), today)),
        Preset("This month", Filter(kind, this_month, today)),
        Preset("Last month", Filter(kind, last_month, this_month - timedelta(days=1))),
        Preset("This year", Filter(kind, today.replace(month=1, day=1), today)),
        Preset("All time", Filter(kind)),
    ]


def _day(text: str) -> date | None:
    """ValueError for what is not written as 2026-11-30, and for a year that nothing happened in."""
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    day = date.fromisoformat(text)
    if not EARLIEST <= day <= LATEST:
        raise ValueError(text)
    return day


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
