"""Only what fal signed, now, is believed; and every form in which fal tells of an end is read."""

import hashlib
import json
import logging
import time
from collections.abc import Iterator
from queue import Queue

import pytest

from generations.fal.client import Accepted, send
from generations.fal.webhook import Forged, Hook, KeysUnavailable, Malformed, verify
from tests.generations.fal.conftest import LARGE, Serve
from tests.generations.fal.servers import Heard, Server, reply
from tests.generations.fal.signing import NOW, PICTURE, REQUEST_ID, USER_ID, Signer, jwks, told
from tests.standins.launch import StandIn

# The vector of the protocol's description: a key whose private seed is 32 bytes of 0x01.
VECTOR_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w", "kid": "any"}
VECTOR_BODY = (
    b'{"request_id":"11111111-2222-3333-4444-555555555555","gateway_request_id":'
    b'"11111111-2222-3333-4444-555555555555","status":"OK","payload":{"images":[],"seed":1}}'
)
VECTOR_HEADERS = {
    "X-Fal-Webhook-Request-Id": "11111111-2222-3333-4444-555555555555",
    "X-Fal-Webhook-User-Id": "github|123456",
    "X-Fal-Webhook-Timestamp": "1760000000",
    "X-Fal-Webhook-Signature": "c663a96d1983be92f24888b1fe0e0d24b7aa03bb46f11817c0bab557c70b9b17"
    "d9ddbe0e4e5ff70f3bfe2648a0271df88fa76095a4aeb3f7c43633ed6bc42b0e",
}


@pytest.fixture
def signer(serve: Serve) -> Signer:
    """fal's key, published among others."""
    signer = Signer()
    serve(lambda heard: reply(200, jwks(Signer().public, signer.public, VECTOR_KEY)))
    return signer


def test_the_vector_of_the_description_is_fals(signer: Signer) -> None:
    digest = "3b74dfbe4aea76145658f2dd5b1df7efcbcb3a48fadabdc8c74c300ebaedce18"
    assert (len(VECTOR_BODY), hashlib.sha256(VECTOR_BODY).hexdigest()) == (160, digest)

    hook = verify(VECTOR_HEADERS, VECTOR_BODY, now=NOW)

    assert hook == Hook(REQUEST_ID, USER_ID, 1_760_000_000, True, {"images": [], "seed": 1}, "", None, False)


def test_headers_may_be_spelled_in_any_case_and_the_signature_too(signer: Signer) -> None:
    lowered = {name.lower(): value.upper() if "Sig" in name else value for name, value in VECTOR_HEADERS.items()}

    assert verify(lowered, VECTOR_BODY, now=NOW).ok


def test_no_byte_of_the_body_may_be_another(signer: Signer) -> None:
    for place in range(len(VECTOR_BODY)):
        tampered = bytearray(VECTOR_BODY)
        tampered[place] ^= 1
        with pytest.raises(Forged, match="no key"):
            verify(VECTOR_HEADERS, bytes(tampered), now=NOW)
    for longer in (VECTOR_BODY + b" ", VECTOR_BODY[:-1], b""):
        with pytest.raises(Forged, match="no key"):
            verify(VECTOR_HEADERS, longer, now=NOW)


@pytest.mark.parametrize("name", VECTOR_HEADERS)
def test_no_character_of_a_header_may_be_another(signer: Signer, name: str) -> None:
    value = VECTOR_HEADERS[name]
    for place, character in enumerate(value):
        other = "1" if character == "0" else "0"
        with pytest.raises(Forged):
            verify(VECTOR_HEADERS | {name: value[:place] + other + value[place + 1 :]}, VECTOR_BODY, now=NOW)


@pytest.mark.parametrize("name", VECTOR_HEADERS)
@pytest.mark.parametrize("value", [None, "", " "])
def test_no_header_may_be_missing(signer: Signer, name: str, value: str | None) -> None:
    headers = VECTOR_HEADERS | {name: value}

    with pytest.raises(Forged, match="missing"):
        verify({key: given for key, given in headers.items() if given is not None}, VECTOR_BODY, now=NOW)


