"""Usage, as JSON or CSV."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request

from billing.credits import show
from partners import usage
from partners.models import Scope
from partners.problems import invalid_query, parameter_error

from . import shapes
from .describe import described, parameter
from .query import MOMENT, Query
from .view import ApiView, answer

USUAL = timedelta(days=30)
EARLIEST = datetime.min.replace(tzinfo=UTC)
TABLE = OpenApiResponse(
    {"type": "string"}, description="The same rows, with a head: day,model,key,images,credits,refunded."
)


class Usage(ApiView):
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {"get": (Scope.BILLING_READ,)}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"get": ("since", "until", "format")}

    @described(
        "listUsage",
        "Read the usage",
        {200: shapes.UsageRows},
        other={(200, usage.CSV_TYPE): TABLE},
        parameters=[
            parameter(
                "since", "The first day (UTC), such as 2026-01-31; thirty days ago where it is left out.", MOMENT
            ),
            parameter(
                "until", "The day after the last one; tomorrow where it is left out. At most 366 days in all.", MOMENT
            ),
            parameter("format", "`csv` for a table.", {"type": "string", "enum": ["json", "csv"], "default": "json"}),
        ],
        tag="Money",
    )
    def get(self, request: Request) -> HttpResponse:
        """Images delivered and what they cost, by day, image model and key, the newest day first. The sum of all days
        is that of the ledger's rows of kind `usage`; what support gave back later is in `refunded`, and in the ledger a
        row of kind `correction` on the day on which it came back."""
        query = Query(request)
        since, until = query.moment("since"), query.moment("until")
        wants_table = query.choice("format", ("json", "csv")) == "csv"
        query.done()
        last = until or timezone.now() + timedelta(days=1)
        first = since or last - min(USUAL + timedelta(days=1), last - EARLIEST)
        _check(first, last)
        found = usage.rows(request.user.pk, first.astimezone(UTC).date(), last.astimezone(UTC).date())
        if wants_table:
            return HttpResponse(usage.table(found), content_type=usage.CSV_TYPE)
        return answer(shapes.UsageRows(items=[_row(each) for each in found], next=None))


def _check(first: datetime, last: datetime) -> None:
    if not timedelta() <= last - first <= usage.LONGEST:
        detail = f"since must not be after until, nor more than {usage.LONGEST.days} days before it."
        raise invalid_query([parameter_error("since", "out_of_range", detail)])


def _row(row: usage.Row) -> shapes.UsageRow:
    return shapes.UsageRow(
        day=row.day,
        model=row.image_model,
        key=row.key,
        images=row.images,
        credits=show(row.credits),
        refunded=show(row.refunded),
    )
