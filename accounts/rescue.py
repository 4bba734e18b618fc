"""What helps a person in who lost their second factor, or forgot their password."""

from allauth.account import app_settings
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from . import sessions
from .models import User


@transaction.atomic
def reset_factors(user: User) -> list[str]:
    """Delete every second factor with its recovery codes, and end every session; what kinds there were. Empty where
    there was none, and then nothing is done."""
    rows = Authenticator.objects.filter(user=user)
    kinds = sorted(rows.values_list("type", flat=True))
    if kinds:
        rows.delete()
        sessions.end_all(user.pk)
    return kinds


def mail_password_reset(request: HttpRequest, user: User) -> None:
    """Send the mail that "Forgot your password?" sends; its link is in nobody else's hands."""
    request_password_reset(request, user.email, [user], app_settings.PASSWORD_RESET_TOKEN_GENERATOR())
