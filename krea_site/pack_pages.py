"""The staff pages of what is sold: packs and plans, changed after one was shown what the change means."""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing import cents, credits, offering
from billing.models import Pack, Plan, Purchase
from billing.offering import BadWish
from krea_site import reasons
from krea_site.staff_area import staff_only

logger = logging.getLogger(__name__)

FORM = ["GET", "HEAD", "POST"]
FIELDS = ("dollars", "credits", "name")
_PAID = Count("purchases", filter=Q(purchases__status=Purchase.Status.PAID))


@staff_only
@require_safe
def pack_list(request: HttpRequest) -> HttpResponse:
    """What is on offer first, then what is not any more."""
    packs = Pack.objects.annotate(paid=_PAID).order_by("-is_offered", "cents")
    plans = Plan.objects.annotate(paid=_PAID).order_by("-is_offered", "cents")
    known = {"packs": packs, "plans": [(plan, offering.subscribers(plan)) for plan in plans]}
    return render(request, "staff/packs.html", known)


@staff_only
@require_http_methods(FORM)
def add(request: HttpRequest, what: str) -> HttpResponse:
    """A new `pack` or `plan`."""
    if what not in ("pack", "plan"):
        raise Http404("Neither a pack nor a plan.")
    return _form(request, None, is_plan=what == "plan")


@staff_only
@require_http_methods(FORM)
def change(request: HttpRequest, id: UUID) -> HttpResponse:
    sold = _sold(id)
    return _form(request, sold, is_plan=isinstance(sold, Plan))


@staff_only
@require_POST
def offer(request: HttpRequest, id: UUID) -> HttpResponse:
    """Stop offering it, or offer it again."""
    sold, wanted = _sold(id), request.POST.get("is_offered", "")
    if wanted not in ("0", "1"):
        return redirect("staff-packs")
    is_offered = wanted == "1"
    try:
        offering.offer(sold, is_offered=is_offered)
    except BadWish as refused:
        messages.error(request, str(refused))
    else:
        logger.info("%s %s: is_offered=%s by %s", type(sold).__name__, sold.pk, is_offered, reasons.actor(request.user))
        messages.success(request, "It is on offer again." if is_offered else "It is not on offer any more.")
    return redirect("staff-packs")


def _form(request: HttpRequest, sold: Pack | Plan | None, *, is_plan: bool) -> HttpResponse:
    """Typed, then shown what it changes, then done: the second step carries what was typed in the first."""
    if request.method != "POST":
        return _show(request, sold, is_plan=is_plan, typed=_typed(sold))
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    try:
        wish = offering.read(typed, is_plan=is_plan)
        told = offering.changes(sold, wish)
        if not told:
            return _show(request, sold, is_plan=is_plan, typed=typed, told=["Nothing: it is so already."])
        if "confirmed" not in request.POST or "edit" in request.POST:
            return _show(request, sold, is_plan=is_plan, typed=typed, told=told, may="edit" not in request.POST)
        made = offering.carry_out(sold, wish)
    except BadWish as refused:
        return _show(request, sold, is_plan=is_plan, typed=typed, problems=refused.problems)
    logger.info("%s %s: %s by %s", type(made).__name__, made.pk, wish, reasons.actor(request.user))
    messages.success(request, "Saved. " + " ".join(told))
    return redirect("staff-packs")


def _show(
    request: HttpRequest,
    sold: Pack | Plan | None,
    *,
    is_plan: bool,
    typed: Mapping[str, str],
    told: list[str] | None = None,
    may: bool = False,
    problems: Mapping[str, str] = MappingProxyType({}),
) -> HttpResponse:
    known: dict[str, Any] = {
        "sold": sold, "is_plan": is_plan, "typed": typed, "told": told, "may": may, "problems": problems,
    }  # fmt: skip
    return render(request, "staff/pack.html", known, status=422 if problems else 200)


def _typed(sold: Pack | Plan | None) -> dict[str, str]:
    if sold is None:
        return dict.fromkeys(FIELDS, "")
    name = sold.name if isinstance(sold, Plan) else ""
    return {"dollars": cents.show(sold.cents)[1:], "credits": credits.whole(sold.credits), "name": name}


def _sold(id: UUID) -> Pack | Plan:
    found = Pack.objects.filter(pk=id).first() or Plan.objects.filter(pk=id).first()
    if found is None:
        raise Http404("There is no such pack or plan.")
    return found
