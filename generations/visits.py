"""What the pages of generations have in common: who is asking, and whether by htmx."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

P = ParamSpec("P")


class Visit(HttpRequest):
    """A page that somebody who is logged in asks for."""

    user: Any
    htmx: HtmxDetails


def page(view: Callable[Concatenate[Visit, P], HttpResponse]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For pages of one's own: a visitor who is not logged in is sent to log in, and a part of a page that htmx asks for
    is answered with a notice instead, so that what was typed stays where it is. Such parts are kept in no cache."""
    for_members = login_required(cast(Callable[..., HttpResponse], view))

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        is_part = bool(getattr(request, "htmx", False))
        if is_part and not request.user.is_authenticated:
            answer = render(request, "studio/logged_out.html", status=401)
            answer["HX-Retarget"], answer["HX-Reswap"] = "#notices", "innerHTML"
        else:
            answer = for_members(request, *args, **kwargs)
        patch_vary_headers(answer, ["HX-Request"])
        if is_part:
            answer["Cache-Control"] = "no-store"
        return answer

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponse], wrapped)
