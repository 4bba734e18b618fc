"""Forget a person: what this app and allauth keep of them. Their row stays, empty, since the ledger points at it."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from . import sessions
from .models import Suspension, User

NOBODYS_HOST = "deleted.invalid"  # RFC 2606: no such host will ever be


@transaction.atomic
def lock_out(user_id: int) -> None:
    """End every session at once, and let nobody in again: neither by password nor by key."""
    User.objects.filter(pk=user_id).update(
        is_active=False, is_staff=False, is_superuser=False, password=make_password(None)
    )
    # A suspension is over with that: lifted, it would let somebody into a closed account.
    Suspension.objects.filter(user=user_id, lifted_at=None).update(lifted_at=timezone.now())
    sessions.end_all(user_id)


@transaction.atomic
def forget(user_id: int) -> None:
    """Empty the row, and delete addresses, second factors and sessions. The address is free from here on."""
    for model in (EmailAddress, Authenticator, UserSession, Suspension):
        model.objects.filter(user=user_id).delete()
    user = User.objects.get(pk=user_id)
    user.groups.clear()
    user.user_permissions.clear()
    User.objects.filter(pk=user_id).update(
        email=f"{user_id}@{NOBODYS_HOST}", first_name="", last_name="", last_login=None, is_active=False,
        password=make_password(None),
    )  # fmt: skip
