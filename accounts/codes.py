"""Codes of authenticator apps: each is good for one log-in.

Who watches somebody type a code, or gets it out of them, has until it expires. allauth remembers a used one for one
period; with a tolerance of one period to each side, a code is valid for three.
"""

from allauth.core.internal.cryptokit import normalize_user_code
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache

PERIOD_S = 30
VALID_S = PERIOD_S * (2 * settings.MFA_TOTP_TOLERANCE + 1)


def is_used(user: AbstractBaseUser, code: str) -> bool:
    return cache.get(_key(user, code)) is not None


def use(user: AbstractBaseUser, code: str) -> bool:
    """Use the code up; False when it was used before, also when that happened at the same moment."""
    return cache.add(_key(user, code), True, VALID_S)


def _key(user: AbstractBaseUser, code: str) -> str:
    return f"accounts.code:{user.pk}:{normalize_user_code(code)}"
