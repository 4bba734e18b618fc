"""Forget a partner who leaves: keys, what they wrote on their generations, and the answers kept for retries."""

from django.db import transaction

from .models import KeptAnswer, Key, Order


@transaction.atomic
def forget(user_id: int) -> None:
    """May be said again. What keys were called and began with are personal data as well as what they opened."""
    KeptAnswer.objects.filter(user=user_id).delete()
    Order.objects.filter(generation__user=user_id).delete()
    Key.objects.filter(user=user_id).delete()
