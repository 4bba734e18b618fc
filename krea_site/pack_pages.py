"""The staff pages of what is sold: packs and plans, changed at once or from a moment on, after one was shown what the
change means."""

import logging
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from billing import cents, credits, offering, planned
from billing.models import Pack, Plan, PlannedOffer, Purchase
from billing.offering import BadWish, ChangedMeanwhile, Wish
from krea_site import reasons
from krea_site.dashboard import acts, moments
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever

logger = logging.getLogger(__name__)

FORM = ["GET", "HEAD", "POST"]
FIELDS = ("dollars", "credits", "name", "holds_from", "why", "seen")
MEANWHILE = "Somebody else changed it meanwhile. Nothing was changed by you; look at how it stands now."
LISTED = 50
OPEN = {"done_at": None, "withdrawn_at": None}
_PAID = Count("purchases", filter=Q(purchases__status=Purchase.Status.PAID))


@staff(Lever.SET_PRICES)
@require_safe
def pack_list(request: HttpRequest) -> HttpResponse:
    """What is on offer first, then what is not any more; and what is planned."""
    planned.bring_in()
    packs = Pack.objects.annotate(paid=_PAID).order_by("-is_offered", "cents")
    plans = Plan.objects.annotate(paid=_PAID).order_by("-is_offered", "cents")
    rows = PlannedOffer.objects.select_related("pack", "plan")
    known = {
        "packs": packs, "plans": [(plan, offering.subscribers(plan)) for plan in plans],
        "planned": [(row, _words_of(row)) for row in rows.filter(**OPEN).order_by("holds_from")],
        "past": [(row, _words_of(row)) for row in rows.exclude(**OPEN).order_by("-pk")[:LISTED]],
    }  # fmt: skip
    return render(request, "staff/packs.html", known)


@staff(Lever.SET_PRICES)
@require_http_methods(FORM)
def add(request: HttpRequest, what: str) -> HttpResponse:
    """A new `pack` or `plan`."""
    if what not in ("pack", "plan"):
        raise Http404("Neither a pack nor a plan.")
    return _form(request, None, is_plan=what == "plan")


@staff(Lever.SET_PRICES)
@require_http_methods(FORM)
def change(request: HttpRequest, id: UUID) -> HttpResponse:
    sold = _sold(id)
    return _form(request, sold, is_plan=isinstance(sold, Plan))


@staff(Lever.SET_PRICES)
@require_http_methods(FORM)
def offer(request: HttpRequest, id: UUID) -> HttpResponse:
    """Stop offering it, or offer it again: the page says what that means, and its button does it."""
    sold = _sold(id)
    if request.method != "POST":
        return _offer(request, sold, {})
    typed = {name: request.POST.get(name, "") for name in ("is_offered", "holds_from", "why")}
    try:
        at, why = _when_and_why(typed)
        if typed["is_offered"] not in ("0", "1"):
            raise BadWish({"is_offered": "Choose to offer it or to stop offering it."})
        is_offered = typed["is_offered"] == "1"
        words = _put(request, sold, None, is_offered=is_offered, at=at, why=why)
    except BadWish as bad:
        return _offer(request, sold, typed, bad.problems)
    messages.success(request, words or "It is so already.")
    return redirect("staff-packs")


