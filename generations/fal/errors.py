"""What an answer of fal means: every error that fal names, in two tables, and how the rest is read.

fal reports failure by the HTTP status and body of the result alone; the same bodies come by webhook and lie
in the request history. We branch on fal's type and status, never on its message, but for three without type.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import pairwise
from typing import Final

from generations.fal.delivered import Delivered, delivered
from generations.fal.verdicts import FLAGGED, NO_MEDIA, Kind, Verdict, verdict

__all__ = [
    "FLAGGED",
    "NO_MEDIA",
    "Billed",
    "Delivered",
    "Kind",
    "Verdict",
    "account_reason",
    "billable_units",
    "billed",
    "classify",
    "classify_type",
    "delivered",
    "header",
    "is_of_the_job",
    "without_echo",
]

# fal's type: (the status that fal documents for it, our code). From the image model:
MODEL_ERRORS: Final = {
    "internal_server_error": (500, "fal_error"),
    "generation_timeout": (504, "timed_out"),
    "downstream_service_error": (500, "fal_error"),  # 400 in older documents
    "downstream_service_unavailable": (500, "fal_error"),
    "content_policy_violation": (422, "content_blocked"),
    "no_media_generated": (422, "no_media"),
    "image_too_small": (422, "size"),
    "image_too_large": (422, "size"),
    "image_load_error": (422, "unreadable"),
    "file_download_error": (422, "unreachable"),
    "face_detection_error": (422, "unreadable"),
    "file_too_large": (422, "too_large"),
    "greater_than": (422, "bad_input"),
    "greater_than_equal": (422, "bad_input"),
    "less_than": (422, "bad_input"),
    "less_than_equal": (422, "bad_input"),
    "multiple_of": (422, "bad_input"),
    "sequence_too_short": (422, "bad_input"),
    "sequence_too_long": (422, "bad_input"),
    "one_of": (422, "bad_input"),
    "literal_error": (422, "bad_input"),
    "enum": (422, "bad_input"),
    "feature_not_supported": (422, "not_supported"),
    "unsupported_image_format": (422, "format"),
    "unsupported_audio_format": (422, "format"),
    "unsupported_video_format": (422, "format"),
    "invalid_archive": (422, "unreadable"),
    "archive_file_count_below_minimum": (422, "unreadable"),
    "archive_file_count_exceeds_maximum": (422, "unreadable"),
    "missing": (422, "bad_input"),
    "string_type": (422, "bad_input"),
}
# From fal's platform, flat and with the header X-Fal-Error-Type:
PLATFORM_ERRORS: Final = {
    "request_timeout": (504, "timed_out"),
    "startup_timeout": (504, "timed_out"),
    "runner_scheduling_failure": (503, "fal_error"),
    "runner_connection_timeout": (503, "fal_error"),
    "runner_disconnected": (503, "fal_error"),
    "runner_connection_refused": (503, "fal_error"),
    "runner_connection_error": (503, "fal_error"),
    "runner_incomplete_response": (502, "fal_error"),
    "runner_server_error": (500, "fal_error"),
    "client_disconnected": (499, "fal_error"),  # a line within fal broke; nobody asked for an end
    "client_cancelled": (499, "canceled"),
    "bad_request": (400, "bad_input"),
    "internal_error": (500, "fal_error"),
    "concurrent_requests_limit": (429, "fal_busy"),
}
TYPES: Final = MODEL_ERRORS | PLATFORM_ERRORS
# Where the type is unknown or missing:
STATUSES: Final = {
    401: "bad_key",
    402: "account_locked",
    403: "model_unavailable",  # not for us
    404: "result_expired",
    408: "fal_busy",
    410: "result_expired",
    413: "bad_input",
    425: "fal_busy",
    429: "fal_busy",
    499: "canceled",
    504: "timed_out",
}
# Words without a type, in this order: (statuses, words, code).
WORDS: Final = (
    ((403,), re.compile(r"\b(locked|admin lock|balance|top.?up|billing)\b", re.I), "account_locked"),
    ((400,), re.compile(r"still in progress", re.I), "in_progress"),
    ((404,), re.compile(r"^path .* not found", re.I), "model_unavailable"),
)
FAMILIES: Final = (("unsupported_", "format"), ("archive_", "unreadable"))
LISTS: Final = {"loras": "lora", "image_style_references": "reference", "reference_image_urls": "reference"}


class Billed(StrEnum):
    """Whether fal charges us."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True)
class _Problem:
    """One error as fal wrote it."""

    type: str = ""
    text: str = ""
    loc: tuple[object, ...] = ()


def classify(
    http_status: int,
    body: object,
    headers: Mapping[str, str] | None = None,
    *,
    endpoint: str = "",
    submitting: bool = False,
) -> Verdict:
    """What an answer means for the image. `body` is the parsed JSON, or the text where it was none; a
    webhook's payload and the history's `json_output` have no headers. `submitting`: it answered a POST."""
    headers = headers or {}
    if 200 <= http_status < 300:
        return verdict("delivered") if delivered(body) else NO_MEDIA
    problem = _weightiest(body, headers)
    code = _code(http_status, problem, headers, submitting)
    part, index = _part(problem.loc, endpoint)
    told = verdict(
        code,
        part=part,
        loc_index=index,
        billed_maybe=http_status == 422 and not submitting and billable_units(headers) != 0,
        raw_type=problem.type,
    )
    return _heed(told, http_status, _wants_retry(headers))


def classify_type(error_type: str) -> Verdict:
    """For fal's word alone, as in a status: read as with the HTTP status that fal documents for it."""
    status, _ = TYPES.get(error_type, (500, ""))
    return classify(status, {"error_type": error_type})


