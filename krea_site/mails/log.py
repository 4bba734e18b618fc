"""The log of mails, for staff: to whom, when, and how it went. Never what was in them: mails hold links that log in."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from krea_site import cursors
from krea_site.dashboard import acts
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.mails import post
from krea_site.models import Mail

ON_A_PAGE = 50
STATES = ("waiting", "failed", "sent")
BODIES = ("text", "html")


@staff(Lever.SEE_MAILS)
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """Newest first; `state`, and `before` for the page after the mail of that id."""
    state = request.GET.get("state", "")
    rows = list(cursors.before(_of_state(state), request.GET.get("before"))[: ON_A_PAGE + 1])
    following = rows[ON_A_PAGE - 1].pk if len(rows) > ON_A_PAGE else None
    known = {"mails": rows[:ON_A_PAGE], "state": state, "states": STATES, "following": following}
    return render(request, "staff/mails.html", known)


@staff(Lever.SEE_MAILS)
@require_safe
def mail(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(Mail.objects.defer(*BODIES), pk=id)
    may_send = not row.sent_at and Mail.objects.filter(pk=id).exclude(text="").exists()
    return render(request, "staff/mail.html", {"mail": row, "tries": row.attempts.all(), "may_send": may_send})


@staff(Lever.SEE_MAILS)
@require_POST
def again(request: HttpRequest, id: UUID) -> HttpResponse:
    with transaction.atomic():
        if is_sent := post.again(id):
            acts.write(request, "mails.again", f"mail:{id}")
        else:
            acts.nothing_done(request)
    if is_sent:
        messages.success(request, "It is being sent.")
    else:
        messages.error(request, "It cannot be sent: it was sent already, is being sent now, or its text was wiped.")
    return redirect("staff-mail", id)


def _of_state(state: str) -> "QuerySet[Mail]":
    rows = {
        "": Mail.objects.all(),
        "waiting": Mail.objects.waiting(),
        "failed": Mail.objects.given_up(),
        "sent": Mail.objects.sent(),
    }
    if state not in rows:
        raise Http404("There is no such state.")
    return rows[state].defer(*BODIES).order_by("-id")
