"""Webhooks: signed as fal signs them, tried again, and spoiled in every way on command."""

import base64
import hashlib
import time
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from standins.fal.signing import message_to_sign
from tests.standins.fal.caller import LARGE, Caller
from tests.standins.launch import StandIn
from tests.standins.receiver import Received, Receiver


def published_keys(caller: Caller) -> list[Ed25519PublicKey]:
    keys = caller.anybody.get("/.well-known/jwks.json").json()["keys"]
    assert {(key["kty"], key["crv"]) for key in keys} == {("OKP", "Ed25519")}
    return [Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=")) for key in keys]


def is_signed(got: Received, keys: list[Ed25519PublicKey]) -> bool:
    """Whether one of the keys signed it, worked out from fal's description and not from our code."""
    names = ("request-id", "user-id", "timestamp")
    parts = [got.headers[f"x-fal-webhook-{name}"] for name in names]
    message = "\n".join([*parts, hashlib.sha256(got.body).hexdigest()]).encode()
    signature = bytes.fromhex(got.headers["x-fal-webhook-signature"])
    return any(verifies(key, signature, message) for key in keys)


def verifies(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def age_s(got: Received) -> float:
    return time.time() - int(got.headers["x-fal-webhook-timestamp"])


def states(fal: StandIn) -> dict[str, int]:
    found: dict[str, int] = fal.summary()["webhooks"]
    return found


def wait_until_settled(fal: StandIn) -> dict[str, int]:
    """The receiver has answered already; the stand-in notes it a moment later."""
    deadline = time.monotonic() + 5
    while "pending" in states(fal) and time.monotonic() < deadline:
        time.sleep(0.01)
    return states(fal)


def test_the_message_and_signature_match_the_known_example() -> None:
    body = (
        b'{"request_id":"11111111-2222-3333-4444-555555555555","gateway_request_id":'
        b'"11111111-2222-3333-4444-555555555555","status":"OK","payload":{"images":[],"seed":1}}'
    )
    message = message_to_sign(
        request_id="11111111-2222-3333-4444-555555555555",
        user_id="github|123456",
        timestamp=1760000000,
        body=body,
    )

    signature = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).sign(message).hex()

    assert signature == (
        "c663a96d1983be92f24888b1fe0e0d24b7aa03bb46f11817c0bab557c70b9b17"
        "d9ddbe0e4e5ff70f3bfe2648a0271df88fa76095a4aeb3f7c43633ed6bc42b0e"
    )


def test_a_good_end_is_told_signed_and_with_the_result(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    ticket = caller.submit(LARGE, webhook=f"{receiver.url}/hook?a=1&b=2", seed=5)

    got = receiver.next()

    keys = published_keys(caller)
    assert (got.path, got.headers["content-type"]) == ("/hook?a=1&b=2", "application/json")
    assert got.json == {
        "request_id": ticket["request_id"],
        "gateway_request_id": ticket["request_id"],
        "status": "OK",
        "payload": caller.result(ticket).json(),
    }
    assert (len(keys), is_signed(got, keys), abs(age_s(got)) < 5) == (3, True, True)
    assert wait_until_settled(fal) == {"delivered": 1}


def test_a_bad_end_is_told_as_an_error(caller: Caller, receiver: Receiver) -> None:
    ticket = caller.submit(webhook=receiver.url, prompt="forbidden")

    told = receiver.next().json

    assert (told["status"], told["error"]) == ("ERROR", "Invalid status code: 422")
    assert told["payload"] == caller.result(ticket).json()


def test_nobody_is_told_of_what_never_started(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    fal.control(concurrency=1, latency_s=60)
    drawn, dropped = caller.submit(webhook=receiver.url), caller.submit(webhook=receiver.url)

    caller.cancel(dropped)
    fal.control(finish=True)

    assert receiver.next().json["request_id"] == drawn["request_id"]
    assert wait_until_settled(fal) == {"delivered": 1}


def test_a_refused_call_is_repeated_with_a_fresh_stamp(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    receiver.answers = [500, 401, 204]

    caller.submit(webhook=receiver.url)

    bodies = {receiver.next().body for _ in range(3)}
    assert (len(bodies), wait_until_settled(fal)) == (1, {"delivered": 1})
    assert [call["status"] for call in fal.log(on="webhook")] == [500, 401, 204]


def test_a_receiver_that_is_not_there_is_tried_again(fal: StandIn, caller: Caller) -> None:
    fal.control(speed=0.0001)

    caller.events(caller.submit(webhook="http://127.0.0.1:9/nobody"))

    assert wait_until_settled(fal) == {"failed": 1}
    assert len(fal.log(on="webhook")) == 12


def test_a_redirect_ends_it(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    receiver.answers = [302]

    caller.submit(webhook=receiver.url)
    receiver.next()

    assert wait_until_settled(fal) == {"failed": 1}


def test_never_means_never(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    fal.control([{"on": "webhook", "prompt": "mute", "never": True, "times": None}])
    mute = caller.submit(webhook=receiver.url, prompt="a mute swan")
    caller.events(mute)

    loud = caller.submit(webhook=receiver.url, prompt="a loud goose")

    assert receiver.next().json["request_id"] == loud["request_id"]
    assert wait_until_settled(fal) == {"never sent": 1, "delivered": 1}


def test_copies_arrive_twice(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    fal.control([{"on": "webhook", "copies": 2}])

    caller.submit(webhook=receiver.url)

    assert receiver.next().json == receiver.next().json


def test_a_late_call_comes_late(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    fal.control([{"on": "webhook", "late_s": 0.2}])
    began = time.monotonic()

    caller.submit(webhook=receiver.url)
    receiver.next()

    assert time.monotonic() - began > 0.2


def test_an_early_call_comes_before_the_answer(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    fal.control([{"on": "webhook", "early": True}], latency_s=60)

    ticket = caller.submit(webhook=receiver.url)

    got = receiver.arrivals.get_nowait()
    assert (got.json["request_id"], got.json["status"]) == (ticket["request_id"], "OK")
    assert (ticket["status"], caller.status(ticket).status_code) == ("IN_QUEUE", 200)
    assert states(fal) == {"delivered": 1}


def test_a_forged_call_is_signed_by_a_stranger_and_lies(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    fal.control([{"on": "webhook", "forged": True}])
    receiver.answers = [401]

    caller.submit(webhook=receiver.url)
    lie, truth = receiver.next(), receiver.next()

    keys = published_keys(caller)
    assert (is_signed(lie, keys), is_signed(truth, keys)) == (False, True)
    assert lie.json["payload"] != truth.json["payload"]


def test_a_forged_early_call_leaves_the_drawing_alone(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    fal.control([{"on": "webhook", "early": True, "forged": True}], latency_s=60)

    ticket = caller.submit(webhook=receiver.url)

    assert not is_signed(receiver.arrivals.get_nowait(), published_keys(caller))
    assert caller.status(ticket).json()["status"] == "IN_PROGRESS"


@pytest.mark.parametrize(("action", "age"), [({"stale_timestamp": True}, 600), ({"timestamp_shift_s": 400}, -400)])
def test_a_stale_call_is_signed_but_out_of_time(
    fal: StandIn, caller: Caller, receiver: Receiver, action: dict[str, Any], age: float
) -> None:
    fal.control([{"on": "webhook", **action}])

    caller.submit(webhook=receiver.url)
    got = receiver.next()

    assert is_signed(got, published_keys(caller))
    assert abs(age_s(got) - age) < 5


def test_a_payload_may_be_missing(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    fal.control([{"on": "webhook", "null_payload": True}])

    caller.submit(webhook=receiver.url)

    told = receiver.next().json
    assert (told["status"], told["payload"]) == ("OK", None)
    assert told["payload_error"]


def test_keys_change_and_the_newest_signs(fal: StandIn, caller: Caller, receiver: Receiver) -> None:
    before = published_keys(caller)

    fal.control(rotate_keys=True)
    caller.submit(webhook=receiver.url)
    got = receiver.next()

    assert (is_signed(got, before), is_signed(got, published_keys(caller))) == (False, True)
