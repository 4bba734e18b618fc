"""Sending: made once and never repeated, and every way in which it can end is told apart, since a second POST of a
request that fal already has would be drawn and billed twice."""

import json
import logging
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from pytest_django import Settings

from generations.fal import wire
from generations.fal.client import Accepted, Locked, Refused, Rejected, Sent, Unknown, send
from tests.generations.fal.conftest import LARGE, Serve, point_at
from tests.generations.fal.servers import CUT, closed_port, reply, trickle
from tests.standins.launch import StandIn

HOOK = "http://testserver/webhooks/fal/secret-of-the-draw?a=1&b=2"
ACCEPTED = {"status": "IN_QUEUE", "request_id": "019ef3ca-bf2e-71b2-8000-000000000001"}


def post(**options: float | None) -> Sent:
    return send(LARGE, {"prompt": "a quiet fox", "seed": 7}, webhook=HOOK, **options)


def test_a_request_is_accepted_and_drawn(standin: StandIn) -> None:
    outcome = post()

    assert isinstance(outcome, Accepted)
    calls = standin.log(on="submit")
    assert [call["request_id"] for call in calls] == [outcome.request_id]
    assert calls[0]["body"] == {"prompt": "a quiet fox", "seed": 7}
    assert calls[0]["path"] == f"/queue/{LARGE}"


def test_a_request_carries_the_key_the_webhook_and_how_long_to_keep_the_picture(
    serve: Serve, settings: Settings
) -> None:
    server = serve(lambda heard: reply(200, ACCEPTED | {"queue_position": 3}))
    settings.FAL_KEY = "key-id:key-secret"

    outcome = post(start_within_s=290.7)

    assert outcome == Accepted(ACCEPTED["request_id"], 3)
    [heard] = server.heard
    target = urlsplit(heard.target)
    assert (heard.method, target.path) == ("POST", f"/queue/{LARGE}")
    assert parse_qs(target.query) == {"fal_webhook": [HOOK]}
    assert heard.headers["authorization"] == "Key key-id:key-secret"
    assert json.loads(heard.headers["x-fal-object-lifecycle-preference"]) == {"expiration_duration_seconds": 86_400}
    assert heard.headers["x-fal-request-timeout"] == "290"
    assert heard.headers["content-type"] == "application/json"
    assert json.loads(heard.body) == {"prompt": "a quiet fox", "seed": 7}
    assert {"x-fal-no-retry", "x-fal-store-io"} & heard.headers.keys() == set()


def test_without_key_webhook_and_deadline_none_is_sent(serve: Serve) -> None:
    server = serve(lambda heard: reply(200, ACCEPTED))

    send(LARGE, {}, webhook=None)

    [heard] = server.heard
    assert heard.target == f"/queue/{LARGE}"
    assert heard.headers["authorization"] == "Key standin:standin"
    assert "x-fal-request-timeout" not in heard.headers


@pytest.mark.parametrize(("given", "sent"), [(0.2, "2"), (1.0, "2"), (3.9, "3")])
def test_a_start_deadline_is_never_shorter_than_fal_takes(serve: Serve, given: float, sent: str) -> None:
    server = serve(lambda heard: reply(200, ACCEPTED))

    post(start_within_s=given)

    assert server.heard[0].headers["x-fal-request-timeout"] == sent


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_2xx_with_an_id_is_accepted(serve: Serve, status: int) -> None:
    serve(lambda heard: reply(status, {"request_id": "abc", "queue_position": None}))

    assert post() == Accepted("abc")


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, {"status": "IN_QUEUE"}),
        reply(200, {"request_id": None}),
        reply(200, {"request_id": ""}),
        reply(200, {"request_id": "../../other"}),
        reply(200, []),
        reply(200, b"<html>"),
        reply(200, b""),
        reply(204),
        reply(200, b"[" * 100_000),
        reply(200, b"not gzip", content_encoding="gzip"),
        reply(200, b'{"request_id": "abc"}', content_length="99"),
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"what is this\r\n\r\n",
        CUT,
    ],
)
def test_an_answer_that_is_lost_or_unreadable_is_unknown_and_not_repeated(serve: Serve, answer: bytes) -> None:
    server = serve(lambda heard: answer)

    assert isinstance(post(), Unknown)
    assert len(server.heard) == 1


