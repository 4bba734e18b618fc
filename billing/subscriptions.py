"""Subscriptions: what Stripe last said of each. Money is not here: every invoice of one is a payment like any other."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from . import stripe_gateway
from .models import Plan, StripeCustomer, Subscription
from .signals import subscription_behind
from .stripe_values import SubscriptionState

BEHIND = (Subscription.Status.PAST_DUE, Subscription.Status.UNPAID)
ENDED = (Subscription.Status.CANCELED, Subscription.Status.INCOMPLETE_EXPIRED)


def look(id: str) -> Subscription | None:
    """Read it at Stripe and write down how it is; None where it is of no customer of ours."""
    began_at = timezone.now()
    return bring_up_to_date(stripe_gateway.read_subscription(id), read_at=began_at)


def bring_up_to_date(state: SubscriptionState, *, read_at: datetime) -> Subscription | None:
    customer = StripeCustomer.objects.filter(stripe_id=state.customer).first()
    if customer is None:
        return None
    now = {
        "plan": Plan.objects.filter(stripe_price=state.price).first(), "status": state.status,
        "renews_at": state.renews_at, "ends_at": state.ends_at, "read_at": read_at,
    }  # fmt: skip
    with transaction.atomic():
        row, is_new = Subscription.objects.select_for_update().get_or_create(
            stripe_id=state.id, defaults={"user_id": customer.user_id, **now}
        )
        before = None if is_new else row.status
        is_news = is_new or Subscription.objects.filter(pk=row.pk, read_at__lt=read_at).update(**now)
        if is_news and state.status in BEHIND and before not in BEHIND:
            subscription_behind.send(sender=Subscription, subscription_id=row.pk)
    return row


def living(user: AbstractBaseUser) -> "QuerySet[Subscription]":
    """Those that go on, or are behind with a payment: as long as there is one, no other is sold."""
    return Subscription.objects.filter(user_id=user.pk).exclude(status__in=ENDED).order_by("pk")
