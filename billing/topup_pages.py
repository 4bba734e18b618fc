"""The pages of auto top-up: its form, the page that says exactly what would be charged and switches it on, and the one
on which a customer answers their bank.

Switching on asks anew who it is; that is wrapped around in `krea_site.urls`.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from uuid_utils.compat import uuid7

from . import (
    cents,
    checkout,
    credits,
    customers,
    low_balance,
    payments,
    stripe_gateway,
    topup_attempts,
    topup_rows,
    topups,
)
from .models import TopUp
from .shop_pages import Member, in_words, page
from .stripe_values import Card, StripeRefused, StripeUnavailable
from .topup_forms import LowBalanceForm, TopUpForm

FORM = ["GET", "HEAD", "POST"]
TYPED = "top_up"  # in the session: what was typed, while a card is being saved
FIELDS = ("threshold", "pack", "ceiling")
BY_HAND = "paid_by_hand"


@page
@require_http_methods(FORM)
def top_up(request: Member) -> HttpResponse:
    """How it stands, the form, and what was tried lately. The form leads on to the page that says what it means."""
    if request.method != "POST":
        return _form(request, TopUpForm(initial=_initial(request)))
    form = TopUpForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    request.session[TYPED] = {name: request.POST[name] for name in FIELDS}
    return redirect("top-up-agree")


@page
@require_http_methods(FORM)
def agree(request: Member) -> HttpResponse:
    """Exactly what will be charged and when; pressing the button here is the one thing that switches it on."""
    is_sent = request.method == "POST"
    form = TopUpForm(request.POST if is_sent else request.session.get(TYPED))
    if not form.is_valid():
        return _form(request, form, status=422) if form.is_bound else redirect("top-up")
    try:
        if (saved := request.GET.get("saved", "")).startswith("cs_"):
            payments.look_at_session(saved)  # who comes back sees the new card, whether the event is here or not
        card = stripe_gateway.saved_card(customers.of(request.user))
    except (StripeUnavailable, StripeRefused) as error:
        return _form(request, form, problem=in_words(error), status=503)
    said = form.agreement
    if not is_sent or card is None or request.POST.get("seen") != _seen(form, card):
        context = {
            "said": said, "card": card, "typed": {name: form.data[name] for name in FIELDS},
            "times": said.month_ceiling_cents // said.pack.cents, "came_back": "saved" in request.GET, "form": form,
            "seen": _seen(form, card) if card else "", "changed": is_sent, "rests": topups.SHORTEST_REST,
            "declines": topups.MOST_DECLINES,
        }  # fmt: skip
        return render(request, "billing/top_up_agree.html", context, status=409 if is_sent else 200)
    topups.switch_on(request.user, said)
    request.session.pop(TYPED, None)
    messages.success(
        request,
        f"Auto top-up is on. When fewer than {credits.whole(said.threshold)} credits are available, "
        f"{cents.show(said.pack.cents)} is charged to {card.brand} {card.last4}.",
    )
    return redirect("top-up")


@page
@require_POST
def save_card(request: Member) -> HttpResponse:
    """On to Stripe's page, on which a card is saved and nothing is charged, and back."""
    back = settings.PUBLIC_URL + reverse("top-up-agree")
    try:
        customer = customers.of(request.user)
        session = stripe_gateway.begin_saving_card(
            customer=customer,
            success_url=f"{back}?saved={{CHECKOUT_SESSION_ID}}",
            cancel_url=back,
            key=f"card:{uuid7()}",
        )
    except (StripeUnavailable, StripeRefused) as error:
        messages.error(request, in_words(error))
        return redirect("top-up")
    return HttpResponseRedirect(session.url, status=303)


@page
@require_POST
def switch_off(request: Member) -> HttpResponse:
    if topups.switch_off(request.user):
        messages.warning(request, "Auto top-up is off. One charge was already on its way to Stripe and may still come.")
    else:
        messages.success(request, "Auto top-up is off. Nothing is charged any more until you switch it on yourself.")
    return redirect("top-up")


@page
@require_POST
def low(request: Member) -> HttpResponse:
    """The mail about a low balance."""
    form = LowBalanceForm(request.POST)
    if not form.is_valid():
        return _form(request, TopUpForm(initial=_initial(request)), low=form, status=422)
    below = form.cleaned_data["below"] or None
    low_balance.warn_below(request.user, below)
    said = f"A mail comes when fewer than {credits.whole(below)} credits are left." if below else "No mail comes."
    messages.success(request, said)
    return redirect(f"{reverse('top-up')}#low-balance")


