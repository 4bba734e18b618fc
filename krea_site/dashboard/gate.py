"""The door of the dashboard: staff alone, behind a second factor, and each page for the roles that need it.

Nobody gets the log-in page; who is not staff finds nothing there; staff without a second factor is told to set one up;
staff whose session has not shown it within FACTOR_LASTS_S shows it now.
"""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

from csp.decorators import csp_replace
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from accounts import factors
from krea_site.dashboard import acts, roles
from krea_site.dashboard.roles import Lever

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
logger = logging.getLogger(__name__)
FACTOR_LASTS_S: Final = 12 * 3600
SAFE: Final = ("GET", "HEAD", "OPTIONS")
# Unfold's scripts are Alpine's, which compiles what stands in attributes; docs/decisions/0016 says what that costs.
POLICY: Final = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'"],
    "style-src-attr": ["'unsafe-inline'"],
    "form-action": ["'self'"],
}


def turned_away(request: HttpRequest) -> HttpResponseBase | None:
    """What this person gets instead of any page of the dashboard; None for staff that has shown its second factor."""
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not user.is_staff or getattr(request, "impersonator", None):
        raise Http404("This page is for staff.")
    if not factors.has_any(user):
        return render(request, "staff/no_factor.html", status=403)
    if not factors.was_shown(request, within_s=FACTOR_LASTS_S, now=time.time()):
        back = request.get_full_path() if request.method in SAFE else reverse("staff-home")
        way = factors.address_to_show(user)
        return HttpResponseRedirect(f"{way}?{urlencode({'next': back})}")
    return None


def staff(lever: Lever, *, act: Lever | None = None) -> Callable[[Page[P]], Page[P]]:
    """A page of the dashboard that needs `lever`, and `act` for whatever changes something. What it shows is kept in no
    cache; what is POSTed to it must be in the audit log when it went well."""

    def around(view: Page[P]) -> Page[P]:
        @never_cache
        @csp_replace(POLICY)
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if (refusal := turned_away(request)) is not None:
                return refusal
            needed = lever if request.method in SAFE else act or lever
            if not roles.may(request.user, needed):
                return refused(request, needed)
            if any("\0" in text for sent in (request.GET, request.POST) for _, texts in sent.lists() for text in texts):
                raise BadRequest("No text in a database holds a NUL.")
            answer = view(request, *args, **kwargs)
            if request.method not in SAFE and answer.status_code < 400 and not acts.was_told(request):
                raise RuntimeError(f"{request.path} did something that is not in the audit log")
            return answer

        guarded.levers = (lever, act or lever)  # type: ignore[attr-defined]
        return cast(Page[P], guarded)

    return around


def refused(request: HttpRequest, lever: Lever) -> HttpResponse:
    """What staff gets where its role ends: said plainly, and written to the site's log."""
    logger.warning("staff %s was refused %s", request.user.pk, lever.value)
    role = roles.of(request.user)
    known: dict[str, Any] = {"lever": lever.label, "role": role.label if role else None}
    return render(request, "staff/refused.html", known, status=403)
