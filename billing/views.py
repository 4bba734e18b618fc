"""The pages of money: the balance, one's own ceilings, and the statement of every movement."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from . import ceilings, filters, shop_pages, spending, statement
from .credits import show
from .filters import EVERYTHING, BadFilter
from .models import Account, Hold, Period
from .statement import KINDS

MOST_HOLDS = 10  # shown; the rest is counted


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What is there, what is held and for what, what is owed, one's ceilings, and every movement in words."""
    return _page(request)


@login_required
@require_POST
def ceiling(request: HttpRequest) -> HttpResponse:
    """Set, change or remove one's own ceiling of a day or a month."""
    if request.POST.get("period") not in Period.values:
        return HttpResponseBadRequest("There is no such ceiling.")
    period = Period(request.POST["period"])
    typed = "" if "remove" in request.POST else request.POST.get("limit", "")
    try:
        limit = ceilings.change(cast(Any, request.user), period, typed)
    except ValueError as error:
        return _page(request, refused={period: (typed, str(error))}, status=422)
    name = {Period.DAY: "daily", Period.MONTH: "monthly"}[period]
    said = f"There is no {name} ceiling any more." if limit is None else f"The {name} ceiling is {show(limit)} credits."
    messages.success(request, said)
    return redirect(f"{reverse('billing')}#ceilings")


@never_cache
@require_safe
def balance(request: HttpRequest) -> HttpResponse:
    """The balance in the head of every page; nothing for whoever is not logged in."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    return render(request, "billing/balance.html", {"wallet": _wallet(request) or Account()})


def _page(
    request: HttpRequest, *, refused: Mapping[Period, tuple[str, str]] | None = None, status: int = 200
) -> HttpResponse:
    wallet, today = _wallet(request), timezone.now().astimezone(UTC).date()
    chosen, problems = EVERYTHING, {}
    try:
        chosen = filters.read(request.GET.dict())
    except BadFilter as bad:
        problems, status = dict(bad.problems), 400
    listed = None if problems else wallet  # what cannot be understood lists nothing, rather than something else
    asked = request.GET
    context = {
        "wallet": wallet or Account(),
        **shop_pages.standing(request.user, wallet or Account()),
        "holds": _holds(wallet),
        "meters": ceilings.meters(wallet or Account(), today=today, refused=refused),
        "chart": spending.chart(wallet, chosen, today=today),
        "kinds": KINDS.items(),
        "kind": KINDS.get(cast(Any, chosen.kind), ""),
        "presets": filters.presets(today, chosen.kind),
        "chosen": chosen,
        "typed": asked if problems else {"from": chosen.first, "to": chosen.last},
        "problems": problems,
        "page": statement.page(listed, chosen, cursor=asked.get("cursor", ""), before=asked.get("before", "")),
        "totals": statement.totals(listed, chosen) if listed else None,
    }
    return render(request, "billing/statement.html", context, status=status)


def _holds(wallet: Account | None) -> dict[str, Any]:
    """What is set aside: the newest of it, each with its generation, and how many more there are."""
    if wallet is None or not wallet.held:
        return {}
    rows = Hold.objects.filter(wallet=wallet, settled_at=None).order_by("-id")
    shown = list(rows[: MOST_HOLDS + 1])
    more = rows.count() - MOST_HOLDS if len(shown) > MOST_HOLDS else 0
    return {"shown": [(hold, statement.generation_of(hold.key)) for hold in shown[:MOST_HOLDS]], "more": more}


def _wallet(request: Any) -> Account | None:
    """The wallet, if anything was ever moved: a page that only shows makes none."""
    return Account.objects.filter(user_id=request.user.pk).first()