@page
@require_safe
def answer(request: Member, id: UUID) -> HttpResponse:
    """What the bank wants to be confirmed; from the mail."""
    row = _own(request, id)
    context = {"row": row, "waits": row.status == TopUp.Status.NEEDS_ACTION, "shown": topup_rows.shown(row)}
    return render(request, "billing/top_up_answer.html", {**context, "wish": checkout.new_wish(request.user)})


@page
@require_POST
def pay(request: Member, id: UUID) -> HttpResponse:
    """Pay it on Stripe's page, where the bank can ask. The old payment is canceled first, so that nobody pays twice;
    pressed twice, the form leads to the same page."""
    row = _own(request, id)
    if (row.status, row.reason) != (TopUp.Status.CANCELED, BY_HAND):
        problem = _cancel(request, row, reason=BY_HAND)
        if problem is not None:
            return problem
    try:
        wish, pack = request.POST.get("wish", ""), str(row.purchase.pack_id)
        purchase = checkout.begin(request.user, what="pack", id=pack, wish=wish)
        address = checkout.pay_at(purchase)
    except checkout.NotBegun as refusal:
        messages.error(request, f"The automatic payment is cancelled, and no other was begun. {refusal}")
        return redirect("buy")
    except (StripeUnavailable, StripeRefused) as error:
        messages.error(request, f"The automatic payment is cancelled. {in_words(error)}")
        return redirect("buy")
    return HttpResponseRedirect(address, status=303) if address else redirect("purchase", purchase.pk)


@page
@require_POST
def cancel(request: Member, id: UUID) -> HttpResponse:
    """Not to be paid at all."""
    row = _own(request, id)
    problem = _cancel(request, row, reason="not_wanted")
    if problem is not None:
        return problem
    messages.success(request, "It is cancelled, and nothing was charged.")
    return redirect("top-up")


def _cancel(request: Member, row: TopUp, *, reason: str) -> HttpResponse | None:
    """An answer where it could not be canceled, or is over already."""
    if row.status != TopUp.Status.NEEDS_ACTION:
        return redirect("top-up-answer", row.pk)
    try:
        if topup_attempts.give_up(row, reason=reason):
            return None
    except (StripeUnavailable, StripeRefused) as error:
        messages.error(request, in_words(error))
    return redirect("top-up-answer", row.pk)


def _form(
    request: Member, form: TopUpForm, *, low: LowBalanceForm | None = None, problem: str = "", status: int = 200
) -> HttpResponse:
    agreed = topups.of(request.user)
    below = agreed.low_threshold
    rows = TopUp.objects.filter(user_id=request.user.pk).select_related("purchase").order_by("-created_at")
    context = {
        **topup_rows.state(agreed), "form": form, "problem": problem,
        "low": low or LowBalanceForm(initial={"below": "" if below is None else credits.whole(below)}),
        "attempts": [topup_rows.shown(row) for row in rows[: topup_rows.MOST_SHOWN]],
    }  # fmt: skip
    return render(request, "billing/top_up_page.html", context, status=status)


def _initial(request: Member) -> dict[str, Any]:
    """What was typed last; else what was agreed to."""
    if typed := request.session.get(TYPED):
        return dict(typed)
    agreed = topups.of(request.user)
    if agreed.pack is None:
        return {}
    return {
        "threshold": credits.whole(agreed.threshold), "pack": agreed.pack.pk,
        "ceiling": cents.show(agreed.month_ceiling_cents).lstrip("$").replace(",", ""),
    }  # fmt: skip


def _seen(form: TopUpForm, card: Card) -> str:
    """All that the page says, so that nobody agrees to something else than they read."""
    said = form.agreement
    pack = f"{said.pack.pk}:{said.pack.cents}:{said.pack.credits}"
    return f"{said.threshold}:{pack}:{said.month_ceiling_cents}:{card.id}"


def _own(request: Member, id: UUID) -> TopUp:
    row = TopUp.objects.select_related("purchase", "user").filter(user_id=request.user.pk, pk=id).first()
    if row is None:
        raise Http404("There is no such top-up.")
    return row
