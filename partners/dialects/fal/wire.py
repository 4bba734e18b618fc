"""fal's words: a body to a brief, a generation to a status and a result, an error to one of fal's two shapes.

fal knows no status for failure: a request that failed, was blocked or canceled is COMPLETED, and its result is the
error. Errors of the model are a list under `detail`, errors of the platform a sentence under `detail` with an
`error_type`; each has a `message` beside it, since the JavaScript client shows nothing else.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from generations import catalogue
from generations.brief import BadBrief, Brief, FieldError
from generations.catalogue import ImageModel
from generations.lifecycle import GIVEN_BACK
from generations.models import Generation, Image, Outcome, Status
from partners import deadlines
from partners.dialects.seen import Seen
from partners.problems import Problem

NUM_IMAGES_MAX = 4
OWN_FIELDS = ("num_images", "sync_mode")
NAMES = {"quantity": "num_images"}
EXPLAINED_AT = "https://docs.fal.ai/errors#"
OF_KREA = ("krea-2-medium", "krea-2-large")  # whose results are images and a seed, and no more


@dataclass(frozen=True)
class Asked:
    """A submit: what is drawn, and whether the pictures are to come back as data URIs."""

    brief: Brief
    sync_mode: bool


@dataclass(frozen=True)
class Refusal:
    """An error on the wire."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


def image_model(endpoint: str) -> ImageModel | None:
    return next((known for known in catalogue.all() if known.endpoint == endpoint), None)


def endpoints() -> list[str]:
    return [known.endpoint for known in catalogue.all()]


def app(endpoint: str) -> str:
    """The part of an endpoint id that stands in the addresses of a request: `krea/v2/large/…` becomes `krea/v2`."""
    return "/".join(endpoint.split("/")[:2])


def read(model: ImageModel, raw: object) -> Asked:
    """The order in the body of a submit. Raises BadBrief with every error there is."""
    body = dict(raw) if isinstance(raw, Mapping) else raw
    errors, count, is_sync = [], 1, False
    if isinstance(body, dict):
        count, is_sync = body.pop("num_images", 1), body.pop("sync_mode", False)
        is_whole = isinstance(count, int) and not isinstance(count, bool)
        if not is_whole or not 1 <= count <= NUM_IMAGES_MAX:
            detail = f"num_images must be a whole number from 1 to {NUM_IMAGES_MAX}."
            bounds = {"minimum": 1, "maximum": NUM_IMAGES_MAX}
            code = "out_of_range" if is_whole else "wrong_type"
            errors, count = [FieldError.at(("input", "num_images"), code, detail, bounds)], 1
        if not isinstance(is_sync, bool):
            detail = "sync_mode must be true or false."
            errors.append(FieldError.at(("input", "sync_mode"), "wrong_type", detail, [True, False]))
    try:
        brief = Brief.read(model.id, body, count)
    except BadBrief as bad:
        raise BadBrief([*bad.errors, *errors]) from bad
    if errors:
        raise BadBrief(errors)
    return Asked(brief, bool(is_sync))


def submitted(row: Generation, base: str, position: int) -> dict[str, Any]:
    return {"status": "IN_QUEUE", **addresses(row, base), "queue_position": position}


def addresses(row: Generation, base: str) -> dict[str, Any]:
    """`base`: the absolute address of the queue."""
    own = f"{base}/{app(row.model.endpoint)}/requests/{row.pk}"
    return {
        "request_id": str(row.pk),
        "response_url": own,
        "status_url": f"{own}/status",
        "cancel_url": f"{own}/cancel",
    }


def status(seen: Seen, base: str, position: int | None, *, logs: bool) -> dict[str, Any]:
    """`position`: None when nothing of it waits any more. `logs` is a list, asked for or not."""
    told: dict[str, Any] = {"status": "COMPLETED", **addresses(seen.row, base)}
    told["logs"] = log(seen) if logs else []
    told["metrics"] = {}
    match seen.status:
        case "queued":
            told |= {"status": "IN_QUEUE", "queue_position": position or 0}
        case "running":
            told["status"] = "IN_PROGRESS"
        case _:
            told["metrics"] = {"inference_time": seen.seconds}
            if seen.row.outcome not in (Outcome.SUCCEEDED, Outcome.PARTIAL):
                failed = failure(seen)
                told |= {"error": failed.body["message"], "error_type": error_type(failed)}
    return told


def log(seen: Seen) -> list[dict[str, str]]:
    """What became of the request, a line for each thing that happened."""
    row, many = seen.row, len(seen.images)
    lines = [(row.created_at, "INFO", f"Taken: {many} image{'s' if many > 1 else ''} of {row.model.name}.")]
    if row.started_at:
        lines.append((row.started_at, "INFO", "Drawing."))
    for image in seen.images:
        if image.status == Status.STORED:
            lines.append((image.status_at, "INFO", f"Image {image.index + 1} of {many} is stored."))
        elif image.is_final:
            why = image.error_message or f"It was {image.public_status}."
            lines.append((image.status_at, "ERROR", f"Image {image.index + 1} of {many}: {why}"))
    lines.sort(key=lambda line: line[0])
    return [
        {"timestamp": _time(at), "level": level, "source": "USER", "message": message} for at, level, message in lines
    ]


