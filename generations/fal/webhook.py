"""fal's calls to us: whether one is really fal's, and what it says.

The address is secret per draw, but addresses end up in logs; the signature is what counts.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from generations.fal.addresses import is_request_id
from generations.fal.errors import Verdict, classify, without_echo
from generations.fal.jwks import KeySet, KeysUnavailable, current_keys, newer_keys
from generations.fal.wire import read_json

__all__ = ["Forged", "Hook", "KeysUnavailable", "Malformed", "verify"]

TOLERANCE_S: Final = 300
HEADERS: Final = ("request-id", "user-id", "timestamp", "signature")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{128}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_STATUS_CODE = re.compile(r"status code:?\s*([1-5][0-9]{2})\b", re.IGNORECASE)


class Forged(Exception):
    """Not fal's, or too old or too young to tell. `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Malformed(Forged):
    """Signed by fal, but not a message that we can read."""


@dataclass(frozen=True)
class Hook:
    """One verified call. `payload` is the result's body, an error's too; `error_status` its HTTP status where fal
    names one. `needs_fetch`: the call does not say how it ended; ask for the result. The same call may come twice.
    """

    request_id: str
    user_id: str
    sent_at: int
    ok: bool
    payload: object
    error: str
    error_status: int | None
    needs_fetch: bool

    @property
    def http_status(self) -> int:
        """The status that the result's address would answer with; only where `needs_fetch` is False."""
        return 200 if self.ok else self.error_status or 500

    def verdict(self, endpoint: str = "") -> Verdict:
        """As `Result.verdict`; only where `needs_fetch` is False."""
        return classify(self.http_status, self.payload, endpoint=endpoint)


def verify(headers: Mapping[str, str], raw_body: bytes, *, now: float) -> Hook:
    """What fal says. `raw_body`: the bytes as they came; `now`: seconds since 1970.

    Forged (and Malformed), KeysUnavailable."""
    spelled = {name.lower(): value.strip() for name, value in headers.items()}
    request_id, user_id, timestamp, signature = (spelled.get(f"x-fal-webhook-{name}", "") for name in HEADERS)
    if not (request_id and user_id and timestamp and signature):
        raise Forged("a header is missing")
    if "\n" in request_id + user_id:
        raise Forged("a header holds a line break")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now - int(timestamp)) > TOLERANCE_S:
        raise Forged("the timestamp is not of these minutes")
    if not _SIGNATURE.fullmatch(signature):
        raise Forged("the signature is not 64 bytes in hex")
    digest = hashlib.sha256(raw_body).hexdigest()
    message = "\n".join((request_id, user_id, timestamp, digest)).encode(errors="replace")
    _check(bytes.fromhex(signature), message, now)
    return _read(raw_body, user_id, int(timestamp))


def _check(signature: bytes, message: bytes, now: float) -> None:
    """Forged where no key fits, new keys included."""
    keys = current_keys(now)
    if _fits(keys, signature, message):
        return
    newer = newer_keys(keys, now)
    if newer is None or not _fits(newer, signature, message):
        raise Forged("no key of fal fits the signature")


def _fits(keys: KeySet, signature: bytes, message: bytes) -> bool:
    for key in keys.keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        except InvalidSignature:
            continue
        return True
    return False


def _read(raw_body: bytes, user_id: str, sent_at: int) -> Hook:
    try:
        body = read_json(raw_body)
    except ValueError as error:
        raise Malformed("the body is not JSON") from error
    if not isinstance(body, dict) or not is_request_id(body.get("request_id")):
        raise Malformed("the body names no request")
    ok = body.get("status") == "OK"
    told = body.get("error")
    text = told if isinstance(told, str) else ""
    named = _STATUS_CODE.search(text)
    payload = body.get("payload")
    readable = isinstance(payload, dict) and not body.get("payload_error")
    return Hook(
        request_id=body["request_id"],
        user_id=user_id,
        sent_at=sent_at,
        ok=ok,
        payload=payload if ok else without_echo(payload),
        error=text[:200],
        error_status=int(named[1]) if named else None,
        needs_fetch=not readable or not (ok or (body.get("status") == "ERROR" and named)),
    )
