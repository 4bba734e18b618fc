"""Mails about money, in the transaction of what they are about. Each has a key: however often it is said, and by
whatever event, it is one mail."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from billing import cents, splits, topups
from billing.credits import whole
from billing.models import Account, AutoTopUp, Purchase, Reversal, Subscription, TopUp
from krea_site import mails, reports
from krea_site.models import Farewell

What = Purchase.What


def on_purchase_paid(*, purchase_id: UUID, **_: Any) -> None:
    """Receiver of billing's `purchase_paid`: the receipt."""
    row = Purchase.objects.select_related("user", "plan").get(pk=purchase_id)
    split = splits.of(row)
    context = {
        "credits": whole(split.total), "bonus": whole(split.bonus) if split.bonus else "",
        "paid": cents.show(row.paid_cents or 0), "tax": cents.show(row.tax_cents) if row.tax_cents else "",
        "plan": row.plan.name if row.plan else "", "is_plan": row.what == What.PLAN,
        "invoice": row.invoice_url, "receipt": row.receipt_url, "paid_at": row.paid_at,
        **_balance(row.user_id), "page": _page("purchase", row.pk), "top_up_page": _page("top-up"),
    }  # fmt: skip
    _tell(row.user, "top_up_done" if row.what == What.TOP_UP else "receipt", context, key=f"receipt:{row.pk}")


def on_purchase_ended(*, purchase_id: UUID, **_: Any) -> None:
    """Receiver of billing's `purchase_ended`: a payment that took days has failed. What was dropped needs no words, and
    an attempt to top up has mails of its own."""
    row = Purchase.objects.select_related("user").get(pk=purchase_id)
    if row.status == Purchase.Status.FAILED and row.what != What.TOP_UP:
        context = {"credits": whole(row.credits), "price": cents.show(row.cents), "page": _page("purchase", row.pk)}
        _tell(row.user, "payment_failed", context, key=f"payment-failed:{row.pk}")


def on_subscription_behind(*, subscription_id: int, **_: Any) -> None:
    """Receiver of billing's `subscription_behind`; one mail for each month that is not paid."""
    row = Subscription.objects.select_related("user", "plan").get(pk=subscription_id)
    context = {
        "plan": row.plan.name if row.plan else "", "price": cents.show(row.plan.cents) if row.plan else "",
        "page": _page("billing") + "#plan",
    }  # fmt: skip
    month = f"{row.renews_at:%Y-%m-%d}" if row.renews_at else ""
    _tell(row.user, "renewal_failed", context, key=f"renewal-failed:{row.stripe_id}:{month}")


def on_dispute_opened(*, reversal_id: int, **_: Any) -> None:
    """Receiver of billing's `dispute_opened`: to staff, as reports are. The customer is named by their number alone."""
    row = Reversal.objects.select_related("purchase", "taking").get(pk=reversal_id)
    taken = row.taking
    context = {
        "amount": cents.show(row.cents), "dispute": row.stripe_id, "purchase": row.purchase,
        "taken": whole(taken.cash + taken.bonus) if taken else "", "owed": whole(taken.owed) if taken else "",
    }  # fmt: skip
    for to in reports.recipients():
        mails.send(to, "dispute_opened", context, key=f"dispute:{row.stripe_id}:{to}"[:200])


def on_top_up_ended(*, top_up_id: UUID, **_: Any) -> None:
    """Receiver of billing's `top_up_ended`. A success has its receipt; the decline that switched it off, the mail that
    says so."""
    row = TopUp.objects.select_related("user", "purchase").get(pk=top_up_id)
    agreed = AutoTopUp.objects.filter(user_id=row.user_id).first()
    context: dict[str, Any] = {
        "price": cents.show(row.purchase.cents), "credits": whole(row.purchase.credits), **_balance(row.user_id),
        "page": _page("top-up"), "buy": _page("buy"),
    }  # fmt: skip
    if row.status == TopUp.Status.NEEDS_ACTION:
        context["page"], context["until"] = _page("top-up-answer", row.pk), row.due_at
        _tell(row.user, "top_up_needs_you", context, key=f"top-up:{row.pk}:needs-you")
    elif row.status == TopUp.Status.DECLINED and agreed is not None and not agreed.off_because:
        left = topups.MOST_DECLINES - agreed.declines
        context |= {"is_on": agreed.is_on, "left": left, "wait": _in_words(agreed)}
        _tell(row.user, "top_up_declined", context, key=f"top-up:{row.pk}:declined")


def on_top_up_switched_off(*, user_id: int, **_: Any) -> None:
    """Receiver of billing's `top_up_switched_off`; one mail for each time that the customer had switched it on."""
    row = AutoTopUp.objects.select_related("user").get(user_id=user_id)
    context = {
        "because": row.off_because, "price": cents.show(row.cents), "credits": whole(row.credits), **_balance(user_id),
        "declines": topups.MOST_DECLINES, "page": _page("top-up"), "buy": _page("buy"),
    }  # fmt: skip
    _tell(row.user, "top_up_off", context, key=f"top-up-off:{user_id}:{_moment(row)}")


def on_top_up_ceiling_reached(*, user_id: int, **_: Any) -> None:
    """Receiver of billing's `top_up_ceiling_reached`; one mail a month, and another after the form was sent again."""
    row, now = AutoTopUp.objects.select_related("user").get(user_id=user_id), timezone.now()
    context = {
        "ceiling": cents.show(row.month_ceiling_cents), "spent": cents.show(topups.spent_this_month(user_id, now)),
        "price": cents.show(row.cents), "renews": topups.next_month(now), **_balance(user_id),
        "page": _page("top-up"), "buy": _page("buy"),
    }  # fmt: skip
    _tell(row.user, "top_up_ceiling", context, key=f"top-up-ceiling:{user_id}:{now:%Y-%m}:{_moment(row)}")


def on_balance_low(*, user_id: int, **_: Any) -> None:
    """Receiver of billing's `balance_low`, which is rung once each time that the balance falls below."""
    row = AutoTopUp.objects.select_related("user").get(user_id=user_id)
    context = {
        "below": whole(row.low_threshold or 0), "is_on": row.is_on, **_balance(user_id), "buy": _page("buy"),
        "page": _page("top-up"),
    }  # fmt: skip
    moment = f"{row.low_mailed_at:%Y%m%dT%H%M%S%f}" if row.low_mailed_at else ""
    _tell(row.user, "balance_low", context, key=f"balance-low:{user_id}:{moment}")


def _tell(user: Any, template: str, context: dict[str, Any], *, key: str) -> None:
    """Whoever said farewell gets no mail about money any more."""
    if not Farewell.objects.filter(user=user).exists():
        mails.send(user.email, template, context, key=key)


def _balance(user_id: int) -> dict[str, str]:
    purse = Account.objects.filter(user_id=user_id).first() or Account()
    return {"available": whole(purse.available), "debt": whole(purse.debt) if purse.debt else ""}


def _page(name: str, *args: object) -> str:
    return settings.PUBLIC_URL + reverse(name, args=args)


def _moment(row: AutoTopUp) -> str:
    return f"{row.agreed_at:%Y%m%dT%H%M%S%f}" if row.agreed_at else ""


def _in_words(row: AutoTopUp) -> str:
    """How long it rests from now on, in whole hours."""
    rest = (row.rests_until or timezone.now()) - timezone.now()
    hours = max(-(-rest // timedelta(hours=1)), 1)
    return "an hour" if hours == 1 else f"{hours} hours"
