"""What this app keeps of a person, for themselves to read; no secret is in it."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from .models import User


def of(user: User) -> dict[str, Any]:
    """Addresses, second factors and sessions, in values that JSON can say; times as datetimes."""
    return {
        "email": user.email,
        "joined_at": user.date_joined,
        "last_login_at": user.last_login,
        "addresses": [
            {"email": row.email, "verified": row.verified, "primary": row.primary}
            for row in EmailAddress.objects.filter(user=user).order_by("pk")
        ],
        "second_factors": [
            {"type": row.type, "created_at": row.created_at, "last_used_at": row.last_used_at}
            for row in Authenticator.objects.filter(user=user).order_by("pk")
        ],
        "sessions": [
            {"ip": row.ip, "user_agent": row.user_agent, "began_at": row.created_at, "last_seen_at": row.last_seen_at}
            for row in UserSession.objects.filter(user=user).order_by("pk")
        ],
    }


def addresses(user: User) -> list[str]:
    """Every address that the person showed to be theirs."""
    rows = EmailAddress.objects.filter(user=user, verified=True).order_by("pk")
    return list(dict.fromkeys([user.email, *rows.values_list("email", flat=True)]))
