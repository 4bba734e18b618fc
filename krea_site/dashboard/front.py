"""The front page of the dashboard: the business in ten seconds, by hour, by day, by month."""

import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from krea_site import attention, watch
from krea_site.dashboard import board, drawings, figures, heads, levels, lines, roles, words
from krea_site.dashboard.gate import staff
from krea_site.dashboard.links import Links
from krea_site.dashboard.periods import Period, Span, around
from krea_site.dashboard.roles import Lever
from krea_site.watch.kinds import KINDS

USUAL = Period.DAY
TABS = {Period.HOUR: "Hours", Period.DAY: "Days", Period.MONTH: "Months"}
_MOMENT = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2})(?:T(\d{2}))?)?")


@staff(Lever.SEE)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """`by` is hour, day or month; `at` names one of them, the present one where it is missing."""
    by, at = request.GET.get("by", ""), request.GET.get("at", "")
    errors = []
    period = Period(by) if by in Period.values else USUAL
    if by and by not in Period.values:
        errors.append(f"by is one of {', '.join(Period.values)}.")
    span = read(period, at)
    if span is None:
        errors.append("at is a moment that was, such as 2026-11, 2026-11-30 or 2026-11-30T18, in UTC.")
    told = page(request, span or around(period, timezone.now()))
    return render(request, "staff/home.html", told | {"errors": errors}, status=422 if errors else 200)


def page(request: HttpRequest, span: Span) -> dict[str, Any]:
    """What the template needs."""
    levers = roles.levers_of(request.user)
    shown, now = board.of(span, Links(levers)), levels.levels()
    alerts = watch.open_alerts()
    told = {KINDS[alert.name].url_name for alert in alerts if alert.name in KINDS}  # what waits there is said already
    checks = levels.checks() if Lever.SEE_MONEY in levers else []
    return {
        "board": shown,
        "tabs": [(label, board.address(around(period, _within(span))), period == span.period)
                 for period, label in TABS.items()],
        "earlier": board.address(span.before),
        "later": None if shown.is_present else board.address(span.after),
        "present": f"?by={span.period}",
        "alerts": alerts,
        "matters": [each for each in attention.matters(levers) if each.url_name not in told],
        "heads": heads.heads(shown, now),
        "road": heads.road(shown, now),
        "checks": [(each, shown.links.page(Lever.SEE_MONEY, each.url_name)) for each in checks],
        "heartbeats": levels.heartbeats(),
        "beats": shown.links.beats(),
        "paid": _paid(shown) if shown.sees_money else None,
        "charts": drawings.drawn(shown),
        "models": lines.models(shown),
        "money": lines.money(shown) if shown.sees_money else [],
        "statuses": lines.statuses(shown),
        "outcomes": lines.outcomes(shown),
        "waits": lines.waits(shown),
        "causes": lines.causes(shown),
        "doubts": lines.doubts(shown) if shown.sees_money else [],
        "told": lines.told(shown),
    }  # fmt: skip


def _paid(shown: board.Board) -> dict[str, str] | None:
    """What the margin would be at what credits really brought; None where none were given away."""
    share = figures.paid_share()
    if share is None or share == 1000:
        return None
    return {
        "share": words.per_mille(share), "margin": words.dollars(shown.counts.margin_at(share)),
        "sales": shown.links.transfers(book="sales"), "grants": shown.links.transfers(book="grants"),
    }  # fmt: skip


def read(period: Period, text: str) -> Span | None:
    """The period that an address names; the present one where it names none. None for nonsense and for the future."""
    now = timezone.now()
    if not text:
        return around(period, now)
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour = (
        int(part) if part else least for part, least in zip(match.groups(), (0, 1, 1, 0), strict=True)
    )
    try:
        moment = datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        return None
    return around(period, moment) if moment <= now and year >= EARLIEST else None


EARLIEST = 2000


def _within(span: Span) -> datetime:
    """The moment at which another kind of period is looked at instead: the present where it is in this one."""
    now = timezone.now()
    return now if span.start <= now < span.end else span.start
