"""Civitai's words: a generation to a workflow, an error to its problem details; `reading` goes the other way.

A workflow here has one step, of type imageGen, with the engine fal and the image model krea2. Amounts are Buzz, which
are our credits: exact JSON numbers, 39 and 45.5. Fields that change nothing are kept and said again.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from generations.models import Image, Outcome, Status, Upload
from generations.pictures.links import Link
from partners.dialects.seen import Seen
from partners.problems import Problem

from . import blobs
from .names import CAMEL, OUTPUT_FORMATS, SAYS, SIZES
from .reading import Asked

STEP_NAME = "0"
RFC9110 = "https://tools.ietf.org/html/rfc9110#section-15.5."
SECTIONS = {400: "1", 401: "2", 403: "4", 404: "5", 405: "6", 409: "10", 413: "14", 415: "16"}
TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}
# A step that was given nothing else.
UNSAID: Mapping[str, Any] = {
    "$type": "imageGen",
    "name": STEP_NAME,
    "priority": "normal",
    "timeout": None,
    "retries": None,
    "metadata": {},
}
NOTHING = {"type": "image", "id": "", "available": False, "url": None}  # the image of a whatif
STATUSES = {
    "queued": "unassigned",
    "running": "processing",
    "succeeded": "succeeded",
    "partial": "succeeded",
    "failed": "failed",
    "blocked": "failed",
    "canceled": "canceled",
    "stored": "succeeded",
}
REASONS = {
    "timed_out": "timeout",
    "fal_busy": "no_provider_available",
    "model_unavailable": "no_provider_available",
    "account_locked": "no_provider_available",
    "bad_key": "no_provider_available",
}
Address = Callable[[Image | Upload], Link]


def workflow(seen: Seen, address: Address, position: int | None = None) -> dict[str, Any]:
    """`address` signs a picture's address; `position`: how many images are drawn before its next one."""
    row, said = seen.row, seen.wire
    step = {
        "status": status_of(seen.status, row.error_code),
        "startedAt": time(row.started_at),
        "completedAt": time(row.finished_at),
        "estimatedProgressRate": None if seen.is_finished else _progress(seen),
        "jobs": [_job(image, position) for image in seen.images],
        "input": _input(row.image_model, row.input, row.quantity, row.output_format) | said.get("input", {}),
        "output": {
            "images": [blob(image, address) for image in seen.images],
            "errors": [why(image) for image in seen.images if image.is_final and not image.is_there] or None,
        },
    }
    transactions = {"list": _transactions(seen), "insufficientBuzz": None}
    price = cost(row.image_price, row.quantity)
    return _whole(str(row.pk), row.created_at, transactions, price, step, said, seen.tags)


def whatif(asked: Asked, image_price: int, available: int) -> dict[str, Any]:
    """A workflow that was checked and priced, and nothing more. Amounts in 1/100 credit."""
    brief, said = asked.brief, {**asked.wire, "externalId": asked.external_id}
    total = image_price * brief.quantity
    step = {
        "status": "unassigned",
        "startedAt": None,
        "completedAt": None,
        "estimatedProgressRate": None,
        "jobs": [],
        "input": _input(brief.image_model, brief.input_json(), brief.quantity, asked.output_format) | said["input"],
        "output": {"images": [NOTHING] * brief.quantity, "errors": None},
    }
    debit = {"type": "debit", "amount": number(total), "id": None, "accountType": _account(said)}
    transactions = {"list": [debit], "insufficientBuzz": total > available}
    return _whole(None, datetime.now(UTC), transactions, cost(image_price, brief.quantity), step, said, asked.tags)


def status_of(status: str, error_code: str) -> str:
    """The status of a generation, or of an image as the API tells it, in Civitai's words."""
    return "expired" if status == Outcome.FAILED and error_code == "timed_out" else STATUSES[status]


