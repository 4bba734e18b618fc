"""fal's money, for staff: what is left there, each day by its records and by ours, and what nobody explained."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generations import fal_balance
from generations.models import Draw, FalDay, FalState
from krea_site import check_orders, check_runs, reasons
from krea_site.dashboard import acts, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import CheckOrder, CheckRun

DAYS_ON_A_PAGE: Final = 14
MOST_DOUBTFUL: Final = 50
DOUBTFUL: Final = Q(may_be_billed=True, cost_microusd=0) & ~Q(outcome="delivered")
PAGES: Final = {
    CheckOrder.Kind.FAL: "staff-fal",
    CheckOrder.Kind.STRIPE: "staff-stripe",
    CheckOrder.Kind.AUDIT: "staff-audit",
}


@staff(Lever.SEE_MONEY)
@require_safe
def fal(request: HttpRequest) -> HttpResponse:
    """Newest days first; `before` is the last day seen."""
    rows, following = _days(request.GET.get("before"))
    doubtful = Draw.objects.filter(DOUBTFUL)
    most = doubtful.aggregate(draws=Count("pk"), cost=Sum("image__generation__image_cost_microusd"))
    known = {
        "state": FalState.objects.filter(pk=1).first() or FalState(), "balance": fal_balance.known(),
        "last_run": check_runs.newest(CheckRun.Kind.FAL), "order": _order(CheckOrder.Kind.FAL),
        "open_days": _open(), "days": _by_day(rows), "following": following, "doubtful": most,
        "draws": doubtful.select_related("image").order_by("-pk")[:MOST_DOUBTFUL],
        "may_move": roles.may(request.user, Lever.MOVE_MONEY), "no_money": check_orders.NO_MONEY,
        "may_see_roads": roles.may(request.user, Lever.SEE_ROADS),
    }  # fmt: skip
    return render(request, "staff/fal.html", known)


@staff(Lever.SEE_MONEY, act=Lever.MOVE_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def day(request: HttpRequest, id: int) -> HttpResponse:
    """One endpoint's day; a POST says that its remainder is explained, or with `again` that it is not."""
    row = get_object_or_404(FalDay, pk=id)
    return _explain(request, row) if request.method == "POST" else _page(request, row)


@staff(Lever.MOVE_MONEY)
@require_POST
def check_now(request: HttpRequest, kind: str) -> HttpResponse:
    """Have a check run soon. Pressed twice, it runs once."""
    if kind not in PAGES:
        raise Http404("There is no such check.")
    with transaction.atomic():
        if check_orders.ask(CheckOrder.Kind(kind)):
            acts.write(request, "check.ask", f"check:{kind}")
        else:
            acts.nothing_done(request)
    messages.success(request, f"{CheckOrder.Kind(kind).label}: it runs. Look at this page again in a minute.")
    return redirect(PAGES[CheckOrder.Kind(kind)])


def _explain(request: HttpRequest, row: FalDay) -> HttpResponse:
    seen = parse_datetime(request.POST.get("seen", "")[:40]) if request.POST.get("seen") else None
    try:
        why = reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        return _page(request, row, problems={"why": str(error)}, status=422)
    remainder = None if request.POST.get("again") else row.remainder_microusd or 0
    with transaction.atomic():
        mine = FalDay.objects.filter(pk=row.pk, compared_at=seen) if seen else FalDay.objects.none()
        if not mine.update(explained_microusd=remainder, explained_why=why if remainder is not None else ""):
            words = "It was compared again meanwhile. Look at what it says now."
            return _page(request, FalDay.objects.get(pk=row.pk), problems={"why": words}, status=409)
        verb = "fal_day.explain" if remainder is not None else "fal_day.doubt"
        before = {"explained_microusd": row.explained_microusd, "left": row.left}
        acts.write(request, verb, f"fal_day:{row}", before=before, after={"explained_microusd": remainder}, why=why)
    messages.success(request, "It is explained." if remainder is not None else "It is open again.")
    return redirect("staff-fal-day", row.pk)


def _page(
    request: HttpRequest, row: FalDay, *, problems: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    known = {
        "row": row, "findings": _linked(row.findings), "problems": problems or {}, "longest": reasons.LONGEST,
        "more": row.left + row.mended - len(row.findings), "typed": {"why": request.POST.get("why", "")},
        "may_move": roles.may(request.user, Lever.MOVE_MONEY),
        "may_see_roads": roles.may(request.user, Lever.SEE_ROADS),
    }  # fmt: skip
    return render(request, "staff/fal_day.html", known, status=status)


def _linked(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings with the generation of each one's draw, what is left first."""
    draws = {UUID(each["draw"]) for each in findings if each.get("draw")}
    roads = dict(Draw.objects.filter(pk__in=draws).values_list("pk", "image__generation_id"))
    told = [each | {"road": roads.get(UUID(each["draw"])) if each.get("draw") else None} for each in findings]
    return sorted(told, key=lambda each: bool(each["is_mended"]))


def _open() -> list[FalDay]:
    """What is left and not explained, of all days, the newest first."""
    rows = FalDay.objects.filter(left__gt=0).order_by("-day", "endpoint")
    return [row for row in rows[: 10 * DAYS_ON_A_PAGE] if not row.is_explained]


def _days(before: str | None) -> "tuple[QuerySet[FalDay], date | None]":
    """The rows of some days, and the last of these days where there are older ones."""
    rows = FalDay.objects.order_by("-day", "endpoint")
    if before:
        try:
            rows = rows.filter(day__lt=date.fromisoformat(before))
        except ValueError:
            raise Http404("There is no such page.") from None
    days = list(rows.order_by("-day").values_list("day", flat=True).distinct()[: DAYS_ON_A_PAGE + 1])
    following = days[DAYS_ON_A_PAGE - 1] if len(days) > DAYS_ON_A_PAGE else None
    return rows.filter(day__in=days[:DAYS_ON_A_PAGE]), following


def _by_day(rows: "QuerySet[FalDay]") -> list[dict[str, Any]]:
    """Each day with its rows and its sums; a sum that lacks a part is None."""
    told = []
    for day, found in groupby(rows, key=lambda row: row.day):
        of_day = list(found)
        remainders = [row.remainder_microusd for row in of_day]
        total = None if None in remainders else sum(each or 0 for each in remainders)
        told.append({"day": day, "rows": of_day, "remainder": total, "ours": sum(row.our_microusd for row in of_day)})
    return told


def _order(kind: CheckOrder.Kind) -> CheckOrder | None:
    return CheckOrder.objects.filter(kind=kind).first()
