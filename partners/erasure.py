"""Forget a partner who leaves: keys, webhooks, what they wrote on their generations, and the answers kept for them.
And of generations that are gone for good what was written on them, and what webhooks told of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from .models import Delivery, DeliveryTry, Endpoint, KeptAnswer, Key, Listener, Order, Tag


@transaction.atomic
def forget(user_id: int) -> None:
    """May be said again. What keys were called and began with are personal data as well as what they opened."""
    KeptAnswer.objects.filter(user=user_id).delete()
    Delivery.objects.filter(user=user_id).delete()
    Endpoint.objects.filter(user=user_id).delete()
    Listener.objects.filter(user=user_id).delete()
    Order.objects.filter(generation__user=user_id).delete()
    Key.objects.filter(user=user_id).delete()


def on_generations_erased(*, generation_ids: Sequence[UUID], **_: Any) -> None:
    """Receiver of `generations.signals.generations_erased`. Which key ordered them stays, for the usage; that they were
    told of stays in the log, without the words."""
    Tag.objects.filter(order__in=generation_ids).delete()
    Order.objects.filter(pk__in=generation_ids).update(
        reference=None, metadata={}, wire={}, searched="", dialect="", webhook_url=""
    )
    DeliveryTry.objects.filter(delivery__object_id__in=generation_ids).update(request_body="", answer_body="")
