"""Stripe's events: verified, written down under their unique id, answered, and handled once by a task.

An event only names an object; the handler reads it anew, outside of any transaction, and does all that is true of it,
so that any order and number of events ends the same. A handler that fails is tried again over three days, and stays to
be seen and repeated by staff.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from . import customers, overdue, payments, stripe_gateway, subscriptions
from .models import StripeEvent
from .nudges import HANDLE_EVENT, nudge
from .stripe_values import Event, StripeUnavailable

logger = logging.getLogger(__name__)

Handler = Callable[[str], object]

LEASE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
# Seconds before the second try, the third and so on: about three days in all.
PAUSES_S = (10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 12 * 3600, 12 * 3600, 24 * 3600)
KEPT_FOR = timedelta(days=90)

# What each type of event is about. Types that are not here are answered and forgotten.
HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": payments.look_at_session,
    "checkout.session.async_payment_succeeded": payments.look_at_session,
    "checkout.session.async_payment_failed": payments.look_at_session,
    "checkout.session.expired": payments.look_at_session,
    "payment_intent.succeeded": payments.look,
    "payment_intent.processing": payments.look,
    "payment_intent.payment_failed": payments.look,
    "payment_intent.canceled": payments.look,
    "invoice.paid": payments.look,
    "charge.refunded": payments.look,
    "refund.created": payments.look,
    "refund.updated": payments.look,
    "refund.failed": payments.look,
    "charge.dispute.created": payments.look,
    "charge.dispute.updated": payments.look,
    "charge.dispute.funds_withdrawn": payments.look,
    "charge.dispute.funds_reinstated": payments.look,
    "charge.dispute.closed": payments.look,
    "customer.subscription.created": subscriptions.look,
    "customer.subscription.updated": subscriptions.look,
    "customer.subscription.deleted": subscriptions.look,
    "customer.deleted": customers.gone,
}


def receive(event: Event) -> bool:
    """Write an event down that was verified; whether it is new and somebody will handle it."""
    if event.type not in HANDLERS:
        return False
    if event.api_version != stripe_gateway.API_VERSION:
        logger.error("event %s is of Stripe's API version %s, not ours", event.id, event.api_version)
    now = timezone.now()
    with transaction.atomic():
        _, is_new = StripeEvent.objects.get_or_create(
            pk=event.id,
            defaults={
                "type": event.type, "object_type": event.object_type, "object_id": event.object_id,
                "api_version": event.api_version, "created_at": event.created_at, "received_at": now,
                "due_at": now, "nudged_at": now,
            },
        )  # fmt: skip
        if is_new:
            nudge(HANDLE_EVENT, event.id)
    return is_new


def handle(event_id: str) -> None:
    """Do what an event says is to be done, unless it was done or somebody is at it."""
    now = timezone.now()
    due = StripeEvent.objects.filter(pk=event_id, handled_at=None, due_at__lte=now)
    if not due.update(due_at=now + LEASE, tries=F("tries") + 1):
        return
    row = StripeEvent.objects.get(pk=event_id)
    try:
        HANDLERS[row.type](row.object_id)
    except StripeUnavailable as error:
        _later(row, error)
    except Exception as error:
        logger.exception("event %s (%s of %s) could not be handled", row.pk, row.type, row.object_id)
        _later(row, error)
    else:
        StripeEvent.objects.filter(pk=row.pk).update(handled_at=timezone.now(), due_at=None, error="")


def repeat(event: StripeEvent) -> None:
    """Handle it (again), as from the beginning: it does no harm to one that was handled."""
    now = timezone.now()
    with transaction.atomic():
        StripeEvent.objects.filter(pk=event.pk).update(handled_at=None, due_at=now, nudged_at=now, tries=0)
        nudge(HANDLE_EVENT, event.pk)


def sweep() -> None:
    """Have a worker take up what is due: a lost nudge, a handler that died, one that is to try again."""
    for event_id in overdue.take(StripeEvent.objects.filter(due_at__isnull=False)):
        nudge(HANDLE_EVENT, str(event_id))


def prune() -> int:
    """Forget events that were handled long ago: what they did stands in the ledger under the names of its objects."""
    old = StripeEvent.objects.filter(handled_at__lt=timezone.now() - KEPT_FOR)
    return int(old.delete()[0])


def _later(row: StripeEvent, error: Exception) -> None:
    """The last try leaves it standing with its error: given up, until staff repeats it."""
    is_last = row.tries > len(PAUSES_S)
    due_at = None if is_last else timezone.now() + timedelta(seconds=PAUSES_S[row.tries - 1])
    said = f"{type(error).__name__}: {error}"[:500]
    StripeEvent.objects.filter(pk=row.pk, handled_at=None).update(due_at=due_at, error=said)
