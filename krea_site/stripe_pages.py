"""Stripe's events, for staff: what came, how it was handled, and what of it to repeat; and how Stripe is kept right."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from billing import reconcile, stripe_events
from billing.models import Purchase, Reversal, StripeEvent
from krea_site.dashboard import acts, moments, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import CheckOrder

ON_A_PAGE = 50
WAITING = Q(handled_at=None, due_at__isnull=False)
FAILED = Q(handled_at=None, due_at=None)
STATES = {"waiting": WAITING, "failed": FAILED, "handled": Q(handled_at__isnull=False)}
LATELY = timedelta(days=1)
OVERDUE = timedelta(hours=36)  # since the last comparison, which happens each night
LONGEST_ID = 255


@staff(Lever.SEE_MONEY)
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Newest first; `type`, `state`, `q` for the id of an event or of its object, `since` and `until` (excluded) for
    when it arrived, and `before` for older ones."""
    asked = {name: request.GET.get(name, "").strip() for name in ("type", "state", "q", "since", "until")}
    rows = list(_before(_found(asked), request.GET.get("before"))[: ON_A_PAGE + 1])
    following = rows[ON_A_PAGE - 1] if len(rows) > ON_A_PAGE else None
    last_run = reconcile.newest()
    if last_run is not None:
        last_run.findings.sort(key=lambda each: bool(each["is_mended"]))
    is_overdue = last_run is not None and last_run.began_at < timezone.now() - OVERDUE
    known = {
        "events": rows[:ON_A_PAGE], "asked": asked, "states": STATES, "types": sorted(stripe_events.HANDLERS),
        "query": urlencode({name: word for name, word in asked.items() if word}),
        "following": following, "counted": _counted(), "last_run": last_run, "is_overdue": is_overdue,
        "order": CheckOrder.objects.filter(kind=CheckOrder.Kind.STRIPE).first(),
        "may_move": roles.may(request.user, Lever.MOVE_MONEY),
    }  # fmt: skip
    return render(request, "staff/stripe_events.html", known)


@staff(Lever.SEE_MONEY)
@require_safe
def event(request: HttpRequest, id: str) -> HttpResponse:
    row = get_object_or_404(StripeEvent, pk=id)
    may_move = roles.may(request.user, Lever.MOVE_MONEY)
    known = {"event": row, "purchase": purchase_of(row.object_id), "may_move": may_move}
    return render(request, "staff/stripe_event.html", known)


@staff(Lever.MOVE_MONEY)
@require_POST
def repeat(request: HttpRequest, id: str) -> HttpResponse:
    row = get_object_or_404(StripeEvent, pk=id)
    with transaction.atomic():
        stripe_events.repeat(row)
        acts.write(
            request, "stripe_event.repeat", f"stripe_event:{row.pk}",
            before={"handled": row.handled_at is not None, "tries": row.tries}, after={"handled": False, "tries": 0},
        )  # fmt: skip
    messages.success(request, "It is being handled. What was done already is not done again.")
    return redirect("staff-stripe-event", id)


def purchase_of(stripe_id: str) -> Purchase | None:
    """The purchase that an object of Stripe's belongs to, where its id alone says so."""
    if not stripe_id:
        return None
    own = Q(payment=stripe_id) | Q(session=stripe_id) | Q(invoice=stripe_id)
    row = Purchase.objects.filter(own).first()
    if row is None and (reversal := Reversal.objects.select_related("purchase").filter(stripe_id=stripe_id).first()):
        return reversal.purchase
    return row


def _counted() -> dict[str, int]:
    return {
        "waiting": StripeEvent.objects.filter(WAITING).count(),
        "failed": StripeEvent.objects.filter(FAILED).count(),
        "lately": StripeEvent.objects.filter(received_at__gte=timezone.now() - LATELY).count(),
    }


def _found(asked: dict[str, str]) -> "QuerySet[StripeEvent]":
    rows = StripeEvent.objects.order_by("-received_at", "-pk")
    if asked["state"]:
        if asked["state"] not in STATES:
            raise Http404("There is no such state.")
        rows = rows.filter(STATES[asked["state"]])
    for name, lookup in (("since", "received_at__gte"), ("until", "received_at__lt")):
        if asked[name]:
            rows = rows.filter(**{lookup: _moment(asked[name])})
    if asked["type"]:
        rows = rows.filter(type=asked["type"])
    if wanted := asked["q"][:LONGEST_ID]:
        rows = rows.filter(Q(pk=wanted) | Q(object_id=wanted))
    return rows


def _moment(text: str) -> datetime | None:
    try:
        return moments.read(text)
    except ValueError:
        raise Http404("There is no such time.") from None


def _before(rows: "QuerySet[StripeEvent]", cursor: str | None) -> "QuerySet[StripeEvent]":
    """`cursor` is the last row's moment and id, with a comma between: ids of events are in no order."""
    if not cursor:
        return rows
    at_text, _, id = cursor.partition(",")
    try:
        at = parse_datetime(at_text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Http404("There is no such page.")
    return rows.filter(Q(received_at__lt=at) | Q(received_at=at, pk__lt=id))
