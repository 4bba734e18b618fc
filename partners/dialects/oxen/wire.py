"""Oxen's words: a body to briefs, a generation to a row of its queue, an error to its envelope.

Every error has `status: "error"` at its top, since loops that poll read `status` and nothing else. Fields that an image
model does not know are an error: a wrong guess must not cost money.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from generations import catalogue
from generations.brief import BadBrief, Brief, FieldError
from generations.catalogue import ImageModel
from generations.catalogue.inputs import SEED_MAX
from generations.models import TAKEN_DOWN, Image, Outcome
from partners.dialects.seen import Seen, unix
from partners.problems import Problem

GENERATIONS_MAX = 4
FORMATS = ("url", "b64_json")
STATUSES = {
    "queued": "queued",
    "running": "processing",
    "succeeded": "succeeded",
    "partial": "succeeded",
    "failed": "failed",
    "blocked": "failed",
    "canceled": "cancelled",
}
WORDS = ("queued", "processing", "succeeded", "failed", "cancelled")
MEDIA = ("image", "video", "audio", "text")
DEVELOPER = "Krea"
COMPLETED = "media_generation_completed"
TYPES = {401: "unauthenticated", 403: "unauthorized", 404: "resource_not_found"}
OF_PARAMETERS = (400, 413, 415, 422)
REFERENCE_NAMES = ("image_url", "imageUrl", "url")
# mawk reads a pipe block by block: an event is not seen before so many bytes have come after it.
PADDING = b":" + b" " * 4096 + b"\n\n"
Address = Callable[[Image], str]


@dataclass(frozen=True)
class Asked:
    """What is wanted: the briefs, one for each generation, and how the pictures are to come."""

    briefs: tuple[Brief, ...]
    response_format: str = field(default="url")


def image_model(id: object) -> ImageModel | None:
    """By Oxen's id, or by ours."""
    return next((known for known in catalogue.all() if id in (known.oxen_id, known.id)), None)


def model_ids() -> list[str]:
    return [known.oxen_id for known in catalogue.all()]


def read_sync(raw: object) -> Asked:
    """The body of `images/generate`: one brief of `n` images, also said as `num_generations`. Raises BadBrief with
    every error there is."""
    body, model, errors = _parts(raw)
    shape, name = body.pop("response_format", "url"), "num_generations" if "num_generations" in body else "n"
    many = body.pop(name, 1)
    if shape not in FORMATS:
        detail = f"response_format must be one of {', '.join(FORMATS)}."
        errors.append(FieldError.at(("response_format",), "not_allowed", detail, list(FORMATS)))
    if not _is_count(many):
        errors.append(_bad_count(name))
        many = 1
    return Asked((_brief(model, body, many, errors),), str(shape))


def read_queued(raw: object) -> Asked:
    """The body of `queue`: as many briefs as `num_generations` says, a pinned seed counted up. Raises BadBrief."""
    body, model, errors = _parts(raw)
    many = body.pop("num_generations", 1)
    if not _is_count(many):
        errors.append(_bad_count("num_generations"))
        many = 1
    first = _brief(model, body, 1, errors)
    if first.seed is None:
        return Asked((first,) * many)
    seeds = [(first.seed + place) % (SEED_MAX + 1) for place in range(many)]
    return Asked(tuple(replace(first, input=first.input_json() | {"seed": seed}) for seed in seeds))


def images(seen: Seen, pictures: list[dict[str, str]]) -> dict[str, Any]:
    """The answer of `images/generate`; `pictures`: one `{url}` or `{b64_json}` for each stored image."""
    told = {"model": seen.row.model.oxen_id, "created": unix(seen.row.finished_at), "images": pictures}
    first = pictures[0].get("url")
    return told | ({"image_url": first} if first else {})


def row(seen: Seen, address: Address) -> dict[str, Any]:
    """A generation as the queue shows it, its parameters at the top."""
    is_gone = seen.row.deleted_at is not None
    told = {} if is_gone else {**seen.row.input}
    stored, status = [] if is_gone else seen.stored, STATUSES[seen.status]
    if is_gone and not seen.is_finished:
        status = "cancelled"
    elif status == "succeeded" and not stored:
        status = "failed"
    return told | {
        "generation_id": str(seen.row.pk),
        "model_name": seen.row.model.oxen_id,
        "prompt": "" if is_gone else seen.row.prompt,
        "media_type": "image",
        "status": status,
        "result_url": address(stored[0]) if stored else None,
        "error_message": why(seen),
        "enqueued_at": unix(seen.row.created_at),
        "started_at": unix(seen.row.started_at),
        "completed_at": unix(seen.row.finished_at),
    }


def entry(seen: Seen, address: Address) -> dict[str, Any]:
    """A row of the history: that of the queue with what was charged."""
    return row(seen, address) | {"cost": dollars(seen.charged)}


def dollars(amount: int) -> str:
    """1/100 credits as dollars: 1,000 credits are one."""
    return f"{Decimal(amount) / 100_000:.5f}"


def why(seen: Seen) -> str | None:
    """Why a generation has no picture and will have none."""
    if seen.row.deleted_at:
        return "This generation was deleted."
    if not seen.is_finished or seen.stored:
        return None
    if seen.row.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL):
        return seen.taken_down or "Its pictures were deleted."
    if seen.row.outcome == Outcome.CANCELED:
        return seen.row.error_message or "This generation was cancelled. You were not charged."
    return seen.row.error_message or "This generation has no picture. You were not charged."


