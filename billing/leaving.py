"""What is to end at Stripe when an account is deleted: nothing is charged any more, and Stripe forgets the person."""

from django.contrib.auth.models import AbstractBaseUser

from . import customers, stripe_gateway, subscriptions
from .models import AutoTopUp, Purchase, Subscription


def leave(user: AbstractBaseUser) -> None:
    """May be said again, from wherever it stopped; raises StripeUnavailable. Invoices stay at Stripe, as the law wants
    them kept."""
    AutoTopUp.objects.filter(user_id=user.pk).delete()
    for purchase in Purchase.objects.filter(user_id=user.pk, status=Purchase.Status.OPEN).exclude(session=None):
        stripe_gateway.expire_session(str(purchase.session))
    customers.forget(user)
    subscriptions.living(user).update(status=Subscription.Status.CANCELED)
    Purchase.objects.filter(user_id=user.pk).update(session_url="")
