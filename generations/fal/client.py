"""The calls of fal's queue: send a request, ask for its status and result, cancel it.

Each call is a pair of pure functions, one that writes the request and one that reads the answer; the senders for
tasks (sync) and for the follower (async) share both. `send` is never repeated in here: fal knows no idempotency
key, and would draw and bill twice.
"""

import json
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from generations import trace
from generations.fal.addresses import request_url, submit_url
from generations.fal.answers import (
    Accepted,
    AccountLocked,
    CancelAnswer,
    Locked,
    Refused,
    Rejected,
    Result,
    Sent,
    State,
    Status,
    Unknown,
    read_cancel,
    read_result,
    read_status,
    read_submit,
)
from generations.fal.wire import (
    Answer,
    AsyncClient,
    Call,
    NoAnswer,
    Unavailable,
    authorization,
    exchange,
    exchange_async,
    open_async,
    patiently,
)

__all__ = [
    "Accepted",
    "AccountLocked",
    "AsyncClient",
    "CancelAnswer",
    "Locked",
    "Refused",
    "Rejected",
    "Result",
    "Sent",
    "State",
    "Status",
    "Unavailable",
    "Unknown",
    "cancel",
    "cancel_async",
    "open_async",
    "result",
    "result_async",
    "send",
    "status",
    "status_async",
]

KEEP_S: Final = 86_400  # how long fal keeps the picture; ours is the copy that counts
_log = logging.getLogger(__name__)
T = TypeVar("T")


def send(endpoint: str, body: dict[str, object], *, webhook: str | None, start_within_s: float | None = None) -> Sent:
    """POST a new request, once. `webhook` is where fal shall call. `start_within_s`: fal gives up, unbilled,
    what it has not begun by then. Failures are values, not exceptions; ValueError for a bad endpoint.

    fal's own retries on 503, 504 and broken lines stay on (no X-Fal-No-Retry): they cost us nothing."""
    try:
        answer = exchange(_submit(endpoint, body, webhook, start_within_s))
    except NoAnswer as lost:
        outcome: Sent = Unknown(lost.reason) if lost.body_left else Refused("unreachable")
        _log.warning("fal %s: no answer to a submit: %s, %s", endpoint, lost.reason, type(outcome).__name__)
        return outcome
    outcome = read_submit(answer, endpoint)
    if not isinstance(outcome, Accepted):
        _log.warning("fal %s: submit answered %s: %s", endpoint, answer.status, type(outcome).__name__)
    return outcome


def status(endpoint: str, request_id: str) -> Status:
    """Unavailable, AccountLocked."""
    return _ask(_status_call(endpoint, request_id), read_status)


def result(endpoint: str, request_id: str) -> Result:
    """For a completed request only. Unavailable (also where the trouble is of fal's doors, not of the request),
    AccountLocked (our key; a locked account still gets its results)."""
    return _ask(_result_call(endpoint, request_id), lambda answer: read_result(answer, endpoint, request_id))


def cancel(endpoint: str, request_id: str) -> CancelAnswer:
    """Unavailable, AccountLocked. Asking twice does no harm."""
    return _ask(_cancel_call(endpoint, request_id), read_cancel)


async def status_async(http: AsyncClient, endpoint: str, request_id: str) -> Status:
    """As `status`, tried once: the follower comes again anyway."""
    return await _ask_async(http, _status_call(endpoint, request_id), read_status)


async def result_async(http: AsyncClient, endpoint: str, request_id: str) -> Result:
    """As `result`, tried once."""
    call = _result_call(endpoint, request_id)
    return await _ask_async(http, call, lambda answer: read_result(answer, endpoint, request_id))


async def cancel_async(http: AsyncClient, endpoint: str, request_id: str) -> CancelAnswer:
    """As `cancel`, tried once."""
    return await _ask_async(http, _cancel_call(endpoint, request_id), read_cancel)


def _ask(call: Call, read: Callable[[Answer], T]) -> T:
    def attempt() -> T:
        try:
            return read(exchange(call))
        except NoAnswer as lost:
            raise Unavailable(lost.reason) from lost

    return patiently(attempt)


async def _ask_async(http: AsyncClient, call: Call, read: Callable[[Answer], T]) -> T:
    try:
        return read(await exchange_async(http, call))
    except NoAnswer as lost:
        raise Unavailable(lost.reason) from lost


def _submit(endpoint: str, body: dict[str, object], webhook: str | None, start_within_s: float | None) -> Call:
    headers = authorization()
    headers["X-Fal-Object-Lifecycle-Preference"] = json.dumps({"expiration_duration_seconds": KEEP_S})
    if start_within_s is not None:
        headers["X-Fal-Request-Timeout"] = str(max(2, int(start_within_s)))  # fal's clients take no less than 1
    if request := trace.request():
        headers[trace.HEADER] = request
    params = {"fal_webhook": webhook} if webhook else {}
    return Call("POST", submit_url(endpoint), headers, params, json=body)


def _status_call(endpoint: str, request_id: str) -> Call:
    return Call("GET", f"{request_url(endpoint, request_id)}/status", authorization())


def _result_call(endpoint: str, request_id: str) -> Call:
    return Call("GET", request_url(endpoint, request_id), authorization())


def _cancel_call(endpoint: str, request_id: str) -> Call:
    return Call("PUT", f"{request_url(endpoint, request_id)}/cancel", authorization(), content=b"")
