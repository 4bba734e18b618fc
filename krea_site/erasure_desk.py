"""Requests for erasure, for staff: accounts on their way out, what fal has not erased yet, and beginning an erasure for
a person who asked by mail."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from generations import fal_erasures
from generations.models import FalErasure
from krea_site import farewell, reasons
from krea_site.dashboard import acts
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import Farewell

SHOWN: Final = 100
AT_ONCE: Final = 500
LONGEST: Final = 254
OF_STAFF: Final = "This is an account of the staff. Take its role away first."
GOING: Final = "This account is being deleted already."


@staff(Lever.ERASE)
@require_safe
def erasures(request: HttpRequest) -> HttpResponse:
    waiting = FalErasure.objects.waiting()
    known = {
        "farewells": Farewell.objects.unfinished().order_by("created_at")[:SHOWN],
        "gone": Farewell.objects.exclude(finished_at=None).order_by("-finished_at")[:SHOWN],
        "many_tries": farewell.MANY_TRIES,
        "failed": FalErasure.objects.given_up().order_by("given_up_at")[:SHOWN],
        "failed_count": FalErasure.objects.given_up().count(),
        "late": waiting.filter(tries__gt=0).order_by("due_at")[:SHOWN],
        "waiting_count": waiting.count(),
    }
    return render(request, "staff/erasures.html", known)


@staff(Lever.ERASE)
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """`id` once for each erasure at fal that is tried again from the lowest rung; none: all that were given up."""
    asked = request.POST.getlist("id")[:AT_ONCE]
    ids = [id for text in asked if (id := _uuid(text))]
    if not asked:
        ids = list(FalErasure.objects.given_up().order_by("given_up_at").values_list("pk", flat=True)[:AT_ONCE])
    with transaction.atomic():
        count = fal_erasures.again(ids)
        if count:
            acts.write(request, "erasures.again", "fal", after={"requests": count, "ids": [str(id) for id in ids][:50]})
            messages.success(request, f"{count} will be tried within seconds.")
        else:
            acts.nothing_done(request)
            messages.info(request, "There is nothing to try again.")
    return redirect("staff-erasures")


@staff(Lever.ERASE)
@require_POST
def nudge(request: HttpRequest, id: int) -> HttpResponse:
    """Have the next step of an account's deletion tried now."""
    row = get_object_or_404(Farewell, pk=id)
    with transaction.atomic():
        if Farewell.objects.unfinished().filter(pk=id).update(due_at=timezone.now(), nudged_at=None, tries=0):
            acts.write(request, "erasures.nudge", f"user:{row.user_id}", after={"step": row.step})
            messages.success(request, "It goes on within seconds.")
        else:
            acts.nothing_done(request)
            messages.info(request, "It is done already.")
    return redirect("staff-erasures")


@staff(Lever.ERASE)
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """For whom, and why; then what goes and what stays; then, `confirmed`, the account's own farewell."""
    if request.method != "POST":
        return _form(request)
    problems: dict[str, str] = {}
    user, why = User.objects.filter(email__iexact=request.POST.get("email", "").strip()[:LONGEST]).first(), ""
    if user is None:
        problems["email"] = "No account has this address."
    elif Farewell.objects.filter(user=user).exists():
        problems["email"] = GOING
    elif user.is_staff:
        problems["email"] = OF_STAFF
    try:
        why = reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        problems["why"] = str(error)
    if user is None or problems:
        return _form(request, problems=problems, status=422)
    if request.POST.get("confirmed") != str(user.pk):
        acts.nothing_done(request)
        return _form(request, customer=user, outlook=farewell.outlook(user), told=why)
    _begin(request, user, why)
    return redirect("staff-erasures")


@transaction.atomic
def _begin(request: HttpRequest, user: User, why: str) -> None:
    """Locks the user's row: of two presses, or of staff and customer at once, one begins it."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    if Farewell.objects.filter(user=locked).exists() or locked.is_staff:
        acts.nothing_done(request)
        messages.info(request, GOING if not locked.is_staff else OF_STAFF)
        return
    row = farewell.begin(locked)
    acts.write(request, "erasures.begin", f"user:{user.pk}", after={"farewell": row.pk}, why=why)
    messages.success(request, "The account is closed, and everything goes within minutes.")


def _form(request: HttpRequest, *, status: int = 200, **known: Any) -> HttpResponse:
    email = request.POST.get("email", request.GET.get("email", ""))[:LONGEST]
    known |= {"email": email, "why": request.POST.get("why", ""), "longest": reasons.LONGEST}
    return render(request, "staff/erasure_begin.html", known, status=status)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
