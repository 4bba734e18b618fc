"""Dangerous acts ask anew who it is: the second factor of a person who has one, else the password.

`@fresh_confirmation` goes around a view. Whoever confirmed within ACCOUNT_REAUTHENTICATION_TIMEOUT in this session
passes; everybody else confirms first, and comes back by GET to the page that they were on. What was posted is not kept
meanwhile: it may hold a password, and nobody's confirmation should carry out a click that was not theirs.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from . import factors

P = ParamSpec("P")


def fresh_confirmation(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Nobody gets the log-in page; who has not confirmed lately is asked to. What is behind is kept in no cache."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if is_stood_in(request):
            raise PermissionDenied("What leads to a secret is the customer's own.")
        if not is_fresh(request):
            return ask(request)
        return view(request, *args, **kwargs)

    return guarded


def fresh_factor(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For a view that asks for the password itself: only who has a second factor confirms, with that."""
    guarded = fresh_confirmation(view)

    @wraps(view)
    def chosen(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        has_factor = request.user.is_authenticated and factors.has_any(request.user)
        return (guarded if has_factor else view)(request, *args, **kwargs)

    return chosen


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person of this session confirmed lately that it is they; never where staff stands in for them."""
    return not is_stood_in(request) and bool(did_recently_reauthenticate(request))


def is_stood_in(request: HttpRequest) -> bool:
    """Whether somebody of the staff looks at the site in the place of `request.user`."""
    return bool(getattr(request, "impersonator", None))


def ask(request: HttpRequest) -> HttpResponseRedirect:
    """Off to the confirmation, and from there back: to this page, or to the one whose form was sent."""
    way = get_adapter(request).get_reauthentication_methods(request.user)[0]
    back = request.get_full_path()
    if request.method not in ("GET", "HEAD"):
        back = _page_before(request) or back
        messages.info(request, "Confirm that it is you. Then press the button once more.")
    return HttpResponseRedirect(f"{way['url']}?{urlencode({'next': back})}")


def _page_before(request: HttpRequest) -> str:
    """The page of ours whose form was sent, where the browser names it."""
    before = urlsplit(request.headers.get("Referer", ""))
    if before.netloc != request.get_host():
        return ""
    return f"{before.path}?{before.query}" if before.query else before.path
