"""The scene of the dashboard: a large business, its figures counted as a worker does it, and an operator who looks."""

import time
from datetime import timedelta
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone

from bench import business_rows
from krea_site.dashboard import counting, roles, rollups
from krea_site.dashboard.periods import Period, around
from krea_site.models import Figures, Role

COUNTED = 200  # periods, the newest first: every month, and two months of days
LONG_AGO = 40  # days


def operator() -> Any:
    """A new owner, with an app as second factor."""
    user = get_user_model().objects.create_user("operator@example.com", None, is_staff=True)
    roles.give(user, Role.OWNER)
    TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    return user


def show_factor(user: Any, session_key: str) -> None:
    """What allauth writes down when somebody enters a code."""
    session = SessionStore(session_key)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def fill(*, images: int, transfers: int) -> dict[str, Any]:
    """The rows, and what it takes to count periods for the first time and to keep the present ones."""
    began = time.monotonic()
    with connection.cursor() as cursor:
        business_rows.fill(cursor, images=images, transfers=transfers)
    made = time.monotonic()
    rollups.make_missing()
    while Figures.objects.exclude(counted_at=None).count() < COUNTED:
        rollups.work(within_s=1)
    counted = time.monotonic()
    return {
        "images": images,
        "transfers": transfers,
        "made_s": round(made - began, 1),
        "counted": Figures.objects.exclude(counted_at=None).count(),
        "counted_s": round(counted - made, 1),
        **{f"count_{period}_ms": _took(period) for period in Period},
    }


def _took(period: Period) -> int:
    """Milliseconds for the last whole period of a kind: what the present one costs just before its end."""
    began = time.monotonic()
    counting.count(around(period, timezone.now()).before)
    return round(1000 * (time.monotonic() - began))


def long_ago() -> str:
    return f"{timezone.now() - timedelta(days=LONG_AGO):%Y-%m-%d}"
