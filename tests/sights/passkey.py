"""A passkey as a browser would have registered it, without a browser."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)


def credential() -> dict[str, Any]:
    """What the site keeps of a new passkey."""
    ours = ec.derive_private_key(2026, ec.SECP256R1()).public_key()
    public_key = ES256.from_cryptography_key(ours)  # type: ignore[no-untyped-call]
    of_id = b"on the stage only"
    attested = AttestedCredentialData.create(Aaguid.NONE, of_id, public_key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    told = AuthenticatorData.create(sha256(b"localhost"), flags, 0, attested)
    client = CollectedClientData.create("webauthn.create", b"0" * 32, "http://localhost")
    return {
        "id": websafe_encode(of_id),
        "rawId": websafe_encode(of_id),
        "type": "public-key",
        "response": {
            "attestationObject": websafe_encode(AttestationObject.create("none", told, {})),
            "clientDataJSON": websafe_encode(client),
        },
        "clientExtensionResults": {"credProps": {"rk": True}},
    }
