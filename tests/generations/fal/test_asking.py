"""Asking fal for status and result, and cancelling: what each answer means, and that tasks (sync) and the follower
(async) read them alike."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from generations.fal.client import (
    Accepted,
    AccountLocked,
    CancelAnswer,
    Result,
    State,
    Status,
    Unavailable,
    cancel,
    cancel_async,
    open_async,
    result,
    result_async,
    send,
    status,
    status_async,
)
from tests.generations.fal.conftest import LARGE, Serve, point_at
from tests.generations.fal.servers import CUT, closed_port, reply
from tests.standins.launch import StandIn

ID = "019ef3ca-bf2e-71b2-8000-000000000001"
TURBO = "fal-ai/krea-2/turbo/lora"
Twin = Callable[[str, str], Any]


def by_follower(call: Callable[..., Awaitable[Any]]) -> Twin:
    """The async twin, called as the follower does."""

    async def once(endpoint: str, request_id: str) -> object:
        async with open_async() as http:
            return await call(http, endpoint, request_id)

    return lambda endpoint, request_id: asyncio.run(once(endpoint, request_id))


STATUS = [pytest.param(status, id="task"), pytest.param(by_follower(status_async), id="follower")]
RESULT = [pytest.param(result, id="task"), pytest.param(by_follower(result_async), id="follower")]
CANCEL = [pytest.param(cancel, id="task"), pytest.param(by_follower(cancel_async), id="follower")]


def sent(endpoint: str = LARGE, prompt: str = "a fox", **options: float) -> str:
    outcome = send(endpoint, {"prompt": prompt, "seed": 7}, webhook=None, **options)
    assert isinstance(outcome, Accepted)
    return outcome.request_id


def finished(standin: StandIn, endpoint: str = LARGE, prompt: str = "a fox") -> str:
    """A request that is over."""
    request_id = sent(endpoint, prompt)
    standin.control(finish=request_id)
    return request_id


# Status ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", STATUS)
def test_a_request_waits_is_drawn_and_completes(standin: StandIn, ask: Twin) -> None:
    standin.control(concurrency=1, latency_s=60)
    first, second = sent(), sent(prompt="a second fox")

    assert ask(LARGE, first) == Status(State.DRAWING)
    assert ask(LARGE, second) == Status(State.QUEUED, queue_position=0)

    standin.control(finish=first)
    done = ask(LARGE, first)
    assert (done.state, done.error, done.error_type) == (State.COMPLETED, None, None)
    assert done.inference_time >= 0
    assert {call["path"] for call in standin.log(on="status", request_id=first)} == {
        f"/queue/krea/v2/requests/{first}/status"
    }


@pytest.mark.parametrize("ask", STATUS)
def test_an_unknown_request_is_missing(standin: StandIn, ask: Twin) -> None:
    assert ask(LARGE, ID) == Status(State.MISSING)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ((202, {"status": "IN_QUEUE"}), Status(State.QUEUED)),
        ((200, {"status": "IN_QUEUE", "queue_position": 4}), Status(State.QUEUED, 4)),
        ((202, {"status": "IN_PROGRESS", "logs": None, "metrics": None}), Status(State.DRAWING)),
        ((202, {"status": "in_queue"}), Status(State.QUEUED)),
        ((202, {"status": "PAUSED"}), Status(State.DRAWING)),
        ((200, {"status": "FAILED"}), Status(State.DRAWING)),
        ((200, {}), Status(State.DRAWING)),
        ((200, {"status": "COMPLETED", "metrics": {"inference_time": 3.42}}), Status(State.COMPLETED, None, 3.42)),
        ((202, {"status": "COMPLETED", "metrics": {"inference_time": None}}), Status(State.COMPLETED)),
        ((200, {"status": "COMPLETED", "metrics": {"inference_time": "NaN"}}), Status(State.COMPLETED)),
        ((200, {"status": "COMPLETED", "metrics": {"inference_time": float("nan")}}), Status(State.COMPLETED)),
        (
            (200, {"status": "COMPLETED", "error": "x", "error_type": "y"}),
            Status(State.COMPLETED, None, None, "x", "y"),
        ),
        ((200, {"status": "COMPLETED", "error": None, "error_type": 7}), Status(State.COMPLETED)),
        ((404, {"status": "NOT_FOUND"}), Status(State.MISSING)),
        ((404, {"detail": "Request not found"}), Status(State.MISSING)),
        ((410, {"detail": "Gone"}), Status(State.MISSING)),
        ((200, {"status": "NOT_FOUND"}), Status(State.MISSING)),
    ],
)
def test_a_status_is_read(serve: Serve, answer: tuple[int, object], read: Status) -> None:
    serve(lambda heard: reply(*answer))

    assert status(LARGE, ID) == read


DOORS = [
    reply(200, b"<html>"),
    reply(200, []),
    reply(204),
    reply(302, location="http://127.0.0.1:1/"),
    reply(404, b"<html>nginx</html>"),
    reply(404, {"detail": f"Path /krea/v2/requests/{ID} not found"}),
    reply(405, {"detail": "Method Not Allowed"}),
    reply(429, {"detail": "slow down"}),
    reply(500, b"Internal Server Error"),
    reply(502, b"<html>nginx</html>"),
    reply(503, {"detail": "Service unavailable"}),
    reply(504),
    CUT,
    reply(200, b"{}", content_length="99"),
]


@pytest.mark.parametrize("ask", STATUS)
@pytest.mark.parametrize("answer", DOORS)
def test_a_status_that_cannot_be_had_is_no_news(serve: Serve, ask: Twin, answer: bytes) -> None:
    serve(lambda heard: answer)

    with pytest.raises(Unavailable):
        ask(LARGE, ID)


# Result ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", RESULT)
def test_a_picture_is_delivered_with_its_bill(standin: StandIn, ask: Twin) -> None:
    request_id = finished(standin, TURBO)

    got: Result = ask(TURBO, request_id)

    assert got.http_status == 200
    assert got.verdict.kind == "delivered"
    assert got.billable_units == Decimal(got.headers["x-fal-billable-units"]) > 0
    assert isinstance(got.body, dict)
    assert (got.body["seed"], len(got.body["images"])) == (7, 1)
    assert standin.log(on="result")[0]["path"] == f"/queue/fal-ai/krea-2/requests/{request_id}"


@pytest.mark.parametrize("ask", RESULT)
def test_declined_content_is_blocked_though_the_status_says_completed(standin: StandIn, ask: Twin) -> None:
    request_id = finished(standin, prompt="something forbidden")

    got: Result = ask(LARGE, request_id)

    assert (got.http_status, got.verdict.code) == (422, "content_blocked")
    assert "something forbidden" not in repr(got)


@pytest.mark.parametrize("ask", RESULT)
def test_a_result_asked_for_too_early_is_busy(standin: StandIn, ask: Twin) -> None:
    standin.control(latency_s=60)

    assert ask(LARGE, sent()).verdict.kind == "busy"


@pytest.mark.parametrize("ask", RESULT)
def test_a_result_that_fal_has_dropped_is_gone(standin: StandIn, ask: Twin) -> None:
    request_id = finished(standin)
    standin.control([{"on": "result", "gone": True, "times": None}])

    assert ask(LARGE, request_id).verdict.kind == "gone"
    assert ask(LARGE, ID).verdict.kind == "gone"


def test_a_request_that_did_not_start_in_time_is_ours_to_draw_again(standin: StandIn) -> None:
    body = {"detail": "Request timed out", "error_type": "request_timeout"}
    standin.control(fail={"status": 504, "body": body})
    request_id = finished(standin)

    told = status(LARGE, request_id), result(LARGE, request_id)

    assert (told[0].state, told[0].error_type) == (State.COMPLETED, "request_timeout")
    assert (told[1].http_status, told[1].verdict.kind, told[1].verdict.code) == (504, "again", "timed_out")


@pytest.mark.parametrize(
    ("body", "means"),
    [
        (None, "fal_error"),
        ({"detail": "x", "error_type": "runner_disconnected"}, "fal_error"),
        ({"detail": "just a text"}, "fal_error"),
        ("Internal Server Error", "fal_error"),
    ],
)
def test_a_failed_request_speaks_for_itself_in_any_shape(standin: StandIn, body: object, means: str) -> None:
    standin.control(fail={"status": 500, **({"body": body} if body else {})})
    request_id = finished(standin)

    got = result(LARGE, request_id)

    assert (got.http_status, got.verdict.kind, got.verdict.code) == (500, "again", means)
    assert len(standin.log(on="result")) == 1


@pytest.mark.parametrize("ask", RESULT)
@pytest.mark.parametrize("answer", DOORS[:6] + DOORS[7:])
def test_a_door_that_is_shut_says_nothing_about_the_request(serve: Serve, ask: Twin, answer: bytes) -> None:
    serve(lambda heard: answer)

    with pytest.raises(Unavailable):
        ask(LARGE, ID)


@pytest.mark.parametrize("request_id", [ID, "other"])
def test_a_5xx_counts_only_when_it_names_the_request(serve: Serve, request_id: str) -> None:
    serve(lambda heard: reply(500, {"detail": "Internal Server Error"}, x_fal_request_id=ID))

    if request_id == ID:
        assert result(LARGE, ID).verdict.kind == "again"
    else:
        with pytest.raises(Unavailable):
            result(LARGE, request_id)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (reply(404, {"detail": "Path /x not found"}, x_fal_billable_units="0"), "failed", "model_unavailable"),
        (reply(404, {"detail": "x", "error_type": "bad_request"}), "failed", "bad_input"),
        (reply(403, {"detail": "User is locked. Reason: TOP_UP"}), "locked", "account_locked"),
        (reply(499, {"detail": "x", "error_type": "client_cancelled"}), "canceled", "canceled"),
        (reply(400, {"detail": "x"}), "failed", "fal_rejected"),
        (reply(200, {"images": []}), "failed", "no_media"),
    ],
)
def test_a_result_means(serve: Serve, answer: bytes, kind: str, code: str) -> None:
    serve(lambda heard: answer)

    got = result(LARGE, ID)

    assert (got.verdict.kind, got.verdict.code) == (kind, code)


@pytest.mark.parametrize("units", ["", "much", "nan", "-1", "inf", "1e30"])
def test_a_bill_that_is_no_number_is_none(serve: Serve, units: str) -> None:
    serve(lambda heard: reply(200, {"images": []}, x_fal_billable_units=units))

    assert result(LARGE, ID).billable_units is None


# Cancel ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", CANCEL)
def test_a_waiting_request_is_canceled_and_one_that_is_drawn_only_perhaps(standin: StandIn, ask: Twin) -> None:
    standin.control(concurrency=1, latency_s=60)
    drawing, waiting = sent(), sent(prompt="a second fox")

    assert ask(LARGE, waiting) == CancelAnswer.AGREED
    assert ask(LARGE, waiting) == CancelAnswer.TOO_LATE
    assert ask(LARGE, drawing) == CancelAnswer.REQUESTED
    assert ask(LARGE, ID) == CancelAnswer.UNKNOWN_ID
    assert result(LARGE, waiting).verdict.kind == "canceled"


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ((200, {"status": "OK"}), CancelAnswer.AGREED),
        ((202, {"status": "CANCELLATION_REQUESTED"}), CancelAnswer.REQUESTED),
        ((200, {"status": "CANCELLATION_REQUESTED"}), CancelAnswer.REQUESTED),
        ((400, {"status": "ALREADY_COMPLETED"}), CancelAnswer.TOO_LATE),
        ((400, {"detail": "too late"}), CancelAnswer.TOO_LATE),
        ((404, {"status": "NOT_FOUND"}), CancelAnswer.UNKNOWN_ID),
        ((200, {"success": True}), CancelAnswer.REQUESTED),
        ((200, {"success": False}), CancelAnswer.TOO_LATE),
        ((200, b""), CancelAnswer.REQUESTED),
        ((204,), CancelAnswer.REQUESTED),
    ],
)
def test_the_answer_to_a_cancel_is_read(serve: Serve, answer: Any, read: CancelAnswer) -> None:
    server = serve(lambda heard: reply(*answer))

    assert cancel(LARGE, ID) == read
    [heard] = server.heard
    assert (heard.method, heard.target) == ("PUT", f"/queue/krea/v2/requests/{ID}/cancel")
    assert heard.headers["content-length"] == "0"


@pytest.mark.parametrize("answer", [reply(404, b"nginx"), reply(429), reply(500), reply(503), CUT])
def test_a_cancel_that_is_not_heard_is_unavailable(serve: Serve, answer: bytes) -> None:
    serve(lambda heard: answer)

    with pytest.raises(Unavailable):
        cancel(LARGE, ID)


# All of them ----------------------------------------------------------------------------------------

ALL = [pytest.param(call, id=call.__name__) for call in (status, result, cancel)]
FOLLOWERS = [*STATUS[1:], *RESULT[1:], *CANCEL[1:]]


@pytest.mark.parametrize("ask", [*STATUS, *RESULT, *CANCEL])
def test_a_bad_key_is_the_accounts_trouble(standin: StandIn, settings: Settings, ask: Twin) -> None:
    standin.control(keys=["somebody:else"])

    with pytest.raises(AccountLocked) as told:
        ask(LARGE, ID)

    assert (told.value.code, told.value.reason) == ("bad_key", "No user found for Key ID and Secret")


@pytest.mark.parametrize("ask", [status, cancel])
def test_a_locked_account_is_told_apart_from_a_missing_request(serve: Serve, ask: Twin) -> None:
    serve(lambda heard: reply(403, {"detail": "User is locked. Reason: TOP_UP"}))

    with pytest.raises(AccountLocked) as told:
        ask(LARGE, ID)

    assert told.value.code == "account_locked"


@pytest.mark.parametrize("ask", ALL)
def test_a_task_asks_again_after_a_passing_trouble(serve: Serve, ask: Twin) -> None:
    answers = [CUT, reply(503), reply(404, {"status": "NOT_FOUND"})]
    server = serve(lambda heard: answers[len(server.heard) - 1])

    ask(LARGE, ID)

    assert len(server.heard) == 3


@pytest.mark.parametrize("ask", ALL)
def test_a_task_gives_up_after_three_tries(serve: Serve, ask: Twin) -> None:
    server = serve(lambda heard: reply(503))

    with pytest.raises(Unavailable):
        ask(LARGE, ID)

    assert len(server.heard) == 3


def test_a_task_does_not_sit_out_a_long_pause(serve: Serve) -> None:
    server = serve(lambda heard: reply(503, retry_after="30"))

    with pytest.raises(Unavailable) as told:
        status(LARGE, ID)

    assert (told.value.retry_after_s, len(server.heard)) == (30.0, 1)


def test_a_task_does_not_try_again_when_half_its_time_is_over(serve: Serve, settings: Settings) -> None:
    settings.FAL_TIMEOUT_S = 0.2
    server = serve(lambda heard: None)

    with pytest.raises(Unavailable):
        status(LARGE, ID)

    assert len(server.heard) == 1


@pytest.mark.parametrize("ask", FOLLOWERS)
def test_the_follower_asks_once(serve: Serve, ask: Twin) -> None:
    server = serve(lambda heard: reply(503))

    with pytest.raises(Unavailable):
        ask(LARGE, ID)

    assert len(server.heard) == 1


@pytest.mark.parametrize("ask", [*ALL, *FOLLOWERS])
def test_nobody_listening_is_unavailable(settings: Settings, ask: Twin) -> None:
    point_at(settings, f"http://127.0.0.1:{closed_port()}")

    with pytest.raises(Unavailable):
        ask(LARGE, ID)


@pytest.mark.parametrize("ask", [*ALL, *FOLLOWERS])
def test_a_reply_that_names_another_address_leads_nowhere(serve: Serve, ask: Twin) -> None:
    elsewhere = serve(lambda heard: reply(200, {"status": "COMPLETED"}))
    url = f"{elsewhere.url}/queue/krea/v2/requests/{ID}"
    body = {"status": "COMPLETED", "response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}
    server = serve(lambda heard: reply(200, body))

    ask(LARGE, ID)

    assert (len(server.heard), elsewhere.heard) == (1, [])


@pytest.mark.parametrize("ask", [*ALL, *FOLLOWERS])
def test_a_redirect_with_the_key_is_never_followed(serve: Serve, ask: Twin) -> None:
    elsewhere = serve(lambda heard: reply(200, {"status": "COMPLETED"}))
    server = serve(lambda heard: reply(307, location=f"{elsewhere.url}/x"))

    with pytest.raises(Unavailable):
        ask(LARGE, ID)

    assert (bool(server.heard), elsewhere.heard) == (True, [])


@pytest.mark.parametrize("ask", [*ALL, *FOLLOWERS])
def test_an_odd_request_id_is_our_own_mistake(ask: Twin) -> None:
    with pytest.raises(ValueError, match="not a request id"):
        ask(LARGE, "../../account")
