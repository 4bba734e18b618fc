"""What fal's queue answers, as values, and how each answer is read: HTTP in, one of a few outcomes out."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from generations.fal import errors
from generations.fal.addresses import is_request_id
from generations.fal.delivered import whole
from generations.fal.errors import Kind, Verdict
from generations.fal.wire import Answer, Unavailable

LONGEST_PAUSE_S: Final = 600.0


@dataclass(frozen=True)
class Accepted:
    """fal has it. `request_id` is the ticket: save it before anything else."""

    request_id: str
    queue_position: int | None = None


@dataclass(frozen=True)
class Refused:
    """Nothing was or will be billed; send again, not before `retry_after_s` (0: fal gave no time).

    `reason`: busy (429), down (5xx), unreachable (the body never left), redirected."""

    reason: str
    retry_after_s: float = 0.0


@dataclass(frozen=True)
class Locked:
    """Our account or key is refused, whatever is sent. `code`: account_locked or bad_key; `reason`: fal's words."""

    code: str
    reason: str


@dataclass(frozen=True)
class Rejected:
    """This request will never be taken; nothing was billed."""

    verdict: Verdict


@dataclass(frozen=True)
class Unknown:
    """The answer was lost: fal may be drawing and billing. Never send again blindly."""

    reason: str


Sent = Accepted | Refused | Locked | Rejected | Unknown


class AccountLocked(Exception):
    """fal refuses our account or key, so nothing could be learned. Fields as in `Locked`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class State(StrEnum):
    """Where a request stands. `completed` says nothing of success: the result does."""

    QUEUED = "queued"
    DRAWING = "drawing"
    COMPLETED = "completed"
    MISSING = "missing"


STATES: Final = {"IN_QUEUE": State.QUEUED, "COMPLETED": State.COMPLETED, "NOT_FOUND": State.MISSING}


@dataclass(frozen=True)
class Status:
    """`queue_position` counts those ahead; `inference_time` is seconds; the errors are fal's and often missing."""

    state: State
    queue_position: int | None = None
    inference_time: float | None = None
    error: str | None = None
    error_type: str | None = None


@dataclass(frozen=True)
class Result:
    """What the image model answered: its HTTP status, body (text where it was no JSON) and `x-fal-…` headers."""

    http_status: int
    body: object
    headers: Mapping[str, str]
    billable_units: Decimal | None
    endpoint: str

    @property
    def verdict(self) -> Verdict:
        return errors.classify(self.http_status, self.body, self.headers, endpoint=self.endpoint)


class CancelAnswer(StrEnum):
    """`requested` decides nothing: the picture may still come, and be billed. `too_late`: it is over, one way or
    another (also by an earlier cancel), and the result says which."""

    AGREED = "agreed"
    REQUESTED = "requested"
    TOO_LATE = "too_late"
    UNKNOWN_ID = "unknown_id"


def read_submit(answer: Answer, endpoint: str) -> Sent:
    body = answer.body()
    if answer.ok:
        ticket = body.get("request_id") if isinstance(body, dict) else None
        if isinstance(body, dict) and isinstance(ticket, str) and is_request_id(ticket):
            return Accepted(ticket, whole(body.get("queue_position")))
        return Unknown("accepted without a request id")
    if answer.status < 400:
        return Refused("redirected")
    if answer.status >= 500:
        return Refused("down", wait_s(answer.headers))
    verdict = errors.classify(answer.status, body, answer.headers, endpoint=endpoint, submitting=True)
    if verdict.kind is Kind.LOCKED:
        return Locked(verdict.code, errors.account_reason(body))
    if verdict.kind in {Kind.AGAIN, Kind.CANCELED, Kind.BUSY}:
        return Refused("busy", wait_s(answer.headers))
    return Rejected(verdict)


