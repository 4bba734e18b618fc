"""The staff area: whom its pages are for, and the navigation that they share.

A new page: its address in krea_site/urls.py under `admin/`, its view under `staff_only`, its template on
`staff/base.html`, and one line in PAGES.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from krea_site import attention

P = ParamSpec("P")


@dataclass(frozen=True)
class StaffPage:
    """One entry of the navigation: what it is called, the name of its address, and what one does there."""

    label: str
    url_name: str
    about: str


PAGES = (
    StaffPage("Overview", "staff-home", "Every page of the staff area."),
    StaffPage("Mails", "staff-mails", "What was sent, what waits, and what was given up."),
    StaffPage("Mail hosts", "staff-mail-hosts", "Throw-away addresses, which get no trial credits."),
    StaffPage("Purchases", "staff-purchases", "Every payment, its road, and giving money back."),
    StaffPage("Packs and plans", "staff-packs", "What is sold: prices, credits, and what is on offer."),
    StaffPage("Debts", "staff-debts", "Wallets that owe after a refund or dispute."),
    StaffPage("Stripe", "staff-stripe", "Its events, and whether its records agree with ours."),
    StaffPage("Reports", "staff-reports", "Pictures that somebody complained about."),
    StaffPage("Texts", "staff-texts", "Terms, privacy, refunds, imprint."),
    StaffPage("Components", "staff-components", "Every part of the design, in every state."),
)


def staff_only(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Nobody gets the log-in page; who is not staff finds nothing there. What staff sees is kept in no cache."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.is_staff:
            raise Http404("This page is for staff.")
        return view(request, *args, **kwargs)

    return guarded


@staff_only
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "staff/home.html", {"matters": list(attention.matters())})
