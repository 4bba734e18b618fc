"""Problems: every refusal of the API as RFC 9457 problem details, from one table of codes.

A `code` never changes its meaning. `docs/api/README.md` and the OpenAPI document list all of them.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions

from billing.credits import show
from billing.errors import BUY, AllowanceExceeded, InsufficientCredits
from billing.prices import NoPrice
from generations import trace
from generations.brief import BadBrief, FieldError
from generations.let_in import AccountIsShut
from generations.switches import RETRY_AFTER_S, ModelIsOff, OrdersAreClosed
from generations.unfinished import TooManyUnfinished

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
DOCUMENTED_AT = "/api/v1/docs/"


@dataclass(frozen=True)
class Kind:
    """One kind of problem: `cause` and `cure` are for the documents, `title` stands in the answer too."""

    status: int
    title: str
    cause: str
    cure: str


KINDS: dict[str, Kind] = {
    "invalid_json": Kind(
        400, "The body is not JSON.", "The body could not be read as JSON in UTF-8.", "Send one JSON object."
    ),
    "bad_request": Kind(
        400, "The request cannot be read.", "The request breaks HTTP itself.", "Build it with an HTTP client."
    ),
    "missing_key": Kind(
        401,
        "An API key is needed.",
        "There was no Authorization header of the form `Bearer krea_…`. Keys in an address are not read.",
        "Send `Authorization: Bearer <your key>`.",
    ),
    "invalid_key": Kind(
        401, "This is no API key of ours.", "The key has a typing error, or was never made here.", "Check the key."
    ),
    "revoked_key": Kind(401, "This key was revoked.", "Its owner revoked it.", "Use another key."),
    "expired_key": Kind(401, "This key has expired.", "Its last day is over.", "Use another key."),
    "account_closed": Kind(
        401, "The account of this key is closed.", "The key's user may not log in.", "Write to support."
    ),
    "account_suspended": Kind(
        403,
        "The account of this key is suspended.",
        "The operator has suspended the account. Nothing of it is lost, and no key of it opens anything meanwhile.",
        "Write to support; do not repeat the call until the account is open again.",
    ),
    "insufficient_credits": Kind(
        402,
        "The credits do not suffice.",
        "The price is more than what is available, or the account owes credits.",
        "Buy credits at `/billing/buy/`; `price`, `available` and `missing` say how many.",
    ),
    "missing_scope": Kind(
        403,
        "This key may not do that.",
        "The key was made without the scope that the call needs.",
        "Use a key with the scope in `allowed`.",
    ),
    "csrf_failed": Kind(
        403,
        "The page's own token is missing.",
        "A browser with a session called without a valid X-CSRFToken.",
        "Load the page anew. A program uses a key instead.",
    ),
    "limit_reached": Kind(
        403,
        "A spending limit is reached.",
        "The price does not fit into what is left of a limit: the key's own, or a ceiling of the account.",
        "Wait until it `renews`, or raise the limit; `price`, `limit` and `left` say by how much.",
    ),
    "not_found": Kind(
        404,
        "There is nothing here.",
        "The id is unknown, was deleted, or belongs to somebody else.",
        "Check the id, and that the key is of the account that made it.",
    ),
    "unknown_address": Kind(
        404, "There is no such address.", "No call of the API has this path.", "See the list of calls."
    ),
    "method_not_allowed": Kind(
        405, "This method is not for this address.", "Such as GET where POST is meant.", "Use one of `allowed`."
    ),
    "image_not_stored": Kind(
        409,
        "This image has no picture.",
        "It is not drawn yet, or it failed, was blocked or canceled.",
        "Read the image's `status`; wait while it is queued or running.",
    ),
    "too_late": Kind(
        409,
        "It is too late to cancel.",
        "Every image is finished, or its picture is being stored.",
        "Nothing; what is delivered is charged.",
    ),
    "quote_expired": Kind(
        409, "This quote has expired.", "A quote binds for ten minutes.", "Ask for a new quote, and show its price."
    ),
    "model_not_for_sale": Kind(
        409, "This image model has no price now.", "The operator has to set one.", "Use another image model."
    ),
    "model_unavailable": Kind(
        409,
        "This image model is switched off.",
        "The operator has switched it off for a while; `detail` says why.",
        "Use another image model, or ask `GET /models` later: `available` says when it is on again.",
    ),
    "too_many_webhooks": Kind(
        409,
        "The account has as many webhooks as it may have.",
        "An account has at most 20.",
        "Delete one that is not needed, or give one address more events.",
    ),
    "upload_quota_reached": Kind(
        409,
        "There is no room for one more upload.",
        "The account keeps as many uploads or bytes as it may; what a generation uses does not count.",
        "Delete some; `files`, `files_allowed`, `bytes` and `bytes_allowed` say what is kept.",
    ),
    "upload_in_use": Kind(
        409,
        "A generation uses this upload.",
        "What a generation was ordered with is kept as long as the generation; `generations` says how many there are.",
        "Delete the generations first, or leave it: it does not count against the quota.",
    ),
    "idempotency_key_in_use": Kind(
        409,
        "The first call with this Idempotency-Key is still at work.",
        "A call with the same key was begun and has not ended within 10 seconds.",
        "Send the same call again after `Retry-After`.",
    ),
    "events_gone": Kind(
        410,
        "These events are not kept any more.",
        "Events are kept for seven days, and the next one after `since` or `Last-Event-ID` is older than that.",
        "Read your generations and the balance anew, and go on with `since` set to `resume_after`.",
    ),
    "taken_down": Kind(
        410,
        "This picture was taken down.",
        "The operator removed it for good, after a report; `detail` says why. It stays charged.",
        "Nothing; write to support where you think that it was wrong.",
    ),
    "body_too_large": Kind(
        413, "The body is too large.", "More bytes came than are taken.", "Name pictures by address instead."
    ),
    "unsupported_media_type": Kind(
        415,
        "The body is of another type than the call takes.",
        "The Content-Type is not `application/json`, or the body is packed; "
        "`POST /uploads` takes `multipart/form-data` too.",
        "Send `Content-Type: application/json`.",
    ),
    "invalid_input": Kind(
        422,
        "The body asks for something that cannot be done.",
        "One or more fields are missing, unknown, or hold what is not allowed.",
        "`errors` names each field, what is wrong, and what is allowed.",
    ),
    "invalid_query": Kind(
        422,
        "A parameter of the address is wrong.",
        "It is unknown, or holds what is not allowed.",
        "`errors` names each parameter and what is allowed.",
    ),
    "quote_mismatch": Kind(
        422,
        "This quote is for something else.",
        "The quote is not ours, or was given for another image model, input or quantity.",
        "Send exactly what was quoted, or ask for a new quote.",
    ),
    "invalid_idempotency_key": Kind(
        422,
        "The Idempotency-Key cannot be used.",
        "It is empty, longer than 255 characters, or not printable ASCII.",
        "Send a UUID, with or without quotes.",
    ),
    "idempotency_key_reused": Kind(
        422,
        "This Idempotency-Key was used for another call.",
        "The same key came with another address or body within 24 hours.",
        "Use a new key for each new wish, and the same key only for its retries.",
    ),
    "too_many_requests": Kind(
        429,
        "Too many calls.",
        "The key called more often in a minute than it may; `RateLimit-Policy` says how often that is.",
        "Wait `Retry-After` seconds; `RateLimit` on every answer says how many calls are left.",
    ),
    "too_many_streams": Kind(
        429,
        "Too many streams are open.",
        "An account has a number of event streams that it may have open at once; `streams_limit` says how many.",
        "Close some, or share one between your programs: each stream tells everything of the account.",
    ),
    "too_many_unfinished": Kind(
        429,
        "Too many images are under way.",
        "The key, or its account, has as many unfinished images as it may; `unfinished` and `unfinished_limit` say how "
        "many.",
        "Wait until some are finished, then send the same call with the same Idempotency-Key.",
    ),
    "internal_error": Kind(
        500, "Something went wrong here.", "A fault of ours; it was written down.", "Try again with the same key."
    ),
    "orders_closed": Kind(
        503,
        "No new orders are taken at the moment.",
        "The operator takes no orders for a while; `detail` says why. What was ordered before goes on.",
        "Send the same call with the same Idempotency-Key again after `Retry-After`.",
    ),
    "busy": Kind(
        503,
        "The service is busy.",
        "The database did not answer in time, or as many streams are open as there is room for.",
        "Try again after `Retry-After`.",
    ),
}


class Problem(Exception):
    """A refusal with a `code` of KINDS; `more` are members of its own, such as price and missing."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.code, self.errors, self.headers, self.more = code, list(errors), dict(headers or {}), more
        self.detail = detail or KINDS[code].title
        super().__init__(code)

    @property
    def status(self) -> int:
        return KINDS[self.code].status

    def body(self) -> dict[str, Any]:
        kind = KINDS[self.code]
        told: dict[str, Any] = {
            "type": type_of(self.code),
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
        }
        if request := trace.request():
            told["request_id"] = request
        if self.errors:
            told["errors"] = self.errors
        return told | self.more

    def content(self) -> bytes:
        return json.dumps(self.body(), ensure_ascii=False).encode(errors="replace")

    def response(self) -> HttpResponse:
        headers = {"Cache-Control": "no-store", **self.headers}
        if self.status == 401:
            headers.setdefault("WWW-Authenticate", 'Bearer realm="api"')
        return HttpResponse(self.content(), content_type=CONTENT_TYPE, status=self.status, headers=headers)