def test_parts_of_the_message_cannot_be_shifted_between_headers(signer: Signer) -> None:
    shifted = {"X-Fal-Webhook-Request-Id": f"{REQUEST_ID}\ngithub|123456", "X-Fal-Webhook-User-Id": "1760000000"}

    with pytest.raises(Forged, match="line break"):
        verify(VECTOR_HEADERS | shifted, VECTOR_BODY, now=NOW)


@pytest.mark.parametrize("seconds", [-300, -299.5, 0, 299.5, 300])
def test_a_call_is_believed_within_five_minutes_either_way(signer: Signer, seconds: float) -> None:
    assert verify(VECTOR_HEADERS, VECTOR_BODY, now=NOW + seconds).ok


@pytest.mark.parametrize("seconds", [-301, -86400, 301, 3600])
def test_a_call_from_the_past_or_the_future_is_not(signer: Signer, seconds: float) -> None:
    with pytest.raises(Forged, match="timestamp"):
        verify(VECTOR_HEADERS, VECTOR_BODY, now=NOW + seconds)


@pytest.mark.parametrize("stamp", ["now", "1760000000.0", "-1760000000", "1e9", "\u0661", "9" * 13, "0x1"])
def test_a_timestamp_is_whole_seconds(signer: Signer, stamp: str) -> None:
    with pytest.raises(Forged, match="timestamp"):
        verify(VECTOR_HEADERS | {"X-Fal-Webhook-Timestamp": stamp}, VECTOR_BODY, now=NOW)


@pytest.mark.parametrize("signature", ["00", "zz" * 64, "c6 " * 43, "0" * 127, "0" * 130])
def test_a_signature_is_64_bytes_in_hex(signer: Signer, signature: str) -> None:
    with pytest.raises(Forged, match="64 bytes"):
        verify(VECTOR_HEADERS | {"X-Fal-Webhook-Signature": signature}, VECTOR_BODY, now=NOW)


def test_a_stranger_cannot_sign(signer: Signer) -> None:
    with pytest.raises(Forged, match="no key"):
        verify(Signer().headers(told()), told(), now=NOW)


def test_a_picture_is_told(signer: Signer) -> None:
    hook = verify(signer.headers(told()), told(), now=NOW)

    assert (hook.ok, hook.payload, hook.needs_fetch, hook.http_status) == (True, PICTURE, False, 200)
    assert hook.verdict(LARGE).kind == "delivered"


@pytest.mark.parametrize("text", ["Invalid status code: 422", "Unexpected status code: 422", "status code 422"])
def test_an_error_is_told_with_its_status(signer: Signer, text: str) -> None:
    entry = {"loc": ["body", "prompt"], "msg": "x", "type": "content_policy_violation", "input": "my prompt"}
    body = told(status="ERROR", error=text, payload={"detail": [entry]})

    hook = verify(signer.headers(body), body, now=NOW)

    assert (hook.ok, hook.error_status, hook.http_status, hook.needs_fetch) == (False, 422, 422, False)
    assert hook.verdict(LARGE).code == "content_blocked"
    assert "my prompt" not in repr(hook)


@pytest.mark.parametrize(
    "fields",
    [
        {"payload": None, "payload_error": "Response payload is not JSON serializable."},
        {"payload": None},
        {"payload": ...},
        {"payload": "text"},
        {"payload": []},
        {"payload_error": "something"},
        {"status": "ERROR", "error": "Invalid status code: 404", "payload": None, "payload_error": "x"},
        {"status": "ERROR", "error": "Invalid status code: 422", "payload": ...},
        {"status": "ERROR", "error": "Timed out", "payload": {"detail": "x"}},
        {"status": "ERROR", "error": None, "payload": {"detail": "x"}},
        {"status": "ERROR", "error": ..., "payload": {"detail": "x"}},
        {"status": "ERROR", "error": 422, "payload": {"detail": "x"}},
        {"status": "COMPLETED"},
        {"status": ...},
    ],
)
def test_a_call_that_does_not_say_how_it_ended_asks_us_to_fetch(signer: Signer, fields: dict[str, object]) -> None:
    body = told(**fields)

    hook = verify(signer.headers(body), body, now=NOW)

    assert (hook.request_id, hook.needs_fetch) == (REQUEST_ID, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"null",
        b"{}",
        told(request_id=...),
        told(request_id=None),
        told(request_id=""),
        told(request_id=7),
        told(request_id="../x"),
    ],
)
def test_a_signed_call_that_cannot_be_read_is_malformed(signer: Signer, body: bytes) -> None:
    with pytest.raises(Malformed):
        verify(signer.headers(body), body, now=NOW)


