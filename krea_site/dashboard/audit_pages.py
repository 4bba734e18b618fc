"""The audit of the books, for staff: what the last run found, and how the runs before it were."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from krea_site.dashboard import roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import CheckOrder, CheckRun

RUNS_SHOWN: Final = 30


@staff(Lever.SEE_MONEY)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    runs = list(CheckRun.objects.filter(kind=CheckRun.Kind.AUDIT).order_by("-ended_at")[:RUNS_SHOWN])
    known = {
        "last_run": runs[0] if runs else None, "runs": runs[1:],
        "order": CheckOrder.objects.filter(kind=CheckOrder.Kind.AUDIT).first(),
        "may_move": roles.may(request.user, Lever.MOVE_MONEY),
    }  # fmt: skip
    return render(request, "staff/audit.html", known)