def read_status(answer: Answer) -> Status:
    """Unavailable, AccountLocked."""
    body = answer.body()
    if not answer.ok or not isinstance(body, dict):
        _raise_account_trouble(answer, body)
        if _says_missing(answer, body):
            return Status(State.MISSING)
        raise _unavailable("status", answer)
    metrics = body.get("metrics")
    return Status(
        # A word that fal's documents do not know means: not done, keep asking.
        state=STATES.get(str(body.get("status")).upper(), State.DRAWING),
        queue_position=whole(body.get("queue_position")),
        inference_time=_seconds(metrics.get("inference_time")) if isinstance(metrics, dict) else None,
        error=_text(body.get("error")),
        error_type=_text(body.get("error_type")),
    )


def read_result(answer: Answer, endpoint: str, request_id: str) -> Result:
    """Unavailable where it was not the request that answered, AccountLocked for a bad key."""
    body = answer.body()
    if answer.status == 401:
        _raise_account_trouble(answer, body)
    if not _is_of_the_request(answer, body, request_id):
        raise _unavailable("result", answer)
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("x-fal-")}
    kept = body if answer.ok else errors.without_echo(body)
    return Result(answer.status, kept, headers, errors.billable_units(headers), endpoint)


def read_cancel(answer: Answer) -> CancelAnswer:
    body = answer.body()
    said = body if isinstance(body, dict) else {}
    word = str(said.get("status")).upper()
    if answer.ok and word == "OK":
        return CancelAnswer.AGREED
    if word == "ALREADY_COMPLETED" or said.get("success") is False:
        return CancelAnswer.TOO_LATE
    if answer.ok:  # {"success": true} and the like do not say whether it had begun
        return CancelAnswer.REQUESTED
    _raise_account_trouble(answer, body)
    if _says_missing(answer, body):
        return CancelAnswer.UNKNOWN_ID
    if answer.status in {400, 409}:
        return CancelAnswer.TOO_LATE
    raise _unavailable("cancel", answer)


def _is_of_the_request(answer: Answer, body: object, request_id: str) -> bool:
    """Whether a request's result speaks, or a door before it: taking the door's word would draw a picture
    again that lies ready."""
    if answer.ok:
        return isinstance(body, dict)
    if answer.status >= 500:
        return errors.is_of_the_job(body, answer.headers, request_id)
    if answer.status in {404, 410}:
        told = errors.classify(answer.status, body, answer.headers)
        signed = told.raw_type or errors.billable_units(answer.headers) is not None
        return isinstance(body, dict) and (told.kind is Kind.GONE or bool(signed))
    return answer.status >= 400 and answer.status not in {408, 425, 429}


def _says_missing(answer: Answer, body: object) -> bool:
    """Whether fal itself says that it does not know the id; a 404 of another door or of a wrong path does not."""
    if answer.status not in {404, 410} or not isinstance(body, dict):
        return False
    return errors.classify(answer.status, body).kind is Kind.GONE


def account_trouble(answer: Answer, body: object) -> AccountLocked | None:
    """What an answer says against our account or key."""
    if answer.status in {401, 402, 403}:
        told = errors.classify(answer.status, body, answer.headers)
        if told.kind is Kind.LOCKED:
            return AccountLocked(told.code, errors.account_reason(body))
    return None


def _raise_account_trouble(answer: Answer, body: object) -> None:
    if trouble := account_trouble(answer, body):
        raise trouble


def _unavailable(call: str, answer: Answer) -> Unavailable:
    return Unavailable(f"{call} answered {answer.status}", retry_after_s=wait_s(answer.headers))


def wait_s(headers: Mapping[str, str]) -> float:
    """Seconds that fal asks us to wait (Retry-After as seconds or date, X-RateLimit-Reset); 0 where it does not."""
    for name in ("retry-after", "x-ratelimit-reset"):
        value = errors.header(headers, name)
        try:
            seconds = float(value)
        except ValueError:
            seconds = _until(value)
        if seconds > 1e9:  # a moment instead of a wait
            seconds -= time.time()
        if 0 < seconds < math.inf:
            return min(seconds, LONGEST_PAUSE_S)
    return 0.0


def _until(date: str) -> float:
    try:
        when = parsedate_to_datetime(date)
    except ValueError:
        return 0.0
    return (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _seconds(value: object) -> float | None:
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1.0
    return number if 0 <= number < math.inf else None