def type_of(code: str) -> str:
    """The address that names a kind of problem, and where it is explained."""
    return f"{settings.PUBLIC_URL}{DOCUMENTED_AT}#{code}"


def field_error(error: FieldError) -> dict[str, Any]:
    return _error(error.code, error.detail, error.allowed, pointer=error.pointer)


def parameter_error(name: str, code: str, detail: str, allowed: object = None) -> dict[str, Any]:
    return _error(code, detail, allowed, parameter=name)


def invalid_input(errors: Iterable[FieldError]) -> Problem:
    told = [field_error(error) for error in errors]
    return Problem("invalid_input", _all_of(told), errors=told)


def invalid_query(errors: Iterable[Mapping[str, Any]]) -> Problem:
    told = list(errors)
    return Problem("invalid_query", _all_of(told), errors=told)


def answer(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's exception handler: whatever was raised, as problem details."""
    problem = of(error)
    if problem.code == "method_not_allowed":
        allowed = sorted({method for method in context["view"].allowed_methods if method != "HEAD"})
        detail = f"Use {' or '.join(allowed)} here." if allowed else problem.detail
        problem = Problem(problem.code, detail, headers={"Allow": ", ".join(allowed)}, allowed=allowed)
    if problem.status >= 500 and problem.code != "orders_closed":
        view = type(context.get("view")).__name__
        logger.error("%s failed: %s", view, type(error).__name__, exc_info=error)
    return problem.response()


def of(error: Exception) -> Problem:
    """What was raised, as a problem; `internal_error` for what nobody expected."""
    match error:
        case Problem():
            return error
        case BadBrief():
            return invalid_input(error.errors)
        case InsufficientCredits():
            return Problem(
                "insufficient_credits",
                f"{error} Buy more on the billing page ({settings.PUBLIC_URL}{BUY}).",
                price=show(error.price),
                available=show(error.available),
                missing=show(error.missing),
            )
        case AllowanceExceeded():
            return Problem(
                "limit_reached",
                str(error),
                price=show(error.price),
                limit=show(error.limit),
                left=show(error.left),
                period=error.period,
                renews=error.renews.isoformat(),
            )
        case TooManyUnfinished():
            return Problem(
                "too_many_unfinished",
                str(error),
                headers={"Retry-After": "5"},
                unfinished=error.under_way,
                unfinished_limit=error.most,
            )
        case NoPrice():
            return Problem("model_not_for_sale")
        case ModelIsOff():
            return Problem("model_unavailable", error.notice)
        case AccountIsShut():
            return Problem("account_suspended" if error.is_suspended else "account_closed")
        case OrdersAreClosed():
            return Problem("orders_closed", error.notice, headers={"Retry-After": str(RETRY_AFTER_S)})
        case OperationalError():
            return Problem("busy", headers={"Retry-After": "2"})
        case exceptions.ParseError():
            return Problem("invalid_json", "The body is not JSON. Send one JSON object in UTF-8.")
        case exceptions.UnsupportedMediaType():
            return Problem("unsupported_media_type", "The body must be JSON: send Content-Type: application/json.")
        case exceptions.MethodNotAllowed():
            return Problem("method_not_allowed")
        case exceptions.NotAuthenticated():
            return Problem("missing_key", "Send your key in the header Authorization: Bearer krea_…")
        case exceptions.NotFound() | Http404():
            return Problem("not_found")
        case exceptions.PermissionDenied() | PermissionDenied():
            return Problem("csrf_failed")
        case SuspiciousOperation() | exceptions.APIException():
            return Problem("bad_request")
    return Problem("internal_error", "A fault of ours; it was written down. Nothing was charged for this call.")


def too_large(most_bytes: int) -> Problem:
    return Problem("body_too_large", f"The body is larger than {most_bytes // 1024**2} MB.")


def too_many_streams(*, is_account: bool) -> Problem:
    """Where one stream more is one too many: of the account, or of this process."""
    if not is_account:
        return Problem("busy", "As many streams are open as there is room for.", headers={"Retry-After": "5"})
    most = settings.API_STREAMS
    detail = f"The account has {most} streams open, and may have no more at once."
    return Problem("too_many_streams", detail, headers={"Retry-After": "5"}, streams_limit=most)


def _error(
    code: str, detail: str, allowed: object, *, pointer: str | None = None, parameter: str | None = None
) -> dict[str, Any]:
    return {"pointer": pointer, "parameter": parameter, "code": code, "detail": detail, "allowed": allowed}


def _all_of(errors: list[Mapping[str, Any]] | list[dict[str, Any]]) -> str:
    """The first few sentences; a program reads `errors`."""
    told = " ".join(str(error["detail"]) for error in errors[:3])
    return f"{told} And {len(errors) - 3} more." if len(errors) > 3 else told
