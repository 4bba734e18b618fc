"""Hours, days and months of the calendar, in UTC: from when to when each goes, and which ids are of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from krea_site.models import Figures

Period = Figures.Period


@dataclass(frozen=True, order=True)
class Span:
    """One period: `start` is in it, `end` is the start of the next one."""

    period: Period
    start: datetime

    @property
    def end(self) -> datetime:
        if self.period == Period.HOUR:
            return self.start + timedelta(hours=1)
        if self.period == Period.DAY:
            return self.start + timedelta(days=1)
        return (self.start.replace(day=28) + timedelta(days=4)).replace(day=1)

    @property
    def before(self) -> "Span":
        return around(self.period, self.start - timedelta(microseconds=1))

    @property
    def after(self) -> "Span":
        return Span(self.period, self.end)

    @property
    def ids(self) -> tuple[UUID, UUID]:
        """Ids are UUIDv7: what was made in this period has none below the first and all below the second."""
        return first_id(self.start), first_id(self.end)

    def back(self, count: int) -> "list[Span]":
        """This one and those before it, `count` in all, the oldest first."""
        found = [self]
        while len(found) < count:
            found.append(found[-1].before)
        return found[::-1]


def around(period: Period, moment: datetime) -> Span:
    """The period of this kind in which a moment is."""
    start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if period != Period.HOUR:
        start = start.replace(hour=0)
    return Span(period, start.replace(day=1) if period == Period.MONTH else start)


def between(period: Period, since: datetime, until: datetime) -> Iterator[Span]:
    """Every period that has any part of the time from `since` to before `until`, the oldest first."""
    span = around(period, since)
    while span.start < until:
        yield span
        span = span.after


def first_id(moment: datetime) -> UUID:
    """No UUIDv7 of that millisecond or later is lower, none of an earlier one as high."""
    return UUID(int=(moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) << 80)
