"""Usage: what was delivered, by day, image model and key. The days are UTC, and a picture counts on the day on which
its generation was settled, as in the ledger; what has been deleted since still counts."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate

from billing.credits import show
from generations.models import Image, Status

LONGEST = timedelta(days=366)
CSV_TYPE = "text/csv"
COLUMNS = ("day", "model", "key", "images", "credits", "refunded")


@dataclass(frozen=True)
class Row:
    """`key` None: ordered on the website, or with a key that is gone. `credits` in 1/100; `refunded` is what of them
    was given back since."""

    day: date
    image_model: str
    key: UUID | None
    images: int
    credits: int
    refunded: int = 0


def rows(user_id: int, since: date, until: date) -> Iterator[Row]:
    """From `since` to before `until`, the newest day first."""
    begin, end = (datetime.combine(day, time(), UTC) for day in (since, until))
    delivered = Image.objects.order_by().filter(
        user_id=user_id,
        status=Status.STORED,
        generation__finished_at__gte=begin,
        generation__finished_at__lt=end,
    )
    days = delivered.annotate(
        day=TruncDate("generation__finished_at", tzinfo=UTC),
        model=F("generation__image_model"),
        key=F("generation__order__key"),
    )
    counted = days.values_list("day", "model", "key").annotate(
        images=Count("pk"), credits=Sum("price"), refunded=Sum("price", filter=Q(refunded_at__isnull=False), default=0)
    )
    for each in counted.order_by("-day", "model", F("key").asc(nulls_first=True)):
        yield Row(*each)


def table(found: Iterable[Row]) -> str:
    """The rows as CSV, with a head."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(
        (row.day, row.image_model, row.key or "", row.images, show(row.credits), show(row.refunded)) for row in found
    )
    return text.getvalue()
