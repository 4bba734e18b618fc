"""Subscriptions of somebody who may not log in: Stripe charges nothing for them meanwhile, and again afterwards.

No door but the user's own `is_active`: a sweep finds whatever stands otherwise at Stripe. Months that pass meanwhile
are neither paid nor credited; an invoice that was there before stands still, and is collected afterwards.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from . import stripe_gateway
from .models import Subscription
from .nudges import PAUSE, nudge
from .stripe_values import StripeRefused, StripeUnavailable
from .subscriptions import ENDED

logger = logging.getLogger(__name__)

AT_ONCE = 20
LEASE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives


def sweep() -> None:
    """Have a worker tell Stripe of each that stands otherwise there than its owner does here."""
    now = timezone.now()
    rows = _askew().filter(Q(pause_asked_at=None) | Q(pause_asked_at__lt=now - LEASE))
    for id in list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        if rows.filter(pk=id).update(pause_asked_at=now):
            nudge(PAUSE, str(id))


def go_on(id: int) -> None:
    """Tell Stripe how it is to stand now. What Stripe did not answer is said again when the lease is over."""
    row = _askew().select_related("user").filter(pk=id).first()
    if row is None:
        return
    is_paused = not row.user.is_active
    try:
        stripe_gateway.pause(row.stripe_id, is_paused=is_paused)
    except (StripeUnavailable, StripeRefused) as error:
        logger.warning("subscription %s could not be %s: %s", id, "paused" if is_paused else "resumed", error)
        return
    now = timezone.now()
    Subscription.objects.filter(pk=id).update(paused_at=now if is_paused else None, pause_asked_at=None)
    logger.info("subscription %s is %s", id, "paused" if is_paused else "resumed")


def _askew() -> "QuerySet[Subscription]":
    wrong = Q(user__is_active=False, paused_at=None) | Q(user__is_active=True, paused_at__isnull=False)
    return Subscription.objects.filter(wrong).exclude(status__in=ENDED)