def result(seen: Seen, address: Callable[[Image], str]) -> dict[str, Any]:
    """The output of a request that has at least one picture; `address` gives each its address, or its data URI."""
    row, stored = seen.row, seen.stored
    told: dict[str, Any] = {
        "images": [
            {
                "url": address(image),
                "content_type": image.content_type,
                "file_name": image.name.rpartition("/")[2],
                "file_size": image.bytes,
                "width": image.width,
                "height": image.height,
            }
            for image in stored
        ],
        "seed": stored[0].seed,
    }
    if row.image_model not in OF_KREA:
        told["timings"] = {} if seen.seconds is None else {"inference": seen.seconds}
        told["has_nsfw_concepts"] = [False] * len(stored)  # a picture that is flagged is never stored
        told["prompt"] = row.prompt
    return told


def failure(seen: Seen) -> Refusal:
    """Why a finished request has no picture."""
    if seen.row.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL):
        return platform(404, "", seen.taken_down or "The pictures of this request were deleted.")
    first = next(iter(seen.missing), None)
    code = seen.row.error_code or (first.error_code if first else "")
    message = seen.row.error_message or (first.error_message if first else "") or "The request has no picture."
    if seen.row.outcome == Outcome.CANCELED and seen.wire.get(deadlines.LATE):
        return BEGAN_LATE
    if (seen.row.outcome == Outcome.CANCELED and code != GIVEN_BACK) or code == "canceled":
        return platform(499, "client_cancelled", "The request was canceled. Nothing was charged.")
    if seen.row.outcome == Outcome.BLOCKED:
        return of_model(422, [_detail(["body", "prompt"], message, "content_policy_violation")])
    for start, place in (("reference_", "image_style_references"), ("lora_", "loras")):
        if code.startswith(start):
            kind = FILE_TYPES.get(code.removeprefix(start), "file_download_error")
            return of_model(422, [_detail(["body", place], message, kind)])
    status, kind = FAILED.get(code, (500, "internal_server_error"))
    return of_model(status, [_detail(["body"], message, kind)])


def refusal(problem: Problem, raw: object = None) -> Refusal:
    """A problem of ours as fal would tell it. `raw`: the body that was sent, to tell too small from too large."""
    if problem.code == "invalid_input":
        return of_model(422, [_field(error, raw) for error in problem.errors])
    status, kind = PLATFORM.get(problem.code, (problem.status, "internal_error" if problem.status >= 500 else ""))
    detail = problem.detail
    if problem.code == "insufficient_credits":
        detail = f"User is locked. Reason: Exhausted balance. {detail}"
    if problem.code == "account_suspended":
        detail = f"User is locked. Reason: Account suspended. {detail}"
    told = platform(status, kind, detail, {**problem.headers})
    return Refusal(told.status, {"status": "NOT_FOUND", **told.body}, told.headers) if status == 404 else told


def timed_out(id: str) -> Refusal:
    """The end of a line that was held as long as it may be. The picture may still come."""
    said = f"The image is not finished yet, and not lost: ask for request {id} at the queue, and do not send it again."
    told = platform(504, "request_timeout", said, {"X-Fal-Request-Timeout-Type": "user"})
    return Refusal(told.status, told.body | {"request_id": id}, told.headers)


def of_model(status: int, details: Iterable[dict[str, Any]]) -> Refusal:
    """An error in the model's shape."""
    told = list(details)
    message = " ".join(str(each["msg"]) for each in told[:3])
    return Refusal(status, {"detail": told, "message": message}, {"X-Fal-Needs-Retry": "false"})


