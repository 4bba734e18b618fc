"""Keys that sign webhooks so that receivers check them with what we publish: one signs, several are published.

They are rows, so that every machine signs with the same one; the private half is sealed. Receivers keep what we publish
for a day: a new key is published two days before it signs, an old one for a week after its last signature.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from . import sealed
from .models import SigningKey

SIGNS_FOR = timedelta(days=90)
PUBLISHED_BEFORE = timedelta(days=2)
PUBLISHED_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Signer:
    """The key that signs now."""

    id: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self.private.sign(message)


def signer(now: datetime) -> Signer:
    """The newest key whose time has come and that can be opened; a new one where there is none, as at the very first
    call, or after SECRET_KEY was changed without its fallback."""
    for row in SigningKey.objects.filter(signs_from__lte=now).order_by("-signs_from", "-id"):
        try:
            raw = sealed.unseal(row.private.encode())
        except sealed.Unreadable:
            continue
        return Signer(str(row.pk), Ed25519PrivateKey.from_private_bytes(raw))
    _make(now)
    return signer(now)


def jwks(now: datetime) -> dict[str, Any]:
    """The public keys to check with, as RFC 7517 and RFC 8037 write them, the newest first."""
    signer(now)  # so that there is one
    keys = [
        {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": str(row.pk), "x": row.public}
        for row in _published(now)
    ]
    return {"keys": keys}


def rotate(now: datetime | None = None) -> None:
    """Each night: prepare the next key when the newest has signed for long, and drop those that nobody needs."""
    now = now or timezone.now()
    newest = SigningKey.objects.order_by("-signs_from", "-id").first()
    if newest is not None and newest.signs_from < now - SIGNS_FOR + PUBLISHED_BEFORE:
        _make(now + PUBLISHED_BEFORE)
    SigningKey.objects.exclude(pk__in=[row.pk for row in _published(now)]).delete()


def _published(now: datetime) -> list[SigningKey]:
    """A key signs until the next one does, and is published for a while longer."""
    found: list[SigningKey] = []
    for row in SigningKey.objects.order_by("-signs_from", "-id"):
        if found and found[-1].signs_from + PUBLISHED_AFTER <= now:
            break
        found.append(row)
    return found


def _make(signs_from: datetime) -> None:
    key = Ed25519PrivateKey.generate()
    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")
    private = sealed.seal(key.private_bytes_raw()).decode()
    SigningKey.objects.create(public=public, private=private, signs_from=signs_from)