def test_a_silent_fal_is_unknown(serve: Serve, settings: Settings) -> None:
    settings.FAL_TIMEOUT_S = 0.2
    server = serve(lambda heard: None)

    assert post() == Unknown("ReadTimeout")
    assert len(server.heard) == 1


def test_an_answer_that_trickles_for_ever_is_unknown(serve: Serve, settings: Settings) -> None:
    settings.FAL_TIMEOUT_S = 0.2
    serve(lambda heard: trickle(reply(200, ACCEPTED | {"note": "x" * 100}), 0.02))

    assert post() == Unknown("ReadTimeout")


@pytest.mark.parametrize("how", ["before_body", "before_reply", "mid_body"])
def test_a_cut_connection_is_unknown_and_not_repeated(standin: StandIn, how: str) -> None:
    standin.control([{"on": "submit", "cut": how}])

    assert isinstance(post(), Unknown)
    assert len(standin.log(on="submit")) == 1


def test_nobody_listening_is_unreachable(settings: Settings) -> None:
    point_at(settings, f"http://127.0.0.1:{closed_port()}")

    assert post() == Refused("unreachable")


def test_a_name_that_does_not_resolve_is_unreachable(settings: Settings) -> None:
    settings.FAL_QUEUE_URL = "http://queue.invalid"

    assert post() == Refused("unreachable")


def test_a_tls_line_that_cannot_be_made_is_unreachable(serve: Serve, settings: Settings) -> None:
    serve(lambda heard: CUT)
    settings.FAL_QUEUE_URL = settings.FAL_QUEUE_URL.replace("http://", "https://")

    assert post() == Refused("unreachable")


def test_a_key_that_cannot_be_written_in_a_header_never_leaves(serve: Serve, settings: Settings) -> None:
    server = serve(lambda heard: reply(200, ACCEPTED))
    settings.FAL_KEY = "id:sec\nret"

    assert post() == Refused("unreachable")
    assert server.heard == []


