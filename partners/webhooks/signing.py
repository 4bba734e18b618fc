"""Signatures of webhooks, as Standard Webhooks 1.0 has them (https://www.standardwebhooks.com): HMAC-SHA256 over id,
time and body, so that the receiver knows who calls, and that it is not an old call played again."""

import base64
import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256

from partners import sealed

HEAD = "whsec_"
SECRET_BYTES = 32
VERSION = "v1"


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return HEAD + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(secret: str) -> str:
    return sealed.seal(secret.encode()).decode()


def is_readable(sealed_secret: str) -> bool:
    """Whether it was sealed with a key that is still known."""
    try:
        sealed.unseal(sealed_secret.encode())
    except sealed.Unreadable:
        return False
    return True


def headers(message_id: str, timestamp: int, body: bytes, secrets_: Sequence[str]) -> dict[str, str]:
    """The three headers of a call; one signature for each sealed secret. Raises `sealed.Unreadable`."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"{VERSION},{_signature(each, signed)}" for each in secrets_),
    }


def _signature(sealed_secret: str, signed: bytes) -> str:
    key = base64.b64decode(sealed.unseal(sealed_secret.encode()).decode().removeprefix(HEAD))
    return base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