def price_headers(told: Mapping[str, Any]) -> dict[str, str]:
    """The price of a whatif, for those who read it there."""
    debits = told["transactions"]["list"]
    headers = {
        "X-Civitai-Cost-Total": json.dumps(told["cost"]["total"]),
        "X-Civitai-Cost-By-Currency": ";".join(
            f"{each['accountType']}={json.dumps(each['amount'])}" for each in debits
        ),
        "X-Civitai-Insufficient-Buzz": json.dumps(told["transactions"]["insufficientBuzz"]),
    }
    return headers | {"Access-Control-Expose-Headers": ", ".join(headers)}


def cost(image_price: int, quantity: int) -> dict[str, Any]:
    return {
        "base": number(image_price),
        "factors": {"quantity": quantity},
        "fixed": {},
        "tips": {"civitai": 0, "creators": 0},
        "fees": {},
        "total": number(image_price * quantity),
    }


def blob(row: Image | Upload, address: Address) -> dict[str, Any]:
    """An image of a workflow, or a picture that was uploaded."""
    image = row if isinstance(row, Image) else None
    link = address(row) if image is None or image.is_there else None
    return {
        "type": "image",
        "id": blobs.id_of(row),
        "available": link is not None,
        "url": link.address if link else None,
        "urlExpiresAt": time(link.expires_at) if link else None,
        "width": row.width if link else None,
        "height": row.height if link else None,
        "jobId": str(image.pk) if image else None,
        "blockedReason": why(image) if image and image.status == Status.BLOCKED else None,
    }


def reason(image: Image) -> dict[str, str]:
    """Why a job did not come to its picture, where there is a word for it."""
    if image.status == Status.BLOCKED:
        return {"reason": "blocked", "blockedReason": why(image)}
    if image.status == Status.CANCELED:
        return {"reason": "canceled"}
    return {"reason": REASONS[image.error_code]} if image.error_code in REASONS else {}


def why(image: Image) -> str:
    """In a sentence, why there is no picture."""
    if image.is_taken_down:
        return image.error_message
    if image.status == Status.STORED:
        return "This picture was deleted."
    return image.error_message or f"This image was {image.public_status}. You were not charged."


def number(amount: int) -> int | float:
    """An amount in 1/100 credit as the shortest JSON number of credits: 3900 is 39, and 4550 is 45.5."""
    return amount // 100 if amount % 100 == 0 else amount / 100


def refusal(problem: Problem) -> tuple[int, dict[str, Any]]:
    """The status and the body of a problem. Too few credits are 403, as its clients expect it."""
    status = {402: 403, 422: 400}.get(problem.status, problem.status)
    told: dict[str, Any] = {
        "type": RFC9110 + SECTIONS.get(status, "1"),
        "title": TITLES.get(status, "The request was refused."),
        "status": status,
        "detail": problem.detail,
    }
    fields: dict[str, list[str]] = {}
    for error in problem.errors:
        path = error["parameter"] or _path(error)
        fields.setdefault(path, []).append(_told(error, path))
    if fields:
        told["title"] = "One or more validation errors occurred."
        told["detail"] = " ".join(next(iter(texts)) for texts in fields.values())
        told["errors"] = {**fields, "messages": [text for texts in fields.values() for text in texts]}
    elif status in (400, 403, 409):
        told["errors"] = {"messages": [problem.detail]}
    return status, told


def of_recipe(body: dict[str, Any]) -> dict[str, Any]:
    """A refusal of a recipe, whose body is the input alone."""
    errors = body.get("errors")
    if errors is None:
        return body
    inner = "steps[0].input"
    named = {path.removeprefix(inner).removeprefix(".") or "body": texts for path, texts in errors.items()}
    return body | {"errors": named}


def timed_out(id: str) -> tuple[int, dict[str, Any]]:
    """The end of a line that was held as long as it may be. The pictures may still come."""
    said = f"The pictures are not finished yet, and not lost: ask for the workflow {id}, and do not send it again."
    return 504, {"title": "Gateway Timeout", "status": 504, "detail": said, "workflowId": id}


