"""Civitai's words: a generation to a workflow, an error to its problem details; `reading` goes the other way.

A workflow here has one step, of type imageGen, with the engine fal and the image model krea2. Amounts are Buzz, which
are our credits: exact JSON numbers, 39 and 45.5. Fields that change nothing are kept and said again.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from generations.models import Image, Outcome, Status
from generations.pictures.links import Link
from partners.dialects.seen import Seen
from partners.problems import Problem

from .names import CAMEL, SAYS, SIZES
from .reading import Asked

STEP_NAME = "0"
BLOB = "blob_"
RFC9110 = "https://tools.ietf.org/html/rfc9110#section-15.5."
SECTIONS = {400: "1", 401: "2", 403: "4", 404: "5", 405: "6", 409: "10", 413: "14", 415: "16"}
TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}
STATUSES = {
    "queued": "scheduled",
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
Address = Callable[[Image], Link]


def workflow(seen: Seen, address: Address, position: int | None = None) -> dict[str, Any]:
    """`address` signs a picture's address; `position`: how many images are drawn before its next one."""
    row, status = seen.row, _status(seen)
    wire = seen.wire
    return {
        "id": str(row.pk),
        "createdAt": _time(row.created_at),
        "startedAt": _time(row.started_at),
        "completedAt": _time(row.finished_at),
        "status": status,
        "transactions": {"list": _transactions(seen), "insufficientBuzz": None},
        "cost": cost(row.image_price, row.quantity),
        "steps": [
            {
                "$type": "imageGen",
                "name": STEP_NAME,
                "priority": "normal",
                "timeout": None,
                "retries": None,
                "metadata": {},
                **wire.get("step", {}),
                "status": status,
                "startedAt": _time(row.started_at),
                "completedAt": _time(row.finished_at),
                "estimatedProgressRate": None if seen.is_finished else _progress(seen),
                "jobs": [_job(image, position) for image in seen.images],
                "input": _input(row.image_model, row.input, row.quantity),
                "output": {
                    "images": [blob(image, address) for image in seen.images],
                    "errors": [_why(image) for image in seen.missing] or None,
                },
            }
        ],
        **_around(wire),
    }


def whatif(asked: Asked, image_price: int, available: int) -> dict[str, Any]:
    """A workflow that was checked and priced, and nothing more. Amounts in 1/100 credit."""
    total = image_price * asked.brief.quantity
    debit = {"type": "debit", "amount": number(total), "id": None, "accountType": _account(asked.wire)}
    nothing = {"type": "image", "id": None, "available": False, "url": None}
    return {
        "id": None,
        "createdAt": _time(datetime.now(UTC)),
        "startedAt": None,
        "completedAt": None,
        "status": "unassigned",
        "transactions": {"list": [debit], "insufficientBuzz": total > available},
        "cost": cost(image_price, asked.brief.quantity),
        "steps": [
            {
                "$type": "imageGen",
                "name": STEP_NAME,
                "priority": "normal",
                "timeout": None,
                "retries": None,
                "metadata": {},
                **asked.wire["step"],
                "status": "unassigned",
                "startedAt": None,
                "completedAt": None,
                "estimatedProgressRate": None,
                "jobs": [],
                "input": _input(asked.brief.image_model, asked.brief.input_json(), asked.brief.quantity),
                "output": {"images": [nothing] * asked.brief.quantity, "errors": None},
            }
        ],
        **_around(asked.wire),
    }


def price_headers(told: Mapping[str, Any]) -> dict[str, str]:
    """The price of a whatif, for those who read it there."""
    debits = told["transactions"]["list"]
    return {
        "X-Civitai-Cost-Total": json.dumps(told["cost"]["total"]),
        "X-Civitai-Cost-By-Currency": ";".join(
            f"{each['accountType']}={json.dumps(each['amount'])}" for each in debits
        ),
        "X-Civitai-Insufficient-Buzz": json.dumps(told["transactions"]["insufficientBuzz"]),
    }


def cost(image_price: int, quantity: int) -> dict[str, Any]:
    return {
        "base": number(image_price),
        "factors": {"quantity": quantity},
        "fixed": {},
        "tips": {"civitai": 0, "creators": 0},
        "fees": {},
        "total": number(image_price * quantity),
    }


def blob(image: Image, address: Address) -> dict[str, Any]:
    link = address(image) if image.is_there else None
    return {
        "type": "image",
        "id": f"{BLOB}{image.pk}",
        "available": link is not None,
        "url": link.address if link else None,
        "urlExpiresAt": _time(link.expires_at) if link else None,
        "width": image.width if link else None,
        "height": image.height if link else None,
        "jobId": str(image.pk),
        "blockedReason": _why(image) if image.status == Status.BLOCKED else None,
    }


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


def _around(wire: Mapping[str, Any]) -> dict[str, Any]:
    """What stands around the steps, as it was sent."""
    return {
        "tags": wire.get("tags", []),
        "metadata": wire.get("metadata", {}),
        "callbacks": [],
        "arguments": {},
        "currencies": wire.get("currencies", []),
        "tips": wire.get("tips", {"civitai": 0, "creators": 0}),
        "upgradeMode": wire.get("upgradeMode", "manual"),
        "allowMatureContent": wire.get("allowMatureContent"),
        "experimental": wire.get("experimental"),
        "nsfwLevel": wire.get("nsfwLevel"),
        "externalId": wire.get("externalId"),
        "forceRefunded": False,
    }


def _status(seen: Seen) -> str:
    if seen.row.outcome == Outcome.FAILED and seen.row.error_code == "timed_out":
        return "expired"
    return STATUSES[seen.status]


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
        "status": STATUSES[image.public_status],
        "startedAt": None,
        "completedAt": _time(image.status_at) if image.is_final else None,
        "cost": 1,
        "estimatedProgressRate": None,
    }
    if image.status == Status.QUEUED and position is not None:
        told["queuePosition"] = {"support": "available", "precedingJobs": position}
    if image.status == Status.BLOCKED:
        told |= {"reason": "blocked", "blockedReason": _why(image)}
    elif image.status == Status.CANCELED:
        told["reason"] = "canceled"
    elif image.error_code in REASONS:
        told["reason"] = REASONS[image.error_code]
    return told


def _progress(seen: Seen) -> float:
    return sum(image.is_final for image in seen.images) / len(seen.images)


def _why(image: Image) -> str:
    return image.error_message or f"This image was {image.public_status}. You were not charged."


def _input(image_model: str, input: Mapping[str, Any], quantity: int) -> dict[str, Any]:
    """The input as it was checked, in Civitai's names."""
    size = next(size for size, id in SIZES.items() if id == image_model)
    named = {CAMEL.get(name, name): value for name, value in input.items()}
    named["imageStyleReferences"] = [
        {CAMEL.get(name, name): value for name, value in each.items()} for each in input["image_style_references"]
    ]
    return {**SAYS, "size": size, **named, "quantity": quantity}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
