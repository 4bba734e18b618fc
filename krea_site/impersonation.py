"""Staff in a customer's place: looking only, for half an hour, with a line on every page that says so.

The session stays that of the member of staff, and names a row; while that stands, `request.user` is the customer and
`request.impersonator` the member of staff. Confirmations of the staff's session are not the customer's, whatever is not
GET or HEAD is refused but for the end, logging out (which ends it too) and what only computes, and so are the pages
that show a secret or hand data out. Coroutines beside Django ask `stand_in` through `generations.live`.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import User
from krea_site import error_pages
from krea_site.dashboard import acts, roles
from krea_site.dashboard.roles import Lever
from krea_site.models import Impersonation

logger = logging.getLogger(__name__)

LASTS = timedelta(minutes=30)
IN_SESSION = "impersonation"
SAFE = ("GET", "HEAD")
ENDED = "people.visit_ended"
# Of an account's own pages, those that show no secret and lead to no data.
ACCOUNT = "/accounts/"
OPEN_OF_ACCOUNT = ("account-home", "account_email", "usersessions_list")
HANDS_OUT = ("usage-csv",)
COMPUTES = ("studio-price", "studio-code", "api-quotes")  # by POST, since a form is read; nothing is written
LINE = "You look at this site as a customer: nothing can be changed or downloaded here."
OVER = "Your visit as a customer is over, and nothing was changed. From here on you are yourself again."


def begin(request: HttpRequest, person: User, *, why: str) -> Impersonation:
    """From the next request on, this session sees the site as `person` does. In the caller's transaction."""
    now = timezone.now()
    assert isinstance(request.user, User)
    row = Impersonation.objects.create(staff=request.user, user=person, began_at=now, ends_at=now + LASTS, why=why)
    request.session[IN_SESSION] = str(row.pk)
    rotate_token(request)
    return row


def as_customer(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: puts the customer in the place of the member of staff. Who has no session costs nothing, and pages
    that do not ask who reads them stay without a look into the database. What a page of a visit sends after the visit
    is over is refused once: it was meant in the customer's place, and would be done in one's own."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return get_response(request)
        member = request.user
        _put(request)
        is_safe = request.method in SAFE
        if is_safe and not request.path.startswith(ACCOUNT) and not _is(request, HANDS_OUT):
            return get_response(request)
        row = cast(Any, request).impersonation
        if _is(request, ["impersonation-end"]):
            return get_response(request)
        if not row:
            is_late = not is_safe and request.session.pop(IN_SESSION, None)
            return refusal(request, is_over=True) if is_late else get_response(request)
        if _is(request, ["account_logout"]):
            if not is_safe:
                finish(row)
                _leave(request, member)
            return get_response(request)
        if _is(request, OPEN_OF_ACCOUNT if is_safe else COMPUTES):
            return get_response(request)
        if request.path == reverse("staff-person-visit", args=[row.user_id]):  # the button that began it, pressed twice
            return redirect("studio")
        return refusal(request)

    return answer


def stand_in(request: HttpRequest) -> None:
    """The same for a request that Django does not see, with its user and session there; at once."""
    row = _standing(request, request.user)
    request.impersonator = request.user if row else None  # type: ignore[attr-defined]
    if row is not None:
        request.user = row.user


def refusal(request: HttpRequest, *, is_over: bool = False) -> HttpResponse:
    """403 in clear words: a page to a browser, a line to a script. `is_over`: the visit is, and the page was of it."""
    is_part = bool(request.headers.get("HX-Request"))
    if is_part or not error_pages.wants_page(request.headers.get("Accept", "")):
        return HttpResponse(f"{OVER if is_over else LINE}\n", status=403, content_type=error_pages.TEXT)
    return render(request, "staff/people/looking_only.html", {"is_over": is_over}, status=403)


@never_cache
@require_POST
def end(request: HttpRequest) -> HttpResponseBase:
    """Back to the dashboard, at the page of the customer; said twice it is the same."""
    id = _uuid(request.session.pop(IN_SESSION, None))
    staff: Any = getattr(request, "impersonator", None) or request.user
    row = Impersonation.objects.filter(pk=id, staff=staff.pk).first() if id and staff.is_authenticated else None
    if row is None:
        return redirect("landing")
    finish(row)
    rotate_token(request)  # pages of the visit in other tabs send nothing in one's own name
    return redirect("staff-person", row.user_id)


@transaction.atomic
def finish(row: Impersonation) -> None:
    """Write down that it is over, once, and in the audit log."""
    at = min(timezone.now(), row.ends_at)
    if Impersonation.objects.filter(pk=row.pk, ended_at=None).update(ended_at=at):
        after = {"visit": str(row.pk), "seconds": round((at - row.began_at).total_seconds())}
        acts.of(row.staff, ENDED, f"user:{row.user_id}", after=after, why=row.why)


def sweep() -> None:
    """Those that nobody ended and whose time is over."""
    for row in Impersonation.objects.filter(ended_at=None, ends_at__lte=timezone.now()).select_related("staff")[:50]:
        finish(row)


def _is(request: HttpRequest, names: Iterable[str]) -> bool:
    return request.path in [reverse(name) for name in names]


def _leave(request: HttpRequest, member: Any) -> None:
    """The rest of the request is the member of staff's own."""
    asked: Any = request
    del asked.session[IN_SESSION]
    asked.user, asked.impersonation, asked.impersonator = member, None, None


def _put(request: HttpRequest) -> None:
    before = request.user
    row = SimpleLazyObject(lambda: _standing(request, before))
    asked: Any = request
    asked.impersonation = row
    asked.impersonator = SimpleLazyObject(lambda: before if row else None)
    asked.user = SimpleLazyObject(lambda: cast(Any, row).user if row else before)


def _standing(request: HttpRequest, staff: Any) -> Impersonation | None:
    """The visit of this session, if it still holds: its time is not over, the member of staff may do it still, and the
    customer may be looked at."""
    id = _uuid(request.session.get(IN_SESSION))
    if id is None or not staff.is_authenticated:
        return None
    found = Impersonation.objects.select_related("user").filter(pk=id, staff=staff.pk, ended_at=None)
    row = found.filter(ends_at__gt=timezone.now()).first()
    if row is None or not row.user.is_active or row.user.is_staff or not roles.may(staff, Lever.BE_A_CUSTOMER):
        return None
    return row


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text)
    except (TypeError, ValueError, AttributeError):
        return None
