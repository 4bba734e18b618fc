"""Purchases, for staff: finding one, seeing its whole road, and giving money back."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from billing import cents, nudges, purchases, refunds, road
from billing.models import Purchase
from billing.refunds import RefundRefused
from krea_site import reasons
from krea_site.staff_area import staff_only

ON_A_PAGE = 50
LONGEST_ID = 255
PARTS = ("whole", "unspent")


@staff_only
@require_safe
def purchase_list(request: HttpRequest) -> HttpResponse:
    """Newest first; `q` is an e-mail address or an id of Stripe's or ours, `before` the last purchase seen."""
    status, wanted = request.GET.get("status", ""), request.GET.get("q", "").strip()[:LONGEST_ID]
    found = _before(_found(status, wanted), request.GET.get("before"))
    rows = list(found.select_related("user").prefetch_related("reversals__taking")[: ON_A_PAGE + 1])
    known = {
        "purchases": [purchases.shown(row) for row in rows[:ON_A_PAGE]],
        "following": rows[ON_A_PAGE - 1].pk if len(rows) > ON_A_PAGE else None,
        "status": status, "statuses": Purchase.Status.choices, "wanted": wanted,
    }  # fmt: skip
    return render(request, "staff/purchases.html", known)


@staff_only
@require_safe
def purchase(request: HttpRequest, id: UUID) -> HttpResponse:
    return _page(request, id)


@staff_only
@require_POST
def refund(request: HttpRequest, id: UUID) -> HttpResponse:
    """`part` is whole or unspent; `cents` are those that the page showed, so that nobody gives back what they did not
    see."""
    part, shown = request.POST.get("part", ""), request.POST.get(f"{request.POST.get('part')}_cents", "")
    if part not in PARTS or not shown.isdecimal() or len(shown) > 9:
        return _page(request, id, error="Choose what is to be given back.", status=422)
    try:
        reason = reasons.read(request.POST.get("reason", ""))
    except ValueError as error:
        return _page(request, id, reason_error=str(error), status=422)
    try:
        asked = refunds.ask(
            get_object_or_404(Purchase, pk=id).pk, cents=int(shown), unspent_only=part == "unspent",
            reason=reason, actor=reasons.actor(request.user),
        )  # fmt: skip
    except RefundRefused as refusal:
        return _page(request, id, error=f"Nothing was given back. {refusal}", status=409)
    messages.success(request, f"Stripe is asked to give back {cents.show(asked.cents)}.")
    return redirect("staff-purchase", id)


@staff_only
@require_POST
def ask_again(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(Purchase, pk=id)
    nudges.nudge(nudges.LOOK_AT_PURCHASE, str(row.pk))
    messages.success(request, "Stripe is being asked. Look at this page again in a few seconds.")
    return redirect("staff-purchase", id)


def _page(
    request: HttpRequest, id: UUID, *, error: str = "", reason_error: str = "", status: int = 200
) -> HttpResponse:
    row = get_object_or_404(Purchase.objects.select_related("user", "pack", "plan"), pk=id)
    known = {
        "shown": purchases.shown(row), "road": road.of(row), "longest": reasons.LONGEST,
        "error": error, "reason_error": reason_error, "reason": request.POST.get("reason", ""),
    }  # fmt: skip
    return render(request, "staff/purchase.html", known, status=status)


def _found(status: str, wanted: str) -> "QuerySet[Purchase]":
    rows = Purchase.objects.order_by("-pk")
    if status:
        if status not in Purchase.Status.values:
            raise Http404("There is no such status.")
        rows = rows.filter(status=status)
    if not wanted:
        return rows
    if "@" in wanted:
        return rows.filter(user__email__icontains=wanted)
    own = Q(payment=wanted) | Q(session=wanted) | Q(invoice=wanted)
    of_user = Q(user__stripe_customers__stripe_id=wanted) | Q(user__subscriptions__stripe_id=wanted)
    if id := _uuid(wanted):
        own |= Q(pk=id)
    return rows.filter(own | of_user | Q(reversals__stripe_id=wanted)).distinct()


def _before(rows: "QuerySet[Purchase]", cursor: str | None) -> "QuerySet[Purchase]":
    if not cursor:
        return rows
    if (last := _uuid(cursor)) is None:
        raise Http404("There is no such page.")
    return rows.filter(pk__lt=last)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
