"""The user's customer at Stripe, kept for all later purchases: at most one that lives, and the rows of those that were
deleted there."""

import hashlib

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from . import stripe_gateway
from .compiled import insert_once
from .models import StripeCustomer
from .stripe_values import StripeRefused, StripeUnavailable


def of(user: AbstractBaseUser) -> str:
    """The living customer's id, made on first use. Not to be asked inside a transaction."""
    for _ in range(3):  # one that is deleted between two looks is rare, and twice in a row is no accident
        if living := StripeCustomer.objects.filter(user_id=user.pk, deleted_at=None).first():
            return living.stripe_id
        made = StripeCustomer(user_id=user.pk, stripe_id=_make(user), created_at=timezone.now())
        if insert_once(made):
            return made.stripe_id
    raise StripeUnavailable("The customer was deleted at Stripe while it was made.")


def gone(stripe_id: str) -> None:
    """Stripe says that it was deleted: the next purchase makes another one."""
    StripeCustomer.objects.filter(stripe_id=stripe_id, deleted_at=None).update(deleted_at=timezone.now())


def forget(user: AbstractBaseUser) -> None:
    """Erase the user at Stripe, which cancels subscriptions too. May be said again: what Stripe did not answer is asked
    anew, and whom it has deleted is not asked for again."""
    for living in StripeCustomer.objects.filter(user_id=user.pk, deleted_at=None):
        stripe_gateway.delete_customer(living.stripe_id)
        gone(living.stripe_id)


def _make(user: AbstractBaseUser) -> str:
    """Two processes at once, and a second try after a death, say the same key and are given the same customer."""
    # Of those that are gone alone: one that another process has just made must not lead to a second one.
    earlier = StripeCustomer.objects.filter(user_id=user.pk, deleted_at__isnull=False).count()
    email, key = user.get_username(), f"customer:{user.pk}:{earlier}"
    try:
        return stripe_gateway.make_customer(email=email, user_id=user.pk, key=key)
    except StripeRefused as error:
        if error.code != "idempotency_error":
            raise
    # The address was changed between a try that died and this one; what that one made stays empty.
    digest = hashlib.sha256(email.encode()).hexdigest()[:16]
    return stripe_gateway.make_customer(email=email, user_id=user.pk, key=f"{key}:{digest}")
