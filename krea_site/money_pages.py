"""Purchases, for staff: finding one, seeing its whole road, and giving money back."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from billing import cents, corrections, nudges, purchases, reconcile, refunds, road, stripe_gateway
from billing.corrections import Amounts, CorrectionRefused
from billing.models import Purchase, StaffRefund
from billing.refunds import RefundRefused
from billing.stripe_values import NotAtStripe, Payment, StripeRefused, StripeUnavailable
from krea_site import check_orders, cursors, reasons
from krea_site.dashboard import acts, roles
from krea_site.dashboard.gate import staff
from krea_site.dashboard.roles import Lever
from krea_site.models import CheckOrder

ON_A_PAGE = 50
LONGEST_ID = 255
PARTS = ("whole", "unspent")


@staff(Lever.SEE_MONEY)
@require_safe
def purchase_list(request: HttpRequest) -> HttpResponse:
    """Newest first; `q` is an e-mail address or an id of Stripe's or ours, `before` the last purchase seen; `since` and
    `until` (excluded) are moments of payment."""
    status, wanted = request.GET.get("status", ""), request.GET.get("q", "").strip()[:LONGEST_ID]
    span = {name: request.GET[name][:40] for name in ("since", "until") if request.GET.get(name)}
    found = cursors.before(_paid_within(_found(status, wanted), span), request.GET.get("before"))
    rows = list(found.select_related("user").prefetch_related("reversals__taking")[: ON_A_PAGE + 1])
    known = {
        "purchases": [purchases.shown(row) for row in rows[:ON_A_PAGE]],
        "following": rows[ON_A_PAGE - 1].pk if len(rows) > ON_A_PAGE else None,
        "status": status, "statuses": Purchase.Status.choices, "wanted": wanted,
        "span": span,
    }  # fmt: skip
    return render(request, "staff/purchases.html", known)


@staff(Lever.SEE_MONEY)
@require_safe
def purchase(request: HttpRequest, id: UUID) -> HttpResponse:
    return _page(request, id)


@staff(Lever.MOVE_MONEY)
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
        asked = _ask(request, get_object_or_404(Purchase, pk=id), int(shown), part, reason)
    except RefundRefused as refusal:
        return _page(request, id, error=f"Nothing was given back. {refusal}", status=409)
    messages.success(request, f"Stripe is asked to give back {cents.show(asked.cents)}.")
    return redirect("staff-purchase", id)


@staff(Lever.MOVE_MONEY)
@require_POST
def correct(request: HttpRequest, id: UUID) -> HttpResponse:
    """Take over what Stripe says was paid, as it says it this moment."""
    row = get_object_or_404(Purchase, pk=id, payment__isnull=False)
    try:
        why = reasons.read(request.POST.get("why", ""))
    except ValueError as error:
        return _page(request, id, why_error=str(error), status=422)
    try:
        said = stripe_gateway.read_payment(row.payment or "")
        after = _take_over(request, row, said, why)
    except (StripeUnavailable, StripeRefused, NotAtStripe):
        words = "Nothing was changed: Stripe does not tell of this payment now."
        return _page(request, id, error=words, status=409)
    except CorrectionRefused as refusal:
        return _page(request, id, error=f"Nothing was changed. {refusal}", status=409)
    messages.success(request, f"It says {cents.show(after.paid)} now, as Stripe does.")
    return redirect("staff-purchase", id)


@staff(Lever.MOVE_MONEY)
@require_POST
def ask_again(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(Purchase, pk=id)
    with transaction.atomic():
        nudges.nudge(nudges.LOOK_AT_PURCHASE, str(row.pk))
        acts.write(request, "purchase.ask_stripe", f"purchase:{row.pk}")
    messages.success(request, "Stripe is being asked. Look at this page again in a few seconds.")
    return redirect("staff-purchase", id)


@transaction.atomic
def _ask(request: HttpRequest, purchase: Purchase, cents: int, part: str, reason: str) -> StaffRefund:
    asked = refunds.ask(
        purchase.pk, cents=cents, unspent_only=part == "unspent", reason=reason, actor=reasons.actor(request.user)
    )
    told = {"refund": str(asked.pk), "cents": asked.cents, "part": part}
    acts.write(request, "purchase.refund", f"purchase:{purchase.pk}", after=told, why=reason)
    return asked


@transaction.atomic
def _take_over(request: HttpRequest, row: Purchase, said: Payment, why: str) -> Amounts:
    before, after = corrections.take_over(row.pk, said, reason=why, actor=reasons.actor(request.user))
    told = {"before": {"paid_cents": before.paid, "tax_cents": before.tax}}
    told["after"] = {"paid_cents": after.paid, "tax_cents": after.tax}
    acts.write(request, "purchase.correct", f"purchase:{row.pk}", **told, why=why)
    check_orders.ask(CheckOrder.Kind.STRIPE)  # nothing changed at Stripe, so nothing else would end the alert soon
    return after


def _differs(row: Purchase) -> str:
    """What the last comparison with Stripe left about this payment, in its words."""
    last = reconcile.newest()
    found = last.findings if last else []
    return next((each["words"] for each in found if each["id"] == row.payment and not each["is_mended"]), "")


def _page(
    request: HttpRequest, id: UUID, *, error: str = "", reason_error: str = "", why_error: str = "", status: int = 200
) -> HttpResponse:
    row = get_object_or_404(Purchase.objects.select_related("user", "pack", "plan"), pk=id)
    known = {
        "shown": purchases.shown(row), "road": road.of(row), "longest": reasons.LONGEST,
        "error": error, "reason_error": reason_error, "reason": request.POST.get("reason", ""),
        "may_move": roles.may(request.user, Lever.MOVE_MONEY), "differs": _differs(row), "why_error": why_error,
        "why": request.POST.get("why", ""),
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


def _paid_within(rows: "QuerySet[Purchase]", span: dict[str, str]) -> "QuerySet[Purchase]":
    for name, lookup in (("since", "paid_at__gte"), ("until", "paid_at__lt")):
        if name in span:
            rows = rows.filter(**{lookup: _moment(span[name])})
    return rows


def _moment(text: str) -> datetime:
    """In UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Http404("There is no such time.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
