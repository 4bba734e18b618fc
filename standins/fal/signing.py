"""Ed25519 signatures for webhooks, as fal makes them, and the public keys in a JWKS document."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

USER_ID = "standin|account"
KEYS_PUBLISHED = 3


class Keyring:
    """Signs with its first key, publishes all: a verifier must try each. Kept in a file where one is given."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        if file and file.exists():
            self._keys = [load(text) for text in json.loads(file.read_text())]
        else:
            self._keys = [Ed25519PrivateKey.generate() for _ in range(KEYS_PUBLISHED)]
            self._keep()
        self._stranger = Ed25519PrivateKey.generate()

    def rotate(self) -> None:
        """Sign with a new key from now on; the oldest is published no more."""
        self._keys = [Ed25519PrivateKey.generate(), *self._keys[:-1]]
        self._keep()

    def headers(self, *, request_id: str, body: bytes, timestamp: int, forged: bool = False) -> dict[str, str]:
        """The four headers of a webhook. A forged one is signed with a key that nobody published."""
        key = self._stranger if forged else self._keys[0]
        message = message_to_sign(request_id=request_id, user_id=USER_ID, timestamp=timestamp, body=body)
        return {
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": str(timestamp),
            "X-Fal-Webhook-Signature": key.sign(message).hex(),
        }

    def jwks(self) -> dict[str, Any]:
        """The public keys, oldest first: the one in use stands last, where the lazy do not look."""
        return {"keys": [public(key) for key in reversed(self._keys)]}

    def _keep(self) -> None:
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps([key.private_bytes_raw().hex() for key in self._keys]))


def message_to_sign(*, request_id: str, user_id: str, timestamp: int, body: bytes) -> bytes:
    """The four parts that fal signs, a line feed between them."""
    return "\n".join([request_id, user_id, str(timestamp), hashlib.sha256(body).hexdigest()]).encode()


def load(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))


def public(key: Ed25519PrivateKey) -> dict[str, str]:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    told = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": told, "kid": hashlib.sha256(raw).hexdigest()[:16]}
