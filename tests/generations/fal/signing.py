"""Signs as fal does, with keys of the tests' own. Written from fal's description and not from our verifier."""

import base64
import hashlib
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = 1_760_000_000.0
REQUEST_ID = "11111111-2222-3333-4444-555555555555"
USER_ID = "github|123456"
PICTURE = {"images": [{"url": "https://v3.fal.media/a.png"}], "seed": 7}


@dataclass
class Signer:
    """One of fal's keys."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> dict[str, str]:
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}

    def headers(self, body: bytes, *, at: float = NOW) -> dict[str, str]:
        message = "\n".join([REQUEST_ID, USER_ID, str(int(at)), hashlib.sha256(body).hexdigest()])
        return {
            "X-Fal-Webhook-Request-Id": REQUEST_ID,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": str(int(at)),
            "X-Fal-Webhook-Signature": self.private.sign(message.encode()).hex(),
        }


def jwks(*entries: object) -> dict[str, object]:
    return {"keys": list(entries)}


def told(**fields: object) -> bytes:
    """A webhook's body; a field that is given as ... is left out."""
    body = {"request_id": REQUEST_ID, "gateway_request_id": "g", "status": "OK", "payload": PICTURE} | fields
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()
