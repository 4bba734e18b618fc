"""The queue of reports, for staff: what waits and for how long, who is on it, the picture under a cover, and the
decision: nothing is done, or the picture is taken down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from generations.models import FalErasure, Image
from generations.pictures import links
from generations.presentation import in_words
from krea_site import reasons, reports, takedowns
from krea_site.dashboard import acts, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import Reason, Report, Takedown

ON_A_PAGE: Final = 50
STATES: Final = ("open", "closed")
SIZES: Final = ("320", "1280")
ADDRESS_LASTS_S: Final = 60
DAY_S: Final = 24 * 3600
CHANGED: Final = "The pictures with this file have changed since you looked. Nothing was done; look again."
CLOSED: Final = "Somebody else closed it before; what they wrote stands below."
GONE: Final = "There is no picture to take down any more."


@dataclass(frozen=True)
class Row:
    """A report as the list shows it."""

    report: Report
    has_picture: bool
    is_somebody_elses: bool

    @property
    def waits(self) -> str:
        return _words((timezone.now() - self.report.created_at).total_seconds())

    @property
    def due_at(self) -> datetime:
        return reports.due_at(self.report)

    @property
    def is_late(self) -> bool:
        return self.due_at <= timezone.now()

    @property
    def left(self) -> str:
        """Until it is due, or since then."""
        return _words(abs((self.due_at - timezone.now()).total_seconds()))


@staff(Lever.SEE_REPORTS)
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """Open ones oldest first, those about minors before all others; closed ones newest first."""
    state, cursor = request.GET.get("state", "open"), request.GET.get("before")
    if state not in STATES:
        raise Http404("There is no such state.")
    rows = Report.objects.open().exclude(reason__in=reports.URGENT).order_by("id")
    if state == "closed":
        rows = Report.objects.closed().order_by("-id")
    found = list(_before(rows.select_related("claimed_by"), cursor)[: ON_A_PAGE + 1])
    urgent: list[Report] = []
    if state == "open" and not cursor:
        of_minors = Report.objects.open().filter(reason__in=reports.URGENT).order_by("id")
        urgent = list(of_minors.select_related("claimed_by")[:ON_A_PAGE])
    known = {
        "rows": _rows(request, [*urgent, *found[:ON_A_PAGE]]),
        "state": state, "states": STATES,
        "following": found[ON_A_PAGE - 1].pk if len(found) > ON_A_PAGE else None,
        "unfinished": Takedown.objects.unfinished().order_by("created_at")[:ON_A_PAGE],
    }  # fmt: skip
    return render(request, "staff/reports.html", known)


@staff(Lever.SEE_REPORTS)
@require_safe
def report_page(request: HttpRequest, id: UUID) -> HttpResponse:
    return _page(request, _report(id))


@staff(Lever.SEE_REPORTS)
@require_safe
def picture(request: HttpRequest, id: UUID) -> HttpResponse:
    """The reported picture, by an address that ends within a minute; staff alone is led there."""
    image = _image(_report(id))
    if image is None or not image.name:
        raise Http404("There is no picture.")
    size = request.GET.get("size", SIZES[-1])
    variant: dict[str, Any] = image.variants.get(size if size in SIZES else SIZES[-1]) or {"name": image.name}
    return HttpResponseRedirect(links.address(variant["name"], seconds=ADDRESS_LASTS_S))


@staff(Lever.DECIDE_REPORTS)
@require_POST
def claim(request: HttpRequest, id: UUID) -> HttpResponse:
    """`instead_of`: the member of staff from whom it is taken over, as the page showed them."""
    report, former = _report(id), request.POST.get("instead_of", "")
    with transaction.atomic():
        instead_of = int(former) if former.isdecimal() and len(former) < 19 else None
        if report.claimed_by_id == request.user.pk and not reports.is_somebody_elses(report, request.user):
            acts.nothing_done(request)
        elif reports.claim(id, by=request.user, instead_of=instead_of):
            before, after = {"claimed_by": report.claimed_by_id}, {"claimed_by": request.user.pk}
            acts.write(request, "reports.claim", f"report:{id}", before=before, after=after)
        else:
            acts.nothing_done(request)
            messages.error(request, "Somebody else is on it, or it is closed.")
    return redirect("staff-report", id)


@staff(Lever.DECIDE_REPORTS)
@require_POST
def release(request: HttpRequest, id: UUID) -> HttpResponse:
    with transaction.atomic():
        if reports.release(id, by=request.user):
            acts.write(request, "reports.release", f"report:{id}", before={"claimed_by": request.user.pk})
        else:
            acts.nothing_done(request)
    return redirect("staff-report", id)


@staff(Lever.DECIDE_REPORTS)
@require_POST
def dismiss(request: HttpRequest, id: UUID) -> HttpResponse:
    report = _report(id)
    why, refusal = _may_decide(request, report)
    if refusal is not None:
        return refusal
    with transaction.atomic():
        if reports.dismiss(id, by=request.user, why=why):
            acts.write(request, "reports.dismiss", f"report:{id}", after={"image": _named(report)}, why=why)
            messages.success(request, "The report is closed. Nothing was done to the picture.")
        else:
            acts.nothing_done(request)
            messages.error(request, CLOSED)
    return redirect("staff-report", id)


@staff(Lever.DECIDE_REPORTS)
@require_POST
def take_down(request: HttpRequest, id: UUID) -> HttpResponse:
    """First what goes, then, `confirmed`, it goes."""
    report = _report(id)
    why, refusal = _may_decide(request, report)
    if refusal is not None:
        return refusal
    image = _image(report)
    if image is None or not image.name:
        return _page(request, report, error=GONE, status=409)
    if "confirmed" not in request.POST:
        acts.nothing_done(request)
        return _page(request, report, outlook=takedowns.outlook(image), why=why)
    is_for_all = request.POST.get("for_all") == "1"
    try:
        with transaction.atomic():
            row = takedowns.begin(
                image.pk, by=request.user, reason=Reason(report.reason), why=why, is_for_all=is_for_all,
                mark=request.POST.get("mark", ""),
            )  # fmt: skip
            before = {"sha256": row.sha256, "owner": image.user_id}
            after = {"report": str(id), "reason": report.reason, "for_all": is_for_all, "takedown": str(row.pk)}
            acts.write(request, "reports.take_down", f"image:{image.pk}", before=before, after=after, why=why)
    except takedowns.Overtaken:
        return _page(request, report, outlook=takedowns.outlook(image), why=why, error=CHANGED, status=409)
    except takedowns.NoPicture:
        return _page(request, report, error=GONE, status=409)
    messages.success(request, "The picture is taken down. Its files, and what fal has of it, go within minutes.")
    return redirect("staff-report", id)


def _may_decide(request: HttpRequest, report: Report) -> tuple[str, HttpResponse | None]:
    """Why staff decides so; or the page that says what hinders."""
    try:
        why = reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        return "", _page(request, report, why_error=str(error), status=422)
    if report.closed_at is not None:
        return "", _page(request, report, error=CLOSED, status=409)
    if reports.is_somebody_elses(report, request.user):
        return "", _page(request, report, error="Somebody else is on it. Take it over first.", status=409)
    return why, None


def _page(
    request: HttpRequest,
    report: Report,
    *,
    outlook: takedowns.Outlook | None = None,
    error: str = "",
    why_error: str = "",
    why: str = "",
    status: int = 200,
) -> HttpResponse:
    image = _image(report)
    row = Takedown.objects.filter(image_id=report.image_id).first() if report.image_id else None
    known = {
        "row": _rows(request, [report])[0], "report": report, "image": image, "outlook": outlook, "error": error,
        "why_error": why_error, "why": why or request.POST.get("why", ""), "longest": reasons.LONGEST,
        "may_decide": roles.may(request.user, Lever.DECIDE_REPORTS),
        "may_suspend": roles.may(request.user, Lever.SUSPEND_PEOPLE),
        "may_see_people": roles.may(request.user, Lever.SEE_PEOPLE),
        "takedown": row, "at_fal": _at_fal(row),
        "others": _others(report),
    }  # fmt: skip
    return render(request, "staff/report.html", known, status=status)


def _others(report: Report) -> "QuerySet[Report]":
    """Other open reports of the same picture: the takedown closes them too."""
    rows = Report.objects.open().filter(image_id=report.image_id).exclude(pk=report.pk)
    return (rows if report.image_id else rows.none()).order_by("id")[:ON_A_PAGE]


def _at_fal(row: Takedown | None) -> list[FalErasure]:
    return list(FalErasure.objects.filter(request_id__in=row.requests).order_by("pk")[:ON_A_PAGE]) if row else []


def _rows(request: HttpRequest, found: list[Report]) -> list[Row]:
    ids = [report.image_id for report in found if report.image_id]
    there = set(Image.objects.filter(pk__in=ids).exclude(name="").values_list("pk", flat=True))
    return [Row(each, each.image_id in there, reports.is_somebody_elses(each, request.user)) for each in found]


def _report(id: UUID) -> Report:
    return get_object_or_404(Report.objects.select_related("closed_by", "claimed_by"), pk=id)


def _image(report: Report) -> Image | None:
    rows = Image.objects.select_related("generation", "user")
    return rows.filter(pk=report.image_id).first() if report.image_id else None


def _words(seconds: float) -> str:
    """As `in_words`, in days where hours would have to be divided."""
    return f"{seconds // DAY_S:.0f} days" if seconds >= 2 * DAY_S else in_words(seconds)


def _named(report: Report) -> str | None:
    return str(report.image_id) if report.image_id else None


def _before(rows: "QuerySet[Report]", cursor: str | None) -> "QuerySet[Report]":
    if not cursor:
        return rows
    try:
        after = UUID(cursor)
    except ValueError:
        raise Http404("There is no such page.") from None
    return rows.filter(pk__lt=after) if rows.query.order_by == ("-id",) else rows.filter(pk__gt=after)