@staff(Lever.SET_PRICES)
@require_http_methods(FORM)
def plan_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A change that is planned, and withdrawing it."""
    row = get_object_or_404(PlannedOffer.objects.select_related("pack", "plan"), pk=id)
    known: dict[str, Any] = {"row": row, "words": _words_of(row), "now": timezone.now(), "longest": reasons.LONGEST}
    if request.method != "POST":
        return render(request, "staff/pack_planned.html", known | {"typed": {}})
    try:
        why = reasons.read(request.POST.get("why", ""))
        with transaction.atomic():
            if planned.withdraw(row):
                acts.write(request, "packs.withdraw", f"planned:{row.pk}", before=_told_planned(row), why=why)
                messages.success(request, "It was withdrawn: nothing changes at that moment.")
            else:
                acts.nothing_done(request)
                messages.info(request, "It was withdrawn before.")
    except ValueError as error:
        known |= {"typed": {"why": request.POST.get("why", "")}, "problems": {"why": str(error)}}
        return render(request, "staff/pack_planned.html", known, status=422)
    except planned.TooLate:
        acts.nothing_done(request)
        messages.error(request, "It has been carried out, so it cannot be withdrawn. Change it back instead.")
    return redirect("staff-packs")


def _form(request: HttpRequest, sold: Pack | Plan | None, *, is_plan: bool) -> HttpResponse:
    """Typed, then shown what it changes, then done: the second step carries what was typed in the first."""
    if request.method != "POST":
        return _show(request, sold, is_plan=is_plan, typed=_typed(sold))
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    try:
        wish, at, why = _wished(typed, is_plan=is_plan)
        told = offering.changes(sold, wish)
        if not told:
            acts.nothing_done(request)
            return _show(request, sold, is_plan=is_plan, typed=typed, told=["Nothing: it is so already."])
        told = [f"It holds from {moments.in_words(at)}." if at else "It holds at once.", *told]
        if "confirmed" not in request.POST or "edit" in request.POST:
            acts.nothing_done(request)
            return _show(request, sold, is_plan=is_plan, typed=typed, told=told, may="edit" not in request.POST)
        words = _put(request, sold, wish, at=at, why=why, shown=typed["seen"])
    except BadWish as refused:
        return _show(request, sold, is_plan=is_plan, typed=typed, problems=refused.problems)
    except ChangedMeanwhile:
        fresh = _sold(sold.pk) if sold else None
        return _show(request, fresh, is_plan=is_plan, typed=_typed(fresh), note=MEANWHILE, status=409)
    messages.success(request, words + " ".join(told) if words else "It is so already.")
    return redirect("staff-packs")


def _put(
    request: HttpRequest,
    sold: Pack | Plan | None,
    wish: Wish | None,
    *,
    is_offered: bool | None = None,
    at: datetime | None,
    why: str,
    shown: str | None = None,
) -> str:
    """Do it now, or plan it, with its line in the audit log: what to say; empty where it was so already."""
    is_plan = wish.is_plan if wish else isinstance(sold, Plan)
    with transaction.atomic():
        before = _told(sold) if sold else {}
        if at is not None:
            row = planned.plan(sold, wish=wish, is_offered=is_offered, is_plan=is_plan, at=at, shown=shown)
            subject, after, verb = f"planned:{row.pk if row else ''}", _told_planned(row) if row else {}, "packs.plan"
            is_done, words = row is not None, "Planned. "
        elif wish is not None:
            made = offering.carry_out(sold, wish, shown=shown)
            subject, after, verb = _subject(made or sold), _told(made) if made else {}, "packs.set"
            is_done, words = made is not None, "Saved. "
        else:
            assert sold is not None and is_offered is not None
            is_done = offering.offer(sold, is_offered=is_offered)
            subject, after, verb = _subject(sold), before | {"is_offered": is_offered}, "packs.offer"
            words = "It is on offer again." if is_offered else "It is not on offer any more."
        if not is_done:
            acts.nothing_done(request)
            return ""
        acts.write(request, verb, subject, before=before, after=after, why=why)
    logger.info("%s: %s by %s", subject, after, reasons.actor(request.user))
    return words


def _wished(typed: Mapping[str, str], *, is_plan: bool) -> tuple[Wish, datetime | None, str]:
    """All that is wrong with the form at once. Raises BadWish."""
    problems: dict[str, str] = {}
    wish, at, why = None, None, ""
    try:
        wish = offering.read(typed, is_plan=is_plan)
    except BadWish as bad:
        problems |= bad.problems
    try:
        at, why = _when_and_why(typed)
    except BadWish as bad:
        problems |= bad.problems
    if problems or wish is None:
        raise BadWish(problems)
    return wish, at, why


def _when_and_why(typed: Mapping[str, str]) -> tuple[datetime | None, str]:
    """No moment: at once. Raises BadWish."""
    problems: dict[str, str] = {}
    at, why, now = None, "", timezone.now()
    try:
        at = moments.read(typed["holds_from"])
    except ValueError as error:
        problems["holds_from"] = str(error)
    if at is not None and not now + planned.LEAST_AHEAD <= at <= now + planned.LATEST:
        problems["holds_from"] = "A moment that is still to come, within a year; or none, for at once."
    try:
        why = reasons.read(typed["why"])
    except ValueError as error:
        problems["why"] = str(error)
    if problems:
        raise BadWish(problems)
    return at, why


def _show(
    request: HttpRequest,
    sold: Pack | Plan | None,
    *,
    is_plan: bool,
    typed: Mapping[str, str],
    told: list[str] | None = None,
    may: bool = False,
    problems: Mapping[str, str] = MappingProxyType({}),
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    known: dict[str, Any] = {
        "sold": sold, "is_plan": is_plan, "typed": typed, "told": told, "may": may, "problems": problems,
        "note": note, "longest": reasons.LONGEST,
    }  # fmt: skip
    return render(request, "staff/pack.html", known, status=422 if problems else status)


def _offer(
    request: HttpRequest,
    sold: Pack | Plan,
    typed: Mapping[str, str],
    problems: Mapping[str, str] = MappingProxyType({}),
) -> HttpResponse:
    kept = offering.subscribers(sold) if isinstance(sold, Plan) else 0
    known: dict[str, Any] = {
        "sold": sold, "is_plan": isinstance(sold, Plan), "typed": typed, "problems": problems, "kept": kept,
        "longest": reasons.LONGEST,
    }  # fmt: skip
    return render(request, "staff/pack_offer.html", known, status=422 if problems else 200)


def _typed(sold: Pack | Plan | None) -> dict[str, str]:
    blank = dict.fromkeys(FIELDS, "") | {"seen": offering.standing(sold)}
    if sold is None:
        return blank
    name = sold.name if isinstance(sold, Plan) else ""
    return blank | {"dollars": cents.show(sold.cents)[1:], "credits": credits.whole(sold.credits), "name": name}


def _told(sold: Pack | Plan) -> dict[str, Any]:
    told = {"price": cents.show(sold.cents), "credits": credits.show(sold.credits), "is_offered": sold.is_offered}
    return told | ({"name": sold.name} if isinstance(sold, Plan) else {})


def _told_planned(row: PlannedOffer) -> dict[str, Any]:
    sold = row.plan or row.pack
    return {"of": _subject(sold) if sold else "new", "holds_from": row.holds_from.isoformat(), "change": _words_of(row)}


def _subject(sold: Pack | Plan | None) -> str:
    return f"{'plan' if isinstance(sold, Plan) else 'pack'}:{sold.pk if sold else ''}"


def _words_of(row: PlannedOffer) -> str:
    """What a planned change brings, in words."""
    sold, kind = row.plan or row.pack, "plan" if row.is_plan else "pack"
    old = cents.show(sold.cents) if sold else ""
    if row.is_offered is not None:
        return f"The {kind} at {old} {'is offered' if row.is_offered else 'is not offered'}"
    new = f"{row.name + ', ' if row.name else ''}{cents.show(row.cents)} for {credits.whole(row.credits)} credits"
    return f"The {kind} at {old} becomes {new}" if sold else f"A new {kind}: {new}"


def _sold(id: UUID) -> Pack | Plan:
    """As it stands with what is due by now, which would else undo what is done here."""
    planned.bring_in()
    found = Pack.objects.filter(pk=id).first() or Plan.objects.filter(pk=id).first()
    if found is None:
        raise Http404("There is no such pack or plan.")
    return found
