"""How many pictures came, and how quickly, on each of the last days; a day is that of the order, in UTC.

Days that are over are counted once a night and kept as rows. What is not counted yet is told from its newest pictures,
through the primary key alone: ids are UUIDv7, so they stand in the order of their making. So the page costs the same
with a thousand pictures and with a million.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from generations.models import Image, Status
from krea_site.models import StatusDay

SHOWN = 7
SAMPLE = 5_000  # newest pictures of a day that is not counted yet
KEPT_S = 60
KEY = "krea_site.status_days"


@dataclass(frozen=True)
class Day:
    """`median_s` and `p95_s` are seconds from the order to the stored picture. A sample tells of the newest alone."""

    day: date
    stored: int
    failed: int
    median_s: float | None
    p95_s: float | None
    is_sample: bool = False

    @property
    def share(self) -> float | None:
        """Of the pictures that ended well or badly, how many ended well, in per cent, never rounded up to 100."""
        ended = self.stored + self.failed
        return int(1000 * self.stored / ended) / 10 if ended else None


def last_days() -> list[Day]:
    """Today and the six days before, newest first; at most a minute old."""
    found: list[Day] | None = cache.get(KEY)
    if found is None or found[0].day != _today():
        found = list(_look())
        cache.set(KEY, found, KEPT_S)
    return found


def count_again(days: int) -> None:
    """Count the last days that are over, whole, and keep them."""
    for back in range(1, days + 1):
        day = count(_today() - timedelta(days=back))
        numbers = {"stored": day.stored, "failed": day.failed, "median_s": day.median_s, "p95_s": day.p95_s}
        StatusDay.objects.update_or_create(day=day.day, defaults=numbers)


def count(day: date, most: int | None = None) -> Day:
    """One day, from all of its pictures that ended, or from the newest `most`."""
    waits, failed, seen = array("d"), 0, 0
    for id, status, at in ordered_on(day)[:most].iterator():
        seen += 1
        failed += status == Status.FAILED
        if status == Status.STORED:
            waits.append(max(0.0, at.timestamp() - ordered_at(id)))
    ranked = sorted(waits)
    return Day(day, len(ranked), failed, _rank(ranked, 0.5), _rank(ranked, 0.95), is_sample=seen == most)


def ordered_on(day: date) -> "QuerySet[Image, tuple[UUID, str, datetime]]":
    """Id, status and its time of each picture that was ordered on that day, newest first."""
    rows = Image.objects.filter(id__gte=first_id(day), id__lt=first_id(day + timedelta(days=1)))
    return rows.order_by("-id").values_list("id", "status", "status_at")


def first_id(day: date) -> UUID:
    """No id of that day is lower, none of the day before as high."""
    return UUID(int=int(datetime.combine(day, time(), UTC).timestamp() * 1000) << 80)


def ordered_at(id: UUID) -> float:
    """The time in a UUIDv7, in seconds since 1970."""
    return (id.int >> 80) / 1000


def _look() -> Iterator[Day]:
    days = [_today() - timedelta(days=back) for back in range(SHOWN)]
    kept = StatusDay.objects.in_bulk(days[1:])
    for day in days:
        row = kept.get(day)
        if row is None:
            yield count(day, SAMPLE)
        else:
            yield Day(day, row.stored, row.failed, row.median_s, row.p95_s)


def _rank(ranked: list[float], share: float) -> float | None:
    """The nearest rank."""
    return ranked[ceil(share * len(ranked)) - 1] if ranked else None


def _today() -> date:
    return timezone.now().astimezone(UTC).date()
