"""Purchases from which nothing was heard: Stripe is asked about them, since an event may be lost.

Soon while somebody may be waiting for it, then ever more rarely; a Checkout Session ends by itself after a day.
"""

import logging
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from . import payments
from .models import Purchase
from .nudges import LOOK_AT_PURCHASE, nudge
from .stripe_values import NotAtStripe, StripeUnavailable

logger = logging.getLogger(__name__)

AT_ONCE = 20
SETTLES_IN = timedelta(minutes=2)  # events come within seconds
AGAIN_AFTER = ((timedelta(hours=1), timedelta(minutes=10)), (timedelta(days=3), timedelta(hours=3)))
AGAIN_AT_LAST = timedelta(days=1)
NEVER_BEGAN = timedelta(days=2)  # no session: we died before Stripe was asked, or Stripe was away


def look(purchase_id: str) -> None:
    purchase = Purchase.objects.get(pk=UUID(purchase_id))
    try:
        payments.look_at_purchase(purchase)
    except (StripeUnavailable, NotAtStripe) as error:
        logger.warning("purchase %s could not be looked at (%s)", purchase.pk, type(error).__name__)


def wish(purchase: Purchase, *, at_most_every: timedelta = timedelta(seconds=10)) -> None:
    """Have it looked at soon, since somebody waits for it; however often they ask."""
    now = timezone.now()
    asleep = Q(looked_at=None) | Q(looked_at__lt=now - at_most_every)
    if _under_way().filter(asleep, pk=purchase.pk).update(looked_at=now):
        nudge(LOOK_AT_PURCHASE, str(purchase.pk))


def sweep() -> None:
    now = timezone.now()
    for id in _due():
        if _under_way().filter(pk=id).update(looked_at=now):
            nudge(LOOK_AT_PURCHASE, str(id))
    never = _under_way().filter(session=None, payment=None, created_at__lt=now - NEVER_BEGAN)
    never.exclude(what=Purchase.What.TOP_UP).update(status=Purchase.Status.ABANDONED)


def _due() -> list[UUID]:
    now = timezone.now()
    old = Q(created_at__lt=now - SETTLES_IN, looked_at=None) | Q(looked_at__lt=now - AGAIN_AT_LAST)
    for age, pause in AGAIN_AFTER:
        old |= Q(created_at__gte=now - age, created_at__lt=now - SETTLES_IN, looked_at__lt=now - pause)
    rows = _under_way().filter(old).exclude(session=None, payment=None)
    return list(rows.order_by(F("looked_at").asc(nulls_first=True)).values_list("pk", flat=True)[:AT_ONCE])


def _under_way() -> "QuerySet[Purchase]":
    return Purchase.objects.filter(status__in=(Purchase.Status.OPEN, Purchase.Status.PROCESSING))
