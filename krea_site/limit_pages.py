"""The staff pages of limits: for everybody, for the customers of a plan, for one customer. Typed, then shown what it
changes, then done. What is enforced where is the apps' own business; here their limits are listed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from billing import set_limits, trial_limits
from billing.models import LimitRow, Plan
from billing.set_limits import EVERYBODY, Held, Limit, OutOfRange, Overtaken, Scope
from generations import fair_order, unfinished, upkeep
from krea_site import cursors, reasons
from krea_site.dashboard import acts
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from partners import limits as key_limits
from partners import rate_limits

LIMITS: Final = (
    trial_limits.CREDITS, trial_limits.PER_NETWORK, trial_limits.PER_DAY, rate_limits.CALLS, key_limits.UNFINISHED,
    unfinished.OF_A_CUSTOMER, fair_order.WEIGHT, upkeep.FILES, upkeep.MEGABYTES,
)  # fmt: skip
FORM: Final = ("GET", "HEAD", "POST")
NONE: Final = "no limit"
ON_A_PAGE: Final = 50
LONGEST: Final = 254
BY: Final = {
    "user": "set for this customer",
    "plan": "set for the customer's plan",
    "everybody": "set for everybody",
    "setting": "as it comes",
}


@dataclass(frozen=True)
class Line:
    """One limit on a page: what holds and why, what is typed for it, and what was set when the page was shown."""

    limit: Limit
    held: Held
    typed: str
    was: str
    problem: str = ""

    @property
    def holds(self) -> str:
        return said(self.limit, self.held.value)

    @property
    def why(self) -> str:
        named = self.limit.named
        return f"{BY['setting']}, by {named}" if self.held.by == "setting" and named else BY[self.held.by]


class BadForm(Exception):
    """`problems` by the names of the fields."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__()


@staff(Lever.SET_LIMITS)
@require_http_methods(FORM)
def for_everybody(request: HttpRequest) -> HttpResponse:
    """What holds for everybody; below, whose limits are their own, or those whom `q` finds by address or id; `before`
    is the last customer seen."""
    wanted = request.GET.get("q", "").strip()[:LONGEST]
    known = {
        "wanted": wanted,
        "plans": [(plan, set_limits.set_for(Scope(plan_id=plan.pk))) for plan in Plan.objects.order_by("cents")],
        "here": reverse("staff-limits"),
        **_customers(wanted, request.GET.get("before")),
    }
    return _page(request, EVERYBODY, "Everybody", known)


@staff(Lever.SET_LIMITS)
@require_http_methods(FORM)
def for_plan(request: HttpRequest, id: UUID) -> HttpResponse:
    plan = get_object_or_404(Plan, pk=id)
    known = {"here": reverse("staff-limits-plan", args=[id]), "plan": plan}
    return _page(request, Scope(plan_id=plan.pk), plan.name, known)


@staff(Lever.SET_LIMITS)
@require_http_methods(FORM)
def for_user(request: HttpRequest, id: int) -> HttpResponse:
    user: Any = get_object_or_404(get_user_model(), pk=id)
    known = {"here": reverse("staff-limits-user", args=[id]), "customer": user}
    return _page(request, Scope(user_id=user.pk), str(user), known)


def _customers(wanted: str, before: str | None) -> dict[str, Any]:
    """A page of them, the newest first, each with how many limits are their own."""
    own = LimitRow.objects.filter(user=OuterRef("pk")).order_by().values("user").annotate(own=Count("pk")).values("own")
    rows = get_user_model().objects.annotate(own=Coalesce(Subquery(own), 0))
    if not wanted:
        rows = rows.filter(pk__in=LimitRow.objects.exclude(user=None).values("user"))
    elif wanted.isdecimal():
        rows = rows.filter(pk=int(wanted[:18]))
    else:
        rows = rows.filter(email__icontains=wanted)
    found = list(cursors.before(rows.order_by("-pk"), before)[: ON_A_PAGE + 1])
    following = found[ON_A_PAGE - 1].pk if len(found) > ON_A_PAGE else None
    return {"customers": found[:ON_A_PAGE], "following": following, "before": before}


def said(limit: Limit, value: int | None) -> str:
    """A limit in words."""
    return NONE if value is None else f"{value:,} {limit.unit}"