def billed(told: Verdict, units: Decimal | None = None) -> Billed:
    """Whether fal charges for an answer. `units` (X-Fal-Billable-Units) decides where known; else a picture
    is billed, a 422 may be (a machine may have worked on it), a 5xx and a cancellation never are."""
    if told.kind not in {Kind.DELIVERED, Kind.GONE} and not told.billed_maybe:
        return Billed.NO
    if units is not None:
        return Billed.YES if units else Billed.NO
    return Billed.YES if told.kind is Kind.DELIVERED else Billed.MAYBE


def billable_units(headers: Mapping[str, str]) -> Decimal | None:
    """X-Fal-Billable-Units, where it is a sensible number."""
    try:
        units = Decimal(header(headers, "x-fal-billable-units"))
    except InvalidOperation:
        return None
    return units if units.is_finite() and 0 <= units < 1_000_000 else None


def account_reason(body: object) -> str:
    """fal's own words on what is wrong with our account, for the operator."""
    words = next((problem.text for problem in _problems(body) if problem.text), "")
    return re.sub(r"\s+", " ", words)[:200]


def is_of_the_job(body: object, headers: Mapping[str, str], request_id: str) -> bool:
    """Whether a 5xx at a result's address is what the job came to, not the trouble of a door before it: it names
    the request, or an error of fal's."""
    if request_id and header(headers, "x-fal-request-id") == request_id:
        return True
    return bool(header(headers, "x-fal-error-type")) or any(problem.type for problem in _problems(body))


def without_echo(body: object) -> object:
    """An error's body without what fal repeats of the input: that may be the whole prompt."""
    if isinstance(body, list):
        return [without_echo(entry) for entry in body]
    if isinstance(body, dict):
        kept = {key: value for key, value in body.items() if key not in {"input", "ctx"}}
        return kept | ({"detail": without_echo(kept["detail"])} if "detail" in kept else {})
    return body


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value by its lower-case name, however it was spelled; "" where it is not there."""
    return next((value.strip() for key, value in headers.items() if key.lower() == name), "")


def _problems(body: object) -> Iterator[_Problem]:
    """All errors in a body: a list of them, one, a plain text, or fal's flat form."""
    flat = body.get("error_type") if isinstance(body, dict) else None
    detail = (body.get("detail") or body.get("message") or body.get("error")) if isinstance(body, dict) else body
    for entry in detail if isinstance(detail, list) else [detail]:
        if isinstance(entry, dict):
            loc = entry.get("loc")
            text = entry.get("msg") or entry.get("message")
            yield _Problem(
                type=_word(entry.get("type")) or _word(flat),
                text=text if isinstance(text, str) else "",
                loc=tuple(loc) if isinstance(loc, list) else (),
            )
        else:
            yield _Problem(type=_word(flat), text=entry if isinstance(entry, str) else "")


def _weightiest(body: object, headers: Mapping[str, str]) -> _Problem:
    """The error that decides: declined content before anything else, then the first whose type we know."""
    found = list(_problems(body))
    blocked = [problem for problem in found if _by_type(problem.type) == "content_blocked"]
    known = [problem for problem in found if _by_type(problem.type)]
    chosen = (blocked or known or found or [_Problem()])[0]
    return chosen if chosen.type else replace(chosen, type=_word(header(headers, "x-fal-error-type")))


def _code(status: int, problem: _Problem, headers: Mapping[str, str], submitting: bool) -> str:
    if code := _by_type(problem.type):
        return code
    for statuses, words, code in WORDS:
        if status in statuses and words.search(problem.text):
            return code
    # fal's apps put their bill on a 404 of their own; a request that fal has forgotten bears none.
    if status in {404, 410} and (submitting or billable_units(headers) is not None):
        return "model_unavailable"
    if status in STATUSES:
        return STATUSES[status]
    if status == 422 and (problem.type or problem.loc):
        return "bad_input"
    return "fal_rejected" if 400 <= status < 500 else "fal_error"


def _by_type(name: str) -> str:
    """Our code for fal's type, old dotted names included; "" for one that says nothing."""
    for known in (name, name.rpartition(".")[2]):
        if known in TYPES:
            return TYPES[known][1]
    if name.startswith(("value_error", "type_error")):
        return "bad_input"
    return next((code for prefix, code in FAMILIES if name.startswith(prefix)), "")


def _part(loc: tuple[object, ...], endpoint: str) -> tuple[str, int | None]:
    """Which kind of file an error is about, and its place in the list, from 0."""
    names = [str(step) for step in loc]
    part = next((LISTS[name] for name in names if name in LISTS), "lora" if "lora" in endpoint else "reference")
    for before, name in pairwise(names):
        if before in LISTS and name.isascii() and name.isdigit() and len(name) < 3:
            return part, int(name)
    return part, None


def _heed(told: Verdict, status: int, wants_retry: bool | None) -> Verdict:
    """Bring in fal's own word on trying again, and let nothing that may be billed be drawn again unasked."""
    if wants_retry is not None:
        told = replace(told, retryable=wants_retry)
    final = status == 422 or (wants_retry is False and status not in {408, 425, 429})
    return replace(told, kind=Kind.FAILED) if told.kind is Kind.AGAIN and final else told


def _wants_retry(headers: Mapping[str, str]) -> bool | None:
    """X-Fal-Needs-Retry, or its older name; None where fal does not say."""
    for name in ("x-fal-needs-retry", "x-fal-retryable"):
        value = header(headers, name).lower()
        if value in {"1", "true", "yes", "0", "false", "no"}:
            return value in {"1", "true", "yes"}
    return None


def _word(value: object) -> str:
    """A type as fal writes them, cut to what is harmless in a log."""
    return re.sub(r"[^A-Za-z0-9_.]", "", value)[:80] if isinstance(value, str) else ""
