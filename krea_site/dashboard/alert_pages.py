"""Alerts, for staff: what is wrong now, what was, and saying that somebody knows."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from krea_site import reasons, watch
from krea_site.dashboard import acts
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import Alert
from krea_site.watch import rows, runbook
from krea_site.watch.kinds import KINDS

ON_A_PAGE = 50


@staff(Lever.SEE)
@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """What is open, and what is over, newest first; `before` is the last alert of the page before."""
    return _page(request)


@staff(Lever.SEE)
@require_POST
def acknowledge(request: HttpRequest, id: int) -> HttpResponse:
    """Somebody knows of it and says why it may stay; the mail that it is over comes all the same."""
    alert = get_object_or_404(Alert, pk=id)
    try:
        why = reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        return _page(request, wrong=(id, str(error)), status=422)
    with transaction.atomic():
        if rows.acknowledge(id, actor=reasons.actor(request.user), why=why):
            acts.write(request, "alerts.acknowledge", f"alert:{id}", after={"name": alert.name}, why=why)
            messages.success(request, "Written down. It stays open until it is over.")
        else:
            acts.nothing_done(request)
            messages.info(request, "It is over already, or somebody else was first.")
    return redirect("staff-alerts")


def _page(request: HttpRequest, *, wrong: tuple[int, str] | None = None, status: int = 200) -> HttpResponse:
    over = Alert.objects.over().order_by("-pk")
    before = request.GET.get("before", "")
    if before:
        if not (before.isascii() and before.isdecimal() and len(before) < 19):
            raise Http404("There is no such page.")
        over = over.filter(pk__lt=int(before))
    past = list(over[: ON_A_PAGE + 1])
    known = {
        "open": [(row, KINDS.get(row.name), runbook.section(row.name)) for row in watch.open_alerts()],
        "past": [(row, KINDS.get(row.name)) for row in past[:ON_A_PAGE]],
        "following": past[ON_A_PAGE - 1].pk if len(past) > ON_A_PAGE else None,
        "wrong_id": wrong[0] if wrong else None, "error": wrong[1] if wrong else "",
        "why": request.POST.get("why", ""), "longest": reasons.LONGEST,
    }  # fmt: skip
    return render(request, "staff/alerts.html", known, status=status)
