"""The pages of buying: what is on offer, the way to Stripe's page and back, and what became of each purchase.

Nothing here believes the browser: that somebody comes back from Stripe's page says nothing, the rows do.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from . import checkout, purchases, shop
from .checkout import NotBegun
from .models import Account, Purchase, StripeCustomer
from .stripe_values import StripeRefused, StripeUnavailable

logger = logging.getLogger(__name__)
P = ParamSpec("P")
Status = Purchase.Status

ON_A_PAGE = 25
AWAY = (
    "Stripe, which takes the payments, did not answer. Nothing was charged. Your choice is kept: try again in a minute."
)
REFUSED = (
    "Stripe did not accept this. Nothing was charged. The operator of this site can read why; please choose "
    "something else, or try again later."
)


class Member(HttpRequest):
    """A page that somebody who is logged in asks for."""

    user: Any


def page(view: Callable[Concatenate[Member, P], HttpResponse]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For members, kept in no cache: a page that comes back from one would carry a form that was sent already."""

    @never_cache
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return view(cast(Member, request), *args, **kwargs)

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponse], guarded)


def standing(user: Any, wallet: Account) -> dict[str, Any]:
    """What a page says of somebody's plan, debt, and purchases that are under way."""
    enough = shop.enough_for(wallet, shop.packs()) if wallet.debt else None
    return {
        "held": shop.held_by(user),
        "enough": enough,
        "enough_leaves": enough.credits + wallet.available - wallet.debt if enough else 0,
        "waiting": purchases.under_way(user),
        "has_customer": StripeCustomer.objects.filter(user_id=user.pk, deleted_at=None).exists(),
    }


@page
@require_safe
def buy(request: Member) -> HttpResponse:
    return _shop(request)


@page
@require_POST
def begin(request: Member) -> HttpResponse:
    """A button of the shop: on to Stripe's page."""
    try:
        purchase = checkout.begin(
            request.user, what=request.POST.get("what", ""), id=request.POST.get("id", ""),
            wish=request.POST.get("wish", ""),
        )  # fmt: skip
    except NotBegun as refused:
        return _shop(request, problem=str(refused), status=refused.status)
    except (StripeUnavailable, StripeRefused) as error:
        return _shop(request, problem=in_words(error), status=503)
    return _to_stripe(request, purchase)


@page
@require_safe
def purchase_list(request: Member) -> HttpResponse:
    rows: Any = Paginator(purchases.of(request.user), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"rows": rows, "shown": [purchases.shown(row) for row in rows]}
    context |= standing(request.user, _wallet(request))
    return render(request, "billing/purchases.html", context)


@page
@require_safe
def purchase(request: Member, id: UUID) -> HttpResponse:
    """What became of it. Stripe sends people back to it with `?paid` or `?back`."""
    context = _state(request, _own(request, id))
    return render(request, "billing/purchase.html", context)


@page
@require_safe
def state(request: Member, id: UUID) -> HttpResponse:
    """The part of that page which waits, asked for again and again; nothing (204) while nothing has changed."""
    found = _own(request, id)
    if not getattr(request, "htmx", False):
        return redirect("purchase", found.pk)
    context = _state(request, found)
    if request.GET.get("seen") == found.status:
        return HttpResponse(status=204)
    answer = render(request, "billing/purchase_state.html", context)
    answer["HX-Trigger"] = "balance"
    return answer


@page
@require_POST
def go_on(request: Member, id: UUID) -> HttpResponse:
    """Back to Stripe's page, the same one while it is open."""
    return _to_stripe(request, _own(request, id))


@page
@require_POST
def drop(request: Member, id: UUID) -> HttpResponse:
    found = _own(request, id)
    try:
        found = checkout.drop(found)
    except (StripeUnavailable, StripeRefused) as error:
        messages.error(request, in_words(error))
        return redirect("purchase", found.pk)
    if found.status != Status.ABANDONED:
        messages.warning(request, "It could not be dropped any more: below is how it stands.")
        return redirect("purchase", found.pk)
    messages.success(request, "The purchase is dropped. Nothing was charged.")
    return redirect("buy")


@page
@require_POST
def portal(request: Member) -> HttpResponse:
    """On to Stripe's portal: cards, invoices, address, the plan."""
    try:
        return _see(checkout.portal(request.user))
    except (StripeUnavailable, StripeRefused) as error:
        messages.error(request, in_words(error))
        return redirect("billing")


def _to_stripe(request: Member, found: Purchase) -> HttpResponse:
    try:
        address = checkout.pay_at(found)
    except (StripeUnavailable, StripeRefused) as error:
        messages.error(request, in_words(error))
        return redirect("purchase", found.pk)
    return _see(address) if address else redirect("purchase", found.pk)


def _see(address: str) -> HttpResponse:
    """303: whatever the form was sent with, the other page is read."""
    return HttpResponseRedirect(address, status=303)


def in_words(error: Exception) -> str:
    """What Stripe did, for the customer; the operator reads its codes."""
    if isinstance(error, StripeRefused):
        # Not its text: it may have what somebody typed, such as an e-mail address.
        logger.error("stripe refused: code %s, param %s, status %s", error.code, error.param, error.status)
        return REFUSED
    return AWAY


def _own(request: Member, id: UUID) -> Purchase:
    found = purchases.one_of(request.user, id)
    if found is None:
        raise Http404("There is no such purchase.")
    return found


def _state(request: Member, found: Purchase) -> dict[str, Any]:
    """How a purchase stands; while it is under way, Stripe is asked about it too."""
    if found.status in purchases.UNDER_WAY:
        checkout.look_soon(found)
    again = shop.of_purchase(found) if found.status in (Status.FAILED, Status.ABANDONED) else None
    return {
        "shown": purchases.shown(found),
        "wallet": _wallet(request),
        "came_back": next((word for word in ("paid", "back") if word in request.GET), ""),
        "again": again,
        "wish": checkout.new_wish(request.user) if again else "",
    }


def _shop(request: Member, *, problem: str = "", status: int = 200) -> HttpResponse:
    wallet = _wallet(request)
    context = {
        "packs": [(offer, checkout.new_wish(request.user)) for offer in shop.packs()],
        "plans": [(offer, checkout.new_wish(request.user)) for offer in shop.plans()],
        "wallet": wallet,
        **standing(request.user, wallet),
        "tax": settings.STRIPE_TAX,
        "problem": problem,
    }
    return render(request, "billing/buy.html", context, status=status)


def _wallet(request: Member) -> Account:
    return Account.objects.filter(user_id=request.user.pk).first() or Account()
