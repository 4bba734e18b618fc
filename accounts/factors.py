"""The second factors of a person: an authenticator app, passkeys, and recovery codes for the day when both are lost."""

from dataclasses import dataclass
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class Factors:
    has_app: bool
    passkeys: int
    codes_left: int

    @property
    def any(self) -> bool:
        return self.has_app or self.passkeys > 0


def of(user: AbstractBaseUser) -> Factors:
    has_app, passkeys, codes_left = False, 0, 0
    for factor in Authenticator.objects.filter(user_id=user.pk):
        match factor.type:
            case Authenticator.Type.TOTP:
                has_app = True
            case Authenticator.Type.WEBAUTHN:
                passkeys += 1
            case Authenticator.Type.RECOVERY_CODES:
                codes_left = len(factor.wrap().get_unused_codes())
    return Factors(has_app, passkeys, codes_left)


def has_app(user: AbstractBaseUser | AnonymousUser) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


def has_any(user: AbstractBaseUser) -> bool:
    """Recovery codes are there only beside another one, so that any row will do."""
    return bool(Authenticator.objects.filter(user_id=user.pk).exists())


def was_shown(request: HttpRequest, *, within_s: float, now: float) -> bool:
    """Whether a second factor was shown in this session, at most `within_s` seconds before `now` (since 1970)."""
    return any(
        record.get("method") == "mfa" and now - float(record.get("at", 0)) <= within_s
        for record in get_authentication_records(request, request.user)
    )


def on_added(*, request: HttpRequest, user: AbstractBaseUser, authenticator: Authenticator, **_: Any) -> None:
    """Receiver of allauth's `authenticator_added`: who sets up an app or a passkey has shown it with that."""
    if authenticator.type in (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN):
        kind = {"id": authenticator.pk, "type": authenticator.type}
        record_authentication(request, user, method="mfa", reauthenticated=True, **kind)


def address_to_show(user: AbstractBaseUser | AnonymousUser) -> str:
    """Where a person shows their second factor anew: the app's code where they have one, else a passkey."""
    return reverse("mfa_reauthenticate" if has_app(user) else "mfa_reauthenticate_webauthn")
