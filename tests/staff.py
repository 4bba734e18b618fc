"""Staff for tests: a person with a role and an authenticator app, logged in with a code shown this moment."""

import time
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth import get_user_model
from django.test import Client

from krea_site.dashboard import roles
from krea_site.models import Role

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # base32, of everybody's app


def make_staff(role: Role | None = Role.OWNER, email: str = "operator@example.com") -> Any:
    """A new member of staff; with None, one who has no role yet."""
    user = get_user_model().objects.create_user(email, "a long password 7", is_staff=True)
    return enlist(user, role)


def enlist(user: Any, role: Role | None = Role.OWNER) -> Any:
    """Make somebody of the cast staff, with an app as their second factor."""
    if role is not None:
        roles.give(user, role)
    user.is_staff = True
    user.save()
    user.refresh_from_db()
    TOTP.activate(user, SECRET)
    return user


def staff_client(user: Any, **asked: Any) -> Client:
    """A browser in which `user` logged in with password and code."""
    client = Client(**asked)
    client.force_login(user)
    show_factor(client, user)
    return client


def show_factor(client: Client, user: Any, ago_s: float = 0) -> None:
    """What allauth writes down when somebody enters a code."""
    session = client.session
    shown = {"method": "mfa", "at": time.time() - ago_s, "type": "totp", "reauthenticated": True}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [shown]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
