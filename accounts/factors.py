"""The second factors of a person: an authenticator app, passkeys, and recovery codes for the day when both are lost."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


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
