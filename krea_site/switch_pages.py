"""The staff pages of what can be switched off: image models, sending to fal, taking orders; and the notice to all."""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from generations import catalogue, switches
from generations.models import Announcement, Switch
from krea_site import reasons
from krea_site.dashboard import acts, announcing, moments, switching
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.dashboard.switching import BadWish

logger = logging.getLogger(__name__)
FORM = ["GET", "HEAD", "POST"]
OF_SITE = {name.removeprefix("site:"): name for name in switches.OF_THE_SITE}
FIELDS = ("state", "notice", "waits", "why", "seen")
MEANWHILE = "Somebody else switched it meanwhile. Nothing was changed by you; look at how it stands now."
LISTED = 20  # notices of the past


@staff(Lever.SWITCH)
@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    """Every image model, whether it is on, and what waits for it."""
    rows = Switch.objects.in_bulk([each.id for each in catalogue.all()])
    told = [(each, rows.get(each.id), switching.waiting(each.id)) for each in catalogue.all()]
    return render(request, "staff/models.html", {"models": told})


@staff(Lever.SWITCH)
@require_http_methods(FORM)
def model(request: HttpRequest, id: str) -> HttpResponse:
    """One image model on or off, after it was shown what that changes."""
    try:
        return _form(request, catalogue.get(id).id, "staff-models")
    except catalogue.UnknownImageModel as unknown:
        raise Http404(str(unknown)) from unknown


@staff(Lever.SWITCH)
@require_safe
def switch_list(request: HttpRequest) -> HttpResponse:
    """The switches of the whole site, and its notices."""
    told = [
        (what, switching.NAMES[name], switches.find(name), switching.waiting(name)) for what, name in OF_SITE.items()
    ]
    known = {
        "switches": told,
        "coming": Announcement.objects.filter(ended_at=None, ends_at__gt=timezone.now()).order_by("starts_at"),
        "past": Announcement.objects.order_by("-pk")[:LISTED],
        "now": timezone.now(),
    }
    return render(request, "staff/switches.html", known)


@staff(Lever.SWITCH)
@require_http_methods(FORM)
def switch(request: HttpRequest, what: str) -> HttpResponse:
    if what not in OF_SITE:
        raise Http404(f"There is no such switch; there are {', '.join(OF_SITE)}.")
    return _form(request, OF_SITE[what], "staff-switches")


@staff(Lever.SWITCH)
@require_http_methods(FORM)
def announce(request: HttpRequest) -> HttpResponse:
    """A notice to everybody: typed, then seen as it will look, then shown."""
    if request.method != "POST":
        return _announcing(request, dict.fromkeys(announcing.FIELDS, ""))
    typed = {name: request.POST.get(name, "") for name in announcing.FIELDS}
    try:
        wish = announcing.read(typed)
    except BadWish as bad:
        return _announcing(request, typed, problems=bad.problems)
    if "confirmed" not in request.POST or "edit" in request.POST:
        acts.nothing_done(request)
        if "edit" in request.POST:
            return _announcing(request, typed)
        return _announcing(request, typed | {"starts_at": moments.typed(wish.starts_at)}, wish=wish)
    if announcing.carry_out(request, wish):
        messages.success(request, f"It is shown from {moments.in_words(wish.starts_at)} on every page.")
    else:
        messages.info(request, "It is there already.")
    return redirect("staff-switches")


@staff(Lever.SWITCH)
@require_http_methods(FORM)
def announcement(request: HttpRequest, id: int) -> HttpResponse:
    """One notice, and taking it away before its time."""
    row = get_object_or_404(Announcement, pk=id)
    if request.method != "POST":
        return render(request, "staff/announcement.html", {"row": row, "now": timezone.now()})
    try:
        why = reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        known = {"row": row, "now": timezone.now(), "problem": str(error), "why": request.POST.get("why", "")}
        return render(request, "staff/announcement.html", known, status=422)
    if announcing.take_away(request, row, why):
        messages.success(request, "The notice is not shown any more.")
    else:
        messages.info(request, "It was over already.")
    return redirect("staff-switches")


def _form(request: HttpRequest, name: str, way_back: str) -> HttpResponse:
    """Typed, then shown what it changes, then done: the second step carries what was typed in the first."""
    stands = switches.find(name)
    if request.method != "POST":
        return _show(request, stands, way_back, _typed(stands))
    typed = {field: request.POST.get(field, "") for field in FIELDS}
    try:
        wish = switching.read(name, typed)
    except BadWish as bad:
        return _show(request, stands, way_back, typed, problems=bad.problems)
    told = switching.changes(wish, stands)
    if "confirmed" not in request.POST or "edit" in request.POST:
        acts.nothing_done(request)
        is_back = "edit" in request.POST
        nothing = "" if told or is_back else "Nothing: it is so already."
        return _show(request, stands, way_back, typed, told=[] if is_back else told, note=nothing)
    try:
        is_new = switching.carry_out(request, wish)
    except switches.ChangedMeanwhile:
        return _show(request, stands, way_back, _typed(stands) | {"why": wish.why}, note=MEANWHILE, status=409)
    logger.info("%s: is_off=%s by %s", name, wish.is_off, reasons.actor(request.user))
    words = f"{switching.name_of(name)} is {'off' if wish.is_off else 'on'}"
    messages.success(request, f"{words} now." if is_new else f"{words} already.")
    return redirect(way_back)


def _show(
    request: HttpRequest,
    stands: Switch,
    way_back: str,
    typed: Mapping[str, str],
    *,
    told: list[str] | None = None,
    problems: Mapping[str, str] = MappingProxyType({}),
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    known: dict[str, Any] = {
        "stands": stands, "name": switching.name_of(stands.name), "is_model": stands.name not in switches.OF_THE_SITE,
        "way_back": way_back, "typed": typed, "told": told, "problems": problems, "note": note,
        "waiting": switching.waiting(stands.name), "longest": reasons.LONGEST,
        "longest_notice": switching.LONGEST_NOTICE, "usual": _usual(stands.name),
    }  # fmt: skip
    return render(request, "staff/switch.html", known, status=422 if problems else status)


def _typed(stands: Switch) -> dict[str, str]:
    """The form as it is opened: the other way round is what one has come for."""
    return {
        "state": "off" if stands.off_at else "on", "notice": stands.notice,
        "waits": "give_back" if stands.gives_back else "go_on", "why": "", "seen": str(stands.version),
    }  # fmt: skip


def _usual(name: str) -> str:
    """What customers read where no notice is written."""
    said = switches.Known({name: ""}).refusal(name)
    return said.notice if said else "Drawing is paused for a while, and orders wait in their places."


def _announcing(
    request: HttpRequest,
    typed: Mapping[str, str],
    *,
    wish: announcing.Wish | None = None,
    problems: Mapping[str, str] = MappingProxyType({}),
) -> HttpResponse:
    known = {
        "typed": typed, "wish": wish, "problems": problems, "longest": reasons.LONGEST,
        "longest_text": announcing.LONGEST,
    }  # fmt: skip
    return render(request, "staff/announce.html", known, status=422 if problems else 200)