def event(seen: Seen, address: Address) -> bytes:
    """The end of a generation as a server-sent event: compact JSON in one line."""
    is_gone = seen.row.deleted_at is not None
    told: dict[str, Any] = {
        "generation_id": str(seen.row.pk),
        "status": "failed" if is_gone or not seen.stored else "succeeded",
        "media_type": "image",
        "model": seen.row.model.oxen_id,
    }
    told |= {"error": why(seen)} if told["status"] == "failed" else {"url": address(seen.stored[0])}
    return f"event: {COMPLETED}\ndata: {json.dumps(told, separators=(',', ':'))}\n\n".encode()


def model(known: ImageModel, price_microusd: int | None) -> dict[str, Any]:
    """An image model as the list of models shows it. `price_microusd`: of an image at its defaults; None: not for sale
    now."""
    schema = known.json_schema()
    schema |= {
        "basic": list(schema.get("required", [])),
        "properties": {
            name: node | {"x-order": place} for place, (name, node) in enumerate(schema["properties"].items())
        },
    }
    cost = None if price_microusd is None else price_microusd / 1_000_000
    return {
        "id": known.oxen_id,
        "object": "model",
        "created": 0,
        "owned_by": "krea",
        "display_name": known.name,
        "name": known.oxen_id,
        "description": known.summary,
        "summary": known.summary,
        "model_type": "base",
        "endpoint": "/images/generate",
        "capabilities": {"input": ["text"], "output": ["image"]},
        "pricing": {"method": "per_image", "cost_per_image": cost},
        "developer": {"name": DEVELOPER},
        "request_schema": schema,
        "json_request_schema": schema,
    }


def words(known: ImageModel) -> str:
    """What an image model is found by."""
    return f"{known.oxen_id} {known.id} {known.name} {known.summary} {DEVELOPER}".lower()


def refusal(problem: Problem) -> tuple[int, dict[str, Any]]:
    """The status and the body of a problem."""
    status = 400 if problem.status == 422 else problem.status
    kind = TYPES.get(status, "invalid_params" if status in OF_PARAMETERS else problem.code)
    title = "The requested resource could not be found" if status == 404 else problem.body()["title"]
    detail = "Insufficient credits: " + problem.detail if problem.code == "insufficient_credits" else problem.detail
    error: dict[str, Any] = {"type": kind, "title": title, "detail": detail, "message": detail}
    fields = [{**each, "pointer": str(each["pointer"] or "").removeprefix("/input")} for each in problem.errors]
    return status, {"error": error | ({"errors": fields} if fields else {}), "status": "error", "status_message": kind}


def timed_out(id: str) -> tuple[int, dict[str, Any]]:
    """The end of a line that was held as long as it may be. The picture may still come."""
    said = f"The image is not finished yet, and not lost: ask for /api/ai/queue/{id}, and do not send it again."
    error = {"type": "timeout", "title": "The time is over.", "detail": said, "message": said}
    return 504, {"error": error, "status": "error", "status_message": "timeout", "generation_id": id}


def failure(seen: Seen) -> tuple[int, dict[str, Any]]:
    """A finished generation that has no picture, as the answer of a call that waited for one."""
    said = str(why(seen))
    is_gone = bool(seen.row.deleted_at) or seen.row.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL)
    gone = TAKEN_DOWN if seen.taken_down else "deleted"
    kind = gone if is_gone else seen.row.error_code or str(seen.row.outcome)
    error = {"type": kind, "title": "There is no picture.", "detail": said, "message": said}
    refused = 400 if seen.row.outcome in (Outcome.BLOCKED, Outcome.CANCELED) else 500
    status = 404 if is_gone else refused
    return status, {
        "error": error,
        "status": "error",
        "status_message": kind,
        "generation_id": str(seen.row.pk),
    }


def _parts(raw: object) -> tuple[dict[str, Any], ImageModel | None, list[FieldError]]:
    """The body without its model, the image model, and what is wrong so far."""
    if not isinstance(raw, Mapping):
        raise BadBrief([FieldError("", "body", "The body must be an object with model and prompt.", code="wrong_type")])
    body, errors = dict(raw), []
    named = body.pop("model", None)
    found = image_model(named)
    if found is None:
        detail = f"Model not found: {str(named)[:60]}. There are {', '.join(model_ids())}."
        errors.append(FieldError.at(("model",), "not_allowed", detail, model_ids()))
    references = body.get("image_style_references")
    if isinstance(references, list):
        body["image_style_references"] = [_reference(each) for each in references]
    return body, found, errors


def _reference(each: object) -> object:
    """An address alone, or an object with it under any of its names."""
    if isinstance(each, str):
        return {"image_url": each}
    if isinstance(each, dict):
        return {"image_url" if name in REFERENCE_NAMES else name: value for name, value in each.items()}
    return each


def _brief(model: ImageModel | None, body: dict[str, Any], many: int, errors: list[FieldError]) -> Brief:
    """Raises BadBrief for its own errors and for those found before."""
    if model is None:
        raise BadBrief(errors)
    if isinstance(body.get("prompt"), str) and not body["prompt"].strip():
        raise BadBrief([*errors, FieldError.at(("input", "prompt"), "too_short", "Prompt cannot be empty")])
    try:
        brief = Brief.read(model.id, body, many)
    except BadBrief as bad:
        raise BadBrief([*errors, *bad.errors]) from bad
    if errors:
        raise BadBrief(errors)
    return brief


def _bad_count(name: str) -> FieldError:
    bounds = {"minimum": 1, "maximum": GENERATIONS_MAX}
    detail = f"{name} must be an integer between 1 and {GENERATIONS_MAX}"
    return FieldError.at((name,), "out_of_range", detail, bounds)


def _is_count(many: object) -> bool:
    return isinstance(many, int) and not isinstance(many, bool) and 1 <= many <= GENERATIONS_MAX
