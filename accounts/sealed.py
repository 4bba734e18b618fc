"""Secrets of second factors, sealed: whoever reads the database, or a copy of it, cannot make codes with them.

The key comes from SECRET_KEY. Where that was changed, what was sealed before opens with SECRET_KEY_FALLBACKS alone.
"""

import base64
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

SALT = "accounts.sealed"
LOST_BYTES = 20  # as many as a secret of an authenticator app has


def seal(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text; a secret that nobody knows where it cannot be opened any more, so that no code fits it."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        return base64.b32encode(secrets.token_bytes(LOST_BYTES)).decode()


def opens(sealed: str) -> bool:
    """Whether its key is still known."""
    try:
        _keys().decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _keys() -> MultiFernet:
    known = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(secret))) for secret in known])


def _key(secret: str | bytes) -> bytes:
    return salted_hmac(SALT, "", secret=secret, algorithm="sha256").digest()