def _path(error: Mapping[str, Any]) -> str:
    """`/input/image_style_references/2/strength` as `steps[0].input.imageStyleReferences[2].strength`."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in str(error["pointer"] or "").split("/")[1:]]
    if steps[:1] in (["input"], ["quantity"]):
        inner = steps[1:] if steps[0] == "input" else steps
        steps = ["steps", "0", "input", *(CAMEL.get(step, step) for step in inner)]
    return "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps).removeprefix(".")


def _told(error: Mapping[str, Any], path: str) -> str:
    """The sentence with Civitai's names, and with the words by which its page tells people to look for a cause."""
    text = str(error["detail"])
    for snake, camel in CAMEL.items():
        text = re.sub(rf"\b{snake}\b", camel, text)
    name = path.rpartition(".")[2]
    if isinstance(error["allowed"], list) and error["code"] == "not_allowed" and "must be one of" in text:
        return f"{name} must be one of: {', '.join(map(str, error['allowed']))}"
    if name == "imageStyleReferences" and error["code"] == "too_long":
        return f"imageStyleReferences maxItems is 10: {text}"
    if name == "strength" and error["code"] == "out_of_range":
        return f"strength out of range: {text}"
    return text


def _whole(
    id: str | None,
    created_at: datetime,
    transactions: Mapping[str, Any],
    cost: Mapping[str, Any],
    step: Mapping[str, Any],
    said: Mapping[str, Any],
    tags: list[str],
) -> dict[str, Any]:
    """A workflow around its one step, with what was sent around both (`said`)."""
    return {
        "id": id,
        "createdAt": time(created_at),
        **{name: step[name] for name in ("startedAt", "completedAt", "status")},
        "transactions": transactions,
        "cost": cost,
        "steps": [{**UNSAID, **said.get("step", {}), **step}],
        "tags": tags,
        "metadata": said.get("metadata", {}),
        "callbacks": said.get("callbacks", []),
        "arguments": {},
        "currencies": said.get("currencies", []),
        "tips": {"civitai": 0, "creators": 0, **said.get("tips", {})},
        "upgradeMode": said.get("upgradeMode", "manual"),
        "allowMatureContent": said.get("allowMatureContent"),
        "experimental": said.get("experimental"),
        "nsfwLevel": said.get("nsfwLevel"),
        "externalId": said.get("externalId"),
        "forceRefunded": False,
    }


def _transactions(seen: Seen) -> list[dict[str, Any]]:
    account, row = _account(seen.wire), seen.row
    told = [{"type": "debit", "amount": number(row.quoted), "id": str(row.pk), "accountType": account}]
    back = row.quoted - seen.charged
    if seen.is_finished and back:
        told.append({"type": "credit", "amount": number(back), "id": f"{row.pk}-back", "accountType": account})
    return told


def _account(wire: Mapping[str, Any]) -> str:
    named = wire.get("currencies")
    return str(named[0]) if isinstance(named, list) and named else "yellow"


def _job(image: Image, position: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": str(image.pk),
        "status": status_of(image.public_status, image.error_code),
        "startedAt": None,
        "completedAt": time(image.status_at) if image.is_final else None,
        "cost": 1,
        "estimatedProgressRate": None,
        **reason(image),
    }
    if image.status == Status.QUEUED and position is not None:
        told["queuePosition"] = {"support": "available", "precedingJobs": position}
    return told


def _progress(seen: Seen) -> float:
    return sum(image.is_final for image in seen.images) / len(seen.images)


def _input(image_model: str, input: Mapping[str, Any], quantity: int, output_format: str) -> dict[str, Any]:
    """The input as it was checked, in Civitai's names."""
    size = next(size for size, id in SIZES.items() if id == image_model)
    named = {CAMEL.get(name, name): value for name, value in input.items()}
    named["imageStyleReferences"] = [
        {CAMEL.get(name, name): value for name, value in each.items()} for each in input["image_style_references"]
    ]
    formats = [theirs for theirs, ours in OUTPUT_FORMATS.items() if ours == output_format]
    return {**SAYS, "size": size, **named, "quantity": quantity, **({"outputFormat": formats[0]} if formats else {})}


def time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
