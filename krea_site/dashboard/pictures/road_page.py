"""The page of one generation: its whole road, as a person reads it, and the levers on its images; and the same road for
programs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from billing.credits import show
from generations.models import Generation, Image
from generations.pictures import links
from krea_site import reasons, retries, steering
from krea_site.dashboard import acts, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.pictures import road, road_json
from krea_site.dashboard.roles import Lever
from krea_site.models import StaffAct
from krea_site.steering import Refused

LOOKED_AT_S = 600  # for how long the address of a picture on the page is good
SMALL = "320"
COSTS = ("house", "customer")
SAME = "Nothing was to be done: it was done before, or its images do not stand like that any more."


@staff(Lever.SEE_ROADS)
@require_safe
def generation(request: HttpRequest, id: UUID) -> HttpResponse:
    return _page(request, id)


@staff(Lever.SEE_ROADS)
@require_safe
def as_json(request: HttpRequest, id: UUID) -> HttpResponse:
    """Read by scripts, and pasted into reports of bugs: docs/steering.md says what is in it."""
    told = road_json.of(road.of(_found(id)))
    return JsonResponse(told, json_dumps_params={"indent": 2, "ensure_ascii": False})


@staff(Lever.STEER_PICTURES)
@require_POST
def act(request: HttpRequest, id: UUID) -> HttpResponse:
    """`do` is one of ACTS, `image` the ids of the images that are meant, `why` is kept in the audit log."""
    row, typed, problems = _found(id), request.POST, {}
    what = typed.get("do", "")
    if what not in ACTS:
        problems["do"] = f"do is one of {', '.join(ACTS)}."
    try:
        chosen = {UUID(each) for each in typed.getlist("image")}
    except ValueError:
        chosen = set()
    if not chosen or Image.objects.filter(pk__in=chosen, generation=row).count() != len(chosen):
        problems["images"] = "Tick the images that you mean."
    if what == "retry" and typed.get("cost") not in COSTS:
        problems["cost"] = "Say at whose cost it is drawn again."
    try:
        why = reasons.read(typed.get("why", ""))
    except ValueError as error:
        problems["why"] = str(error)
    if problems:
        return _page(request, id, problems=problems, status=422)
    try:
        with transaction.atomic():
            words = ACTS[what](request, row, chosen, why)
    except Refused as refusal:
        return _page(request, id, problems={"do": str(refusal)}, status=409)
    if words:
        messages.success(request, words)
    else:
        acts.nothing_done(request)
        messages.info(request, SAME)
    return redirect("staff-generation", id)


def _refund(request: HttpRequest, row: Generation, chosen: set[UUID], why: str) -> str:
    outcome = steering.refund(row.pk, chosen, actor=reasons.actor(request.user))
    if not outcome.images:
        return ""
    told = {"images": outcome.images, "credits": show(outcome.amount)}
    _write(request, "pictures.refund", row, chosen, told, why)
    return f"{show(outcome.amount)} credits went back to the customer, for {_images(outcome.images)}."


def _retry(request: HttpRequest, row: Generation, chosen: set[UUID], why: str) -> str:
    at_house_cost = request.POST["cost"] == "house"
    made = retries.retry(row.pk, chosen, at_house_cost=at_house_cost, by=request.user, why=why)
    if not made:
        return ""
    images = sum(each.again.quantity for each in made)
    told = {
        "images": images, "cost": request.POST["cost"], "credits": show(sum(each.amount for each in made)),
        "again": [str(each.again_id) for each in made],
    }  # fmt: skip
    _write(request, "pictures.retry", row, chosen, told, why)
    cost = "our cost" if at_house_cost else "the customer's cost"
    return f"{_images(images)} {'is' if images == 1 else 'are'} drawn again, at {cost}."


def _cancel(request: HttpRequest, row: Generation, chosen: set[UUID], why: str) -> str:
    outcome = steering.cancel(row.pk, chosen)
    if not outcome.images:
        return ""
    _write(request, "pictures.cancel", row, chosen, {"images": outcome.images}, why)
    return f"{_images(outcome.images)}: cancelling was asked for. What waited here is over; fal decides on the rest."


def _ask(request: HttpRequest, row: Generation, chosen: set[UUID], why: str) -> str:
    outcome = steering.ask_now(row.pk, chosen)
    if not outcome.images:
        return ""
    _write(request, "pictures.ask", row, chosen, {"images": outcome.images}, why)
    return f"A worker looks at {_images(outcome.images)} now. Look at this page again in a few seconds."


ACTS: dict[str, Callable[[HttpRequest, Generation, set[UUID], str], str]] = {
    "refund": _refund,
    "retry": _retry,
    "cancel": _cancel,
    "ask": _ask,
}


def _write(
    request: HttpRequest, verb: str, row: Generation, chosen: set[UUID], told: dict[str, Any], why: str
) -> StaffAct:
    places = Image.objects.filter(pk__in=chosen).order_by("index").values_list("index", "status")
    before = {"statuses": {str(index): status for index, status in places}} if verb == "pictures.retry" else {}
    indexes = [index for index, _ in places]
    return acts.write(request, verb, f"generation:{row.pk}", before=before, after={**told, "indexes": indexes}, why=why)


def _page(request: HttpRequest, id: UUID, *, problems: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
    row = _found(id)
    whole = road.of(row)
    allowed = roles.levers_of(request.user)
    sees = Lever.SEE_PICTURES in allowed
    again = [each.row for each in whole.images if each.row.status in retries.AGAIN and not each.retried]
    known: dict[str, Any] = {
        "road": whole, "row": row, "problems": problems or {}, "typed": request.POST,
        "ticked": request.POST.getlist("image"), "longest": reasons.LONGEST,
        "sees_pictures": sees, "may_steer": Lever.STEER_PICTURES in allowed,
        "prompt": row.prompt if sees else "", "pictures": _pictures(whole) if sees else {},
        "again_price": retries.price(row, again) if not row.erased_at else None, "again": len(again),
        "refundable": sum(each.row.price for each in whole.refundable),
    }  # fmt: skip
    return render(request, "staff/generations/generation.html", known, status=status)


def _pictures(whole: road.Road) -> dict[UUID, str]:
    """Signed addresses of small pictures, by image."""
    there = [each.row for each in whole.images if each.row.name and not each.row.erased_at]
    return {
        row.pk: links.address(row.variants.get(SMALL, {}).get("name") or row.name, seconds=LOOKED_AT_S) for row in there
    }


def _found(id: UUID) -> Generation:
    return get_object_or_404(Generation.objects.select_related("user"), pk=id)


def _images(number: int) -> str:
    return f"{number} image{'' if number == 1 else 's'}"