def _page(request: HttpRequest, scope: Scope, title: str, known: dict[str, Any]) -> HttpResponse:
    limits = [limit for limit in LIMITS if limit.of_customers or scope == EVERYBODY]
    known |= {"title": title, "scope": scope.subject, "longest": reasons.LONGEST}
    if request.method != "POST":
        return _show(request, known, _lines(limits, scope, None, {}))
    try:
        wanted, was = _read(request, limits, scope)
        changed = {name: value for name, value in wanted.items() if value != was[name]}
        why = _why(request) if changed else ""
    except BadForm as bad:
        known |= {"problems": bad.problems, "why_problem": bad.problems.get("why", "")}
        return _show(request, known, _lines(limits, scope, request, bad.problems), status=422)
    if not changed or "confirmed" not in request.POST or "edit" in request.POST:
        acts.nothing_done(request)
        may = bool(changed) and "edit" not in request.POST
        known |= {"told": _told(limits, was, changed), "may": may, "is_same": not changed, "why": why}
        return _show(request, known, _lines(limits, scope, request, {}))
    if not _carry_out(request, scope, changed, was, why):
        known["is_overtaken"] = True
        return _show(request, known, _lines(limits, scope, None, {}), status=409)
    return redirect(known["here"])


def _carry_out(
    request: HttpRequest, scope: Scope, changed: Mapping[str, int | None], was: Mapping[str, int | None], why: str
) -> bool:
    """False where somebody else was quicker with something else. Pressed twice, it is done and told once."""
    try:
        with transaction.atomic():
            before = set_limits.put(scope, changed, was=was)
            if before:
                after = {name: changed[name] for name in before}
                acts.write(request, "limits.set", scope.subject, before=before, after=after, why=why)
    except Overtaken:
        return False
    if before:
        messages.success(request, f"Saved. It holds everywhere within {set_limits.KEPT_S:.0f} seconds.")
    else:
        acts.nothing_done(request)
        messages.info(request, "It is so already.")
    return True


def _read(
    request: HttpRequest, limits: list[Limit], scope: Scope
) -> tuple[dict[str, int | None], dict[str, int | None]]:
    """What is wanted, and what the page had shown as set, by name. Raises BadForm."""
    wanted: dict[str, int | None] = {}
    was: dict[str, int | None] = {}
    problems: dict[str, str] = {}
    for limit in limits:
        try:
            wanted[limit.name] = _number(limit, request.POST.get(limit.name, ""))
            set_limits.check(limit, wanted[limit.name], scope)
            was[limit.name] = _number(limit, request.POST.get(f"was_{limit.name}", ""))
        except OutOfRange as refused:
            problems[limit.name] = str(refused)
    if problems:
        raise BadForm(problems)
    return wanted, was


def _number(limit: Limit, text: str) -> int | None:
    digits = text.strip().replace(",", "")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 12:
        raise OutOfRange(f"{limit.label}: a whole number from {limit.least:,} to {limit.most:,}, or empty.")
    return int(digits)


def _why(request: HttpRequest) -> str:
    try:
        return reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        raise BadForm({"why": str(error)}) from None


def _lines(limits: list[Limit], scope: Scope, posted: HttpRequest | None, problems: Mapping[str, str]) -> list[Line]:
    now = set_limits.set_for(scope)
    return [_line(limit, scope, now.get(limit.name), posted, problems) for limit in limits]


def _line(limit: Limit, scope: Scope, now: int | None, posted: HttpRequest | None, problems: Mapping[str, str]) -> Line:
    as_set = "" if now is None else str(now)
    typed = as_set if posted is None else posted.POST.get(limit.name, "")
    was = as_set if posted is None else posted.POST.get(f"was_{limit.name}", "")
    if scope.plan_id is not None and now is not None:
        held = Held(now, "plan")
    else:
        held = set_limits.why(limit, scope.user_id)
    return Line(limit, held, typed, was, problems.get(limit.name, ""))


def _told(limits: list[Limit], was: Mapping[str, int | None], changed: Mapping[str, int | None]) -> list[str]:
    """What would change, in words."""
    return [
        f"{limit.label}: {_own(limit, was[limit.name])} becomes {_own(limit, changed[limit.name])}."
        for limit in limits
        if limit.name in changed
    ]


def _own(limit: Limit, value: int | None) -> str:
    return "nothing of its own" if value is None else said(limit, value)


def _show(request: HttpRequest, known: dict[str, Any], lines: list[Line], *, status: int = 200) -> HttpResponse:
    known |= {"lines": lines, "posted_why": request.POST.get("why", "")}
    return render(request, "staff/limits.html", known, status=status)
