"""The page of usage: a chart by day, a table by day, image model and key, and the same as CSV."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from billing import filters, spending
from billing.filters import BadFilter, Filter, Preset
from generations.visits import Visit, page

from . import usage
from .models import Key

MOST_ROWS = 500  # of the table; all of them are in the CSV
LONGEST_DAYS = usage.LONGEST.days


@dataclass(frozen=True)
class Span:
    """The first and the last day, both included, in UTC."""

    first: date
    last: date

    @property
    def query(self) -> str:
        return urlencode({"from": str(self.first), "to": str(self.last)})

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@page
@require_safe
def usage_page(request: Visit) -> HttpResponse:
    today = _today()
    try:
        span = read(request, today)
    except BadFilter as bad:
        refused = {"problems": dict(bad.problems), "typed": request.GET, "presets": presets(today)}
        return render(request, "developers/usage.html", refused, status=400)
    rows = list(usage.rows(request.user.pk, span.first, span.last + timedelta(days=1)))
    named = {key.pk: key for key in Key.objects.of(request.user).filter(pk__in={row.key for row in rows if row.key})}
    context = {
        "span": span,
        "chart": _chart(rows, span),
        "rows": [(row, named.get(row.key) if row.key else None) for row in rows[:MOST_ROWS]],
        "left_out": max(len(rows) - MOST_ROWS, 0),
        "pictures": sum(row.images for row in rows),
        "credits": sum(row.credits for row in rows),
        "presets": presets(today),
    }
    return render(request, "developers/usage.html", context)


@page
@require_safe
def usage_csv(request: Visit) -> HttpResponse:
    """As `GET /usage?format=csv` of the API has it."""
    try:
        span = read(request, _today())
    except BadFilter as bad:
        return HttpResponse(str(bad), content_type="text/plain; charset=utf-8", status=400)
    found = usage.rows(request.user.pk, span.first, span.last + timedelta(days=1))
    name = f"usage-{span.first}-to-{span.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(usage.table(found), content_type=usage.CSV_TYPE, headers=headers)


def read(request: HttpRequest, today: date) -> Span:
    """The days of the address, such as `?from=2026-11-01&to=2026-11-30`; the last thirty where it names none. Raises
    BadFilter."""
    asked = filters.read({name: request.GET.get(name, "") for name in filters.DATES})
    last = asked.last or max(today, asked.first or today)
    span = Span(asked.first or last - timedelta(days=spending.USUAL_DAYS - 1), last)
    if span.days > LONGEST_DAYS:
        raise BadFilter({"from": f"At most {LONGEST_DAYS} days at once; these are {span.days:,}."})
    return span


def presets(today: date) -> list[Preset]:
    """Those of the statement that are short enough."""
    week = Preset("Last 7 days", Filter("", today - timedelta(days=6), today))
    return [week, *(each for each in filters.presets(today, "") if each.filter.first is not None)]


def _chart(rows: list[usage.Row], span: Span) -> spending.Chart:
    """At most the last MOST_DAYS days of the span."""
    earliest = span.last - timedelta(days=spending.MOST_DAYS - 1)
    first = max(span.first, earliest)
    spent: dict[date, dict[str, int]] = {}
    for row in rows:
        if row.day >= first:
            day = spent.setdefault(row.day, {})
            day[row.image_model] = day.get(row.image_model, 0) + row.credits
    return spending.drawn(spent, first, span.last, is_cut=first > span.first)


def _today() -> date:
    return timezone.now().astimezone(UTC).date()
