"""The staff pages of prices: what holds, what comes and what was; a new one, seen before it is saved."""

import logging
from collections.abc import Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from billing import credits, repricing
from billing.models import Price
from billing.offering import BadWish
from generations import catalogue
from krea_site import reasons
from krea_site.dashboard import acts, moments, pricing
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever

logger = logging.getLogger(__name__)
FORM = ["GET", "HEAD", "POST"]
FIELDS = ("credits", "dollars", "holds_from", "why", "seen")
SOON_S = 120  # "at once": so long after the preview, which has to be read
LISTED = 50
MEANWHILE = "Somebody else changed the prices of this item meanwhile. Nothing was changed by you; look at them now."
PASSED = "The moment has passed while this was looked at. Nothing was changed; look at it again with a new one."


@staff(Lever.SET_PRICES)
@require_safe
def price_list(request: HttpRequest) -> HttpResponse:
    """Every price item: what holds now, and what comes."""
    now = timezone.now()
    told = [(image_model, _rows(image_model, now), pricing.now(image_model)) for image_model in catalogue.all()]
    return render(request, "staff/prices.html", {"models": told})


@staff(Lever.SET_PRICES)
@require_http_methods(FORM)
def price(request: HttpRequest, item: str) -> HttpResponse:
    """One price item, with its past and what comes; a new price is typed, shown with what it means, and saved."""
    if item not in pricing.items() or not Price.objects.filter(item=item).exists():
        raise Http404("There is no such price item.")
    if request.method != "POST":
        return _show(request, item, _typed(item))
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    is_sure = "confirmed" in request.POST and "edit" not in request.POST
    try:
        new = _read(item, typed, is_sure=is_sure)
    except BadWish as bad:
        return _show(request, item, typed, problems=bad.problems)
    if not is_sure:
        acts.nothing_done(request)
        if "edit" in request.POST:
            return _show(request, item, typed)
        return _show(request, item, typed | {"holds_from": moments.typed(new.holds_from)}, new=new)
    try:
        made = _save(request, new, typed)
    except BadWish as bad:
        return _show(request, item, typed, problems=bad.problems)
    except repricing.ChangedMeanwhile:
        return _show(request, item, _typed(item), note=MEANWHILE, status=409)
    except repricing.TooLate:
        return _show(request, item, typed | {"holds_from": ""}, note=PASSED, status=409)
    words = f"{item} costs {credits.show(new.amount)} credits from {moments.in_words(new.holds_from)} on."
    messages.success(request, words if made else f"It was saved before: {words}")
    return redirect("staff-price", item)


@staff(Lever.SET_PRICES)
@require_http_methods(FORM)
def withdraw(request: HttpRequest, item: str, id: int) -> HttpResponse:
    """Take back a price that has not begun. Its row stays, marked."""
    row = get_object_or_404(Price, pk=id, item=item)
    known: dict[str, Any] = {"row": row, "item": item, "now": timezone.now(), "longest": reasons.LONGEST}
    if request.method != "POST":
        return render(request, "staff/price_withdraw.html", known | {"typed": {}})
    try:
        why = reasons.read(request.POST.get("why", ""))
        with transaction.atomic():
            if repricing.withdraw(row):
                acts.write(request, "prices.withdraw", f"price:{row.pk}", before=_told(row), why=why)
                messages.success(request, "It was withdrawn, and never held.")
            else:
                acts.nothing_done(request)
                messages.info(request, "It was withdrawn before.")
    except ValueError as error:
        problems = {"why": str(error)}
        known |= {"typed": {"why": request.POST.get("why", "")}, "problems": problems}
        return render(request, "staff/price_withdraw.html", known, status=422)
    except repricing.TooLate:
        messages.error(request, "It has begun, or does at this moment, so it cannot be withdrawn. Set another price.")
        acts.nothing_done(request)
    return redirect("staff-price", item)


def _read(item: str, typed: Mapping[str, str], *, is_sure: bool) -> repricing.NewPrice:
    """Raises BadWish. An empty moment is soon; one that was fixed by the preview is checked when it is saved."""
    problems: dict[str, str] = {}
    moment = None
    try:
        moment = moments.read(typed["holds_from"])
    except ValueError as error:
        problems["holds_from"] = str(error)
    try:
        reasons.read(typed["why"])
    except ValueError as error:
        problems["why"] = str(error)
    ahead = moments.soon(SOON_S)
    is_passed = is_sure and moment is not None and moment < timezone.now() + repricing.LEAST_AHEAD
    try:
        new = repricing.read(item, typed, ahead if moment is None or is_passed else moment)
    except BadWish as bad:
        problems = {**bad.problems, **problems}
    if problems:
        raise BadWish(problems)
    return repricing.NewPrice(new.item, new.amount, new.cost_microusd, moment) if is_passed and moment else new


def _save(request: HttpRequest, new: repricing.NewPrice, typed: Mapping[str, str]) -> bool:
    """The row and its line in the audit log; False where the very same one was there."""
    with transaction.atomic():
        image_model = pricing.model_of(new.item)
        before = pricing.rows_at(image_model, new.holds_from).get(new.item) if image_model else None
        made = repricing.add(new, shown=typed["seen"])
        if made is None:
            acts.nothing_done(request)
            return False
        why = reasons.read(typed["why"])
        told = _told(before) if before else {}
        acts.write(request, "prices.set", f"price:{new.item}", before=told, after=_told(made), why=why)
    logger.info("price %s of %s from %s by %s", made.pk, new.item, new.holds_from, reasons.actor(request.user))
    return True


def _told(row: Price) -> dict[str, Any]:
    return {
        "item": row.item, "credits": credits.show(row.amount), "dollars": repricing.show_dollars(row.cost_microusd),
        "holds_from": row.holds_from.astimezone(UTC).isoformat(),
    }  # fmt: skip


def _show(
    request: HttpRequest,
    item: str,
    typed: Mapping[str, str],
    *,
    new: repricing.NewPrice | None = None,
    problems: Mapping[str, str] = MappingProxyType({}),
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    now, rows = timezone.now(), Price.objects.filter(item=item)
    lines = pricing.preview(new) if new else []
    known: dict[str, Any] = {
        "item": item, "image_model": pricing.model_of(item), "typed": typed, "new": new, "lines": lines,
        "warnings": pricing.warnings(new, lines) if new else [], "problems": problems, "note": note,
        "holds": rows.filter(withdrawn_at=None, holds_from__lte=now).order_by("holds_from").last(),
        "coming": rows.filter(withdrawn_at=None, holds_from__gt=now).order_by("holds_from"),
        "past": rows.order_by("-holds_from", "-pk")[:LISTED], "now": now, "longest": reasons.LONGEST,
    }  # fmt: skip
    return render(request, "staff/price.html", known, status=422 if problems else status)


def _typed(item: str) -> dict[str, str]:
    """The form as it is opened: the newest price there is."""
    last = Price.objects.filter(item=item, withdrawn_at=None).order_by("holds_from").last()
    return {
        "credits": credits.show(last.amount) if last else "",
        "dollars": repricing.show_dollars(last.cost_microusd)[1:] if last else "",
        "holds_from": "", "why": "", "seen": repricing.seen(item),
    }  # fmt: skip


def _rows(image_model: catalogue.ImageModel, now: Any) -> list[tuple[str, Price | None, list[Price]]]:
    holds = pricing.rows_at(image_model, now)
    coming = Price.objects.filter(withdrawn_at=None, holds_from__gt=now).order_by("holds_from")
    return [(name, holds.get(name), list(coming.filter(item=name))) for name in image_model.price_item_names]
