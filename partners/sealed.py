"""What is kept and must not be read by whoever gets hold of the database: sealed with a key made from SECRET_KEY.

Where that was changed, what was sealed before opens with SECRET_KEY_FALLBACKS alone.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

SALT = "partners.sealed"


class Unreadable(Exception):
    """Sealed with a SECRET_KEY that is not known any more."""


def seal(data: bytes) -> bytes:
    return _keys().encrypt(data)


def unseal(sealed: bytes) -> bytes:
    """Raises Unreadable."""
    try:
        return _keys().decrypt(sealed)
    except InvalidToken as error:
        raise Unreadable from error


def _keys() -> MultiFernet:
    known = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(secret))) for secret in known])


def _key(secret: str | bytes) -> bytes:
    return salted_hmac(SALT, "", secret=secret, algorithm="sha256").digest()