def platform(status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """An error in the platform's shape; `kind` empty: fal has no word for it."""
    body = {"detail": detail, "message": detail} | ({"error_type": kind} if kind else {})
    return Refusal(status, body, {**(headers or {}), **({"X-Fal-Error-Type": kind} if kind else {})})


def event(told: Mapping[str, Any]) -> bytes:
    """A status as a server-sent event."""
    return f"data: {json.dumps(told, separators=(',', ':'))}\n\n".encode()


def error_type(told: Refusal) -> str:
    if "error_type" in told.body:
        return str(told.body["error_type"])
    return str(told.body["detail"][0]["type"])


TOO_EARLY = platform(400, "bad_request", "Request is still in progress")
BEGAN_LATE = platform(
    504,
    "request_timeout",
    "Nothing of the request had begun in the time of X-Fal-Request-Timeout. It was canceled, and nothing was charged.",
    {"X-Fal-Request-Timeout-Type": "user"},
)

# What became of an image that failed: our code, fal's status and type.
FAILED = {
    "no_media": (422, "no_media_generated"),
    "bad_input": (422, "value_error"),
    "not_supported": (422, "feature_not_supported"),
    "model_unavailable": (500, "downstream_service_unavailable"),
    GIVEN_BACK: (500, "downstream_service_unavailable"),
    "fal_rejected": (500, "downstream_service_error"),
    "fal_error": (500, "internal_server_error"),
    "timed_out": (504, "generation_timeout"),
    "fal_busy": (500, "downstream_service_unavailable"),
    "account_locked": (500, "downstream_service_unavailable"),
    "bad_key": (500, "downstream_service_unavailable"),
}
# What is wrong with a style reference or a LoRA, before anything is ordered or after.
FILE_TYPES = {
    "unreadable": "image_load_error",
    "broken": "image_load_error",
    "empty": "image_load_error",
    "animated": "image_load_error",
    "bad_data_uri": "image_load_error",
    "format": "unsupported_image_format",
    "unknown_type": "unsupported_image_format",
    "bad_type": "unsupported_image_format",
    "too_large": "file_too_large",
    "too_many_pixels": "image_too_large",
    "size": "image_too_large",
    "unknown_upload": "file_download_error",
    "unreachable": "file_download_error",
    "bad_status": "file_download_error",
    "bad_scheme": "file_download_error",
    "bad_url": "file_download_error",
    "address_not_allowed": "file_download_error",
    "too_many_redirects": "file_download_error",
    "bad_encoding": "file_download_error",
    "too_slow": "file_download_error",
    "busy": "file_download_error",
    "not_kept": "file_download_error",
    "unknown_picture": "file_download_error",
    "upload_quota": "feature_not_supported",
    "taken_down": "content_policy_violation",
}
# Problems of ours that fal tells under a number or a name of its own. None may be one that clients send again for ever.
PLATFORM = {
    "bad_request": (400, "bad_request"),
    "invalid_json": (400, "bad_request"),
    "unsupported_media_type": (415, "bad_request"),
    "account_suspended": (403, ""),
    "insufficient_credits": (403, ""),
    "limit_reached": (403, ""),
    "model_not_for_sale": (403, ""),
    "model_unavailable": (403, ""),
    "orders_closed": (503, "runner_connection_error"),
    "unknown_address": (404, ""),
    "busy": (503, "runner_connection_error"),
    "internal_error": (500, "internal_error"),
}


def _field(error: Mapping[str, Any], raw: object) -> dict[str, Any]:
    """A field's error with a type of fal's or of pydantic's, and the bound that was broken."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in str(error["pointer"]).split("/")[1:]]
    steps = steps[1:] if steps[:1] == ["input"] else [NAMES.get(step, step) for step in steps]
    if steps[:1] not in (["query"], ["header"]):
        steps = ["body", *steps]
    loc: list[str | int] = [int(step) if step.isdigit() else step for step in steps]
    kind, context = _type(error, _value(raw, loc[1:]))
    return _detail(loc, _told(error), kind, context)


def _type(error: Mapping[str, Any], value: object) -> tuple[str, dict[str, Any]]:
    allowed = error["allowed"] if isinstance(error["allowed"], dict) else {}
    match error["code"]:
        case "missing":
            return "missing", {}
        case "unknown_field":
            return "extra_forbidden", {}
        case "out_of_range" if isinstance(value, int | float) and value < allowed.get("minimum", value):
            return "greater_than_equal", {"ge": allowed["minimum"]}
        case "out_of_range" if "maximum" in allowed:
            return "less_than_equal", {"le": allowed["maximum"]}
        case "too_long" if "maxItems" in allowed:
            return "sequence_too_long", {"max_length": allowed["maxItems"]}
        case "too_long" if "maxLength" in allowed:
            return "string_too_long", {"max_length": allowed["maxLength"]}
        case "too_short":
            return "string_too_short", {"min_length": allowed.get("minLength", 1)}
        case "not_allowed" if isinstance(error["allowed"], list):
            return "literal_error", {"expected": error["allowed"]}
        case code if code in FILE_TYPES:
            return FILE_TYPES[code], {}
    return "value_error", {}


def _told(error: Mapping[str, Any]) -> str:
    return str(error["detail"]).replace("quantity", NAMES["quantity"])


def _value(raw: object, place: Iterable[str | int]) -> object:
    """What stands at a place of the body, if anything does."""
    for step in place:
        if isinstance(raw, Mapping):
            raw = raw.get(step)
        elif isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        else:
            return None
    return raw


def _detail(loc: Sequence[str | int], msg: str, kind: str, context: Mapping[str, Any] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"loc": list(loc), "msg": msg, "type": kind, "url": EXPLAINED_AT + kind}
    return told | ({"ctx": dict(context)} if context else {})


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