def test_the_reason_is_for_the_log_and_holds_nothing_of_the_call(
    signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with pytest.raises(Forged) as caught:
        verify(Signer().headers(told(payload="a quiet fox")), told(payload="a quiet fox"), now=NOW)

    assert caught.value.reason == "no key of fal fits the signature"
    assert "fox" not in caplog.text


# The stand-in's own calls ---------------------------------------------------------------------------


@pytest.fixture
def inbox() -> Iterator[tuple[Server, Queue[Heard]]]:
    """A server for webhooks, and what came to it."""
    came: Queue[Heard] = Queue()

    def take(heard: Heard) -> bytes:
        came.put(heard)
        return reply(200, {})

    with Server(take) as server:
        yield server, came


def hook_of(inbox: tuple[Server, Queue[Heard]], prompt: str = "a fox") -> tuple[str, Heard]:
    server, came = inbox
    outcome = send(LARGE, {"prompt": prompt, "seed": 7}, webhook=f"{server.url}/webhooks/fal/token")
    assert isinstance(outcome, Accepted)
    return outcome.request_id, came.get(timeout=5)


def test_the_stand_ins_call_is_verified_and_read(standin: StandIn, inbox: tuple[Server, Queue[Heard]]) -> None:
    request_id, heard = hook_of(inbox)

    hook = verify(heard.headers, heard.body, now=time.time())

    assert (hook.request_id, hook.ok, hook.needs_fetch) == (request_id, True, False)
    assert hook.verdict(LARGE).kind == "delivered"


def test_the_stand_ins_failure_is_read(standin: StandIn, inbox: tuple[Server, Queue[Heard]]) -> None:
    _, heard = hook_of(inbox, "something forbidden")

    hook = verify(heard.headers, heard.body, now=time.time())

    assert (hook.error_status, hook.verdict(LARGE).code) == (422, "content_blocked")


@pytest.mark.parametrize("fault", [{"forged": True}, {"stale_timestamp": True}, {"timestamp_shift_s": 400}])
def test_the_stand_ins_forgeries_are_refused(
    standin: StandIn, inbox: tuple[Server, Queue[Heard]], fault: dict[str, object]
) -> None:
    standin.control([{"on": "webhook", **fault}])
    _, heard = hook_of(inbox)

    with pytest.raises(Forged):
        verify(heard.headers, heard.body, now=time.time())


def test_a_payload_that_is_missing_is_fetched(standin: StandIn, inbox: tuple[Server, Queue[Heard]]) -> None:
    standin.control([{"on": "webhook", "null_payload": True}])
    _, heard = hook_of(inbox)

    assert verify(heard.headers, heard.body, now=time.time()).needs_fetch


def test_fals_new_key_is_believed(standin: StandIn, inbox: tuple[Server, Queue[Heard]]) -> None:
    for _ in range(2):
        _, heard = hook_of(inbox)
        assert verify(heard.headers, heard.body, now=time.time()).ok
        standin.control(rotate_keys=True)

    assert len(standin.log(on="jwks")) == 2


def test_without_keys_fal_is_asked_to_call_again(standin: StandIn, inbox: tuple[Server, Queue[Heard]]) -> None:
    standin.control([{"on": "jwks", "status": 503, "times": None}])
    _, heard = hook_of(inbox)

    with pytest.raises(KeysUnavailable):
        verify(heard.headers, heard.body, now=time.time())


def test_a_body_that_is_json_but_reordered_is_another_body(signer: Signer) -> None:
    body = told()
    reordered = json.dumps(dict(reversed(json.loads(body).items()))).encode()

    with pytest.raises(Forged):
        verify(signer.headers(body), reordered, now=NOW)