def test_a_proxy_that_refuses_is_unreachable(serve: Serve, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(lambda heard: reply(403))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setattr(wire, "_clients", {})
    settings.FAL_QUEUE_URL = "https://queue.fal.run"

    assert post() == Refused("unreachable")
    assert [heard.method for heard in proxy.heard] == ["CONNECT"]


def test_the_stand_in_is_never_asked_by_a_proxy(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setattr(wire, "_clients", {})

    assert isinstance(post(), Accepted)


@pytest.mark.parametrize("status", [408, 425, 429])
def test_too_many_requests_are_refused_and_may_be_sent_again(serve: Serve, status: int) -> None:
    server = serve(lambda heard: reply(status, {"detail": "slow down"}, retry_after="7"))

    assert post() == Refused("busy", 7.0)
    assert len(server.heard) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_fal_that_is_down_refuses(serve: Serve, status: int) -> None:
    server = serve(lambda heard: reply(status, b"<html>nginx</html>", x_fal_needs_retry="0"))

    assert post() == Refused("down")
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    ("name", "value", "wait_s"),
    [
        ("retry_after", "2.5", 2.5),
        ("retry_after", "-1", 0),
        ("retry_after", "soon", 0),
        ("retry_after", "nan", 0),
        ("retry_after", "inf", 0),
        ("retry_after", "86400", 600),
        ("retry_after", "Wed, 01 Jan 2020 00:01:00 GMT", 60),
        ("retry_after", "Tue, 31 Dec 2019 23:59:00 GMT", 0),
        ("x_ratelimit_reset", "9", 9),
        ("x_ratelimit_reset", "1577836860", 60),
    ],
)
def test_fals_wish_for_a_pause_is_passed_on(serve: Serve, name: str, value: str, wait_s: float) -> None:
    serve(lambda heard: reply(429, **{name: value}))

    with time_machine.travel("2020-01-01T00:00:00Z", tick=False):
        assert post() == Refused("busy", wait_s)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(serve: Serve, status: int) -> None:
    target = serve(lambda heard: reply(200, ACCEPTED))
    server = serve(lambda heard: reply(status, location=f"{target.url}/queue/x"))

    assert post() == Refused("redirected")
    assert (len(server.heard), target.heard) == (1, [])


@pytest.mark.parametrize(
    "reason", ["Exhausted balance. Top up.", "Admin lock. Please contact support@fal.ai", "TOP_UP"]
)
def test_a_locked_account_is_told_apart(standin: StandIn, reason: str) -> None:
    standin.control(locked=reason)

    assert post() == Locked("account_locked", f"User is locked. Reason: {reason}")

    standin.control(locked="")
    assert isinstance(post(), Accepted)


def test_a_key_that_fal_does_not_know_is_told_apart(standin: StandIn, settings: Settings) -> None:
    standin.control(keys=["standin:standin"])
    settings.FAL_KEY = "somebody:else"

    assert post() == Locked("bad_key", "No user found for Key ID and Secret")


def test_a_key_without_a_colon_is_told_apart(standin: StandIn, settings: Settings) -> None:
    settings.FAL_KEY = "nonsense"

    outcome = post()

    assert isinstance(outcome, Locked)
    assert outcome.code == "bad_key"


def test_an_account_that_owes_is_locked(serve: Serve) -> None:
    serve(lambda heard: reply(402, {"detail": "Payment required"}))

    assert post() == Locked("account_locked", "Payment required")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"detail": "Invalid JSON", "error_type": "bad_request"}, "bad_input"),
        (403, {"detail": "Access denied"}, "model_unavailable"),
        (404, {"detail": "Path /x not found"}, "model_unavailable"),
        (404, {"detail": "Application not found"}, "model_unavailable"),
        (409, {}, "fal_rejected"),
        (413, {}, "bad_input"),
        (422, {"detail": [{"type": "missing", "loc": ["body", "prompt"]}]}, "bad_input"),
    ],
)
def test_any_other_4xx_is_for_good(serve: Serve, status: int, body: object, code: str) -> None:
    server = serve(lambda heard: reply(status, body))

    outcome = post()

    assert isinstance(outcome, Rejected)
    assert (outcome.verdict.code, outcome.verdict.billed_maybe) == (code, False)
    assert len(server.heard) == 1


def test_an_unknown_endpoint_is_rejected_by_the_stand_in(standin: StandIn) -> None:
    outcome = send("krea/v9/huge", {"prompt": "x"}, webhook=None)

    assert isinstance(outcome, Rejected)
    assert outcome.verdict.code == "model_unavailable"


def test_an_endpoint_that_is_none_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="not an endpoint"):
        send("../etc", {}, webhook=None)


def test_a_stand_in_that_is_down_refuses_with_a_status_and_is_unknown_without(standin: StandIn) -> None:
    standin.control(down=503)
    refused = post()
    standin.control(down=True)
    unknown = post()

    assert refused == Refused("down")
    assert isinstance(unknown, Unknown)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 422}, {"cut": "before_reply"}, {"delay_s": 0}])
def test_the_log_has_neither_prompt_nor_key_nor_the_draws_secret(
    standin: StandIn, settings: Settings, caplog: pytest.LogCaptureFixture, fault: dict[str, object]
) -> None:
    settings.FAL_KEY = "key-id:key-secret"
    standin.control([{"on": "submit", **fault}])
    caplog.set_level(logging.DEBUG)

    post()

    text = caplog.text
    assert [secret for secret in ("quiet fox", "key-secret", "secret-of-the-draw") if secret in text] == []
    assert fault == {"delay_s": 0} or LARGE in text
