"""Stripe's signature on an event: a keyed hash over the moment and the body."""

import hashlib
import hmac
import time

STALE_BY_S = 600
STRANGER = "whsec_strangers_own_secret"


def header(body: bytes, secret: str, *, shift_s: int = 0) -> str:
    """The value of Stripe-Signature, made now by the real clock, since that is what receivers compare with."""
    stamp = int(time.time()) + shift_s
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"
