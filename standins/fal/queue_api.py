"""fal's queue over HTTP: submit, status, the stream of it, result and cancel; and the call that waits."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from standins.fal import outcome
from standins.fal.answers import answer, detail, not_found
from standins.fal.call import Call
from standins.fal.catalogue import ENDPOINTS
from standins.fal.drawing import Drawing, Status, new_id
from standins.fal.world import World

LOOK_AGAIN_S = 1.0
CANCEL_CODES = {"OK": 200, "CANCELLATION_REQUESTED": 202, "ALREADY_COMPLETED": 400}


async def submit(world: World, call: Call) -> Response:
    """Accept a request, whatever its input. Bad input shows at the result."""
    if refusal := refuse(world, call):
        return refusal
    longest = call.query.get("fal_max_queue_length")
    if longest and longest.isdecimal() and len(world.queue.waiting) > int(longest):
        return detail("Queue is full", 429, "queue_full", {"X-Fal-Needs-Retry": "1"})
    drawing = accept(world, call)
    rule = drawing.webhook and world.faults.take_for("webhook", drawing, lambda action: bool(action.get("early")))
    world.queue.submit(drawing)
    told: dict[str, Any] = {"status": Status.IN_QUEUE, "request_id": drawing.id, "gateway_request_id": drawing.id}
    told |= addresses(drawing)
    told["queue_position"] = world.queue.place(drawing) if drawing.status == Status.IN_QUEUE else 0
    if rule:
        await world.early_webhook(drawing, forged=bool(rule.action.get("forged")))
    return answer(told, headers={"x-fal-request-id": drawing.id})


async def status(world: World, call: Call) -> Response:
    """Where a request stands: 202 until it is over, then 200."""
    drawing = call.drawing
    if drawing is None:
        return not_found()
    code = 200 if drawing.status == Status.COMPLETED else 202
    told = told_of(world, drawing, logs=call.query.get("logs", "").lower() in ("1", "true"))
    return answer(told, code, {"x-fal-request-id": drawing.id})


async def stream(world: World, call: Call) -> Response:
    """The same as server-sent events, one for each change, until it is over."""
    if call.drawing is None:
        return not_found()
    logs = call.query.get("logs", "").lower() in ("1", "true")
    events = statuses(world, call.drawing, logs=logs)
    headers = {"x-fal-request-id": call.drawing.id, "cache-control": "no-store"}
    return StreamingResponse(events, 200, headers, "text/event-stream")


async def result(world: World, call: Call) -> Response:
    """What the image model answered, with its own status."""
    drawing = call.drawing
    if call.fault("gone"):
        return detail("Request result has expired", 404)
    if drawing is None or world.result_expired(drawing):
        return not_found()
    headers = {"x-fal-request-id": drawing.id}
    if drawing.status != Status.COMPLETED:
        return detail("Request is still in progress", 400, headers=headers)
    return await ending(world, drawing)


async def cancel(world: World, call: Call) -> Response:
    """Ask that a request be dropped or stopped."""
    if call.drawing is None:
        return not_found()
    said = world.queue.cancel(call.drawing, ignored=bool(call.fault("ignored")))
    return answer({"status": said}, CANCEL_CODES[said], {"x-fal-request-id": call.drawing.id})


async def run(world: World, call: Call) -> Response:
    """Draw while the caller waits. Never queued: without a free slot it is refused."""
    if refusal := refuse(world, call):
        return refusal
    if world.queue.running >= world.switches.concurrency:
        told = "You have reached the concurrent requests limit."
        return detail(told, 429, "concurrent_requests_limit", {"X-Fal-Needs-Retry": "1"})
    drawing = accept(world, call)
    drawing.webhook = ""
    world.queue.submit(drawing)
    await world.queue.end(drawing)
    if drawing.id not in world.records:
        return not_found()
    return await ending(world, drawing)


def refuse(world: World, call: Call) -> Response | None:
    """Why a submit is not even accepted, if so."""
    if reason := world.locked_for():
        return detail(f"User is locked. Reason: {reason}", 403)
    if call.endpoint not in ENDPOINTS:
        return detail(f"Path /{call.endpoint} not found", 404)
    if not call.is_json:
        return detail("Invalid JSON in the request body", 400, "bad_request")
    return None


def accept(world: World, call: Call) -> Drawing:
    """A new record from a submit."""
    given: Any = call.json
    asked = given.get("seed") if isinstance(given, dict) else None
    now = time.time()
    timeout = number(call.headers.get("x-fal-request-timeout"))
    return Drawing(
        id=new_id(),
        number=world.records.next_number(),
        endpoint_id=call.endpoint,
        input=given,
        base=call.base,
        sent_at=now,
        seed=int(asked) if isinstance(asked, int | float) else random.getrandbits(32),
        webhook=call.query.get("fal_webhook", ""),
        low_priority=call.headers.get("x-fal-queue-priority") == "low",
        start_by=None if timeout is None else now + timeout,
        file_lifetime_s=lifetime(call.headers.get("x-fal-object-lifecycle-preference")),
        keep_payload=call.headers.get("x-fal-store-io") != "0",
    )


def told_of(world: World, drawing: Drawing, *, logs: bool = False) -> dict[str, Any]:
    """The body of a status answer."""
    over = drawing.status == Status.COMPLETED
    told: dict[str, Any] = {
        "status": drawing.status,
        "request_id": drawing.id,
        **addresses(drawing),
        "logs": log_lines(drawing) if logs else None,
        "metrics": {"inference_time": outcome.inference_time(drawing)} if over else {},
    }
    if drawing.status == Status.IN_QUEUE:
        told["queue_position"] = world.queue.place(drawing)
    if over and drawing.error_type:
        told |= {"error": drawing.error.get("detail"), "error_type": drawing.error_type}
    return told


def addresses(drawing: Drawing) -> dict[str, str]:
    """Where to ask about it, in absolute terms."""
    stem = drawing.address
    return {"response_url": stem, "status_url": f"{stem}/status", "cancel_url": f"{stem}/cancel"}


def log_lines(drawing: Drawing) -> list[dict[str, str]]:
    """What the runner wrote while it drew."""
    lines = [(drawing.started_at, "drawing"), (drawing.ended_at, f"done with status {drawing.code}")]
    return [
        {"timestamp": iso(moment), "level": "INFO", "source": "USER", "message": message}
        for moment, message in lines
        if moment is not None
    ]


async def statuses(world: World, drawing: Drawing, *, logs: bool) -> AsyncIterator[bytes]:
    """One event for each different status, the last when it is over."""
    before = ""
    while True:
        change = world.queue.next_change(drawing)
        text = json.dumps(told_of(world, drawing, logs=logs))
        if text != before:
            yield f"data: {text}\n\n".encode()
        if drawing.status == Status.COMPLETED or drawing.id not in world.records:
            return
        before = text
        try:
            await asyncio.wait_for(change.wait(), LOOK_AGAIN_S)
        except TimeoutError:
            continue


async def ending(world: World, drawing: Drawing) -> Response:
    """A finished drawing's own answer."""
    headers = {"x-fal-request-id": drawing.id, "X-Fal-Billable-Units": drawing.units}
    if drawing.error_type:
        headers["X-Fal-Error-Type"] = drawing.error_type
    if drawing.error_type == outcome.TIMED_OUT[2]:
        headers["X-Fal-Request-Timeout-Type"] = "user"
    body = await world.body_of(drawing)
    if isinstance(body, str):
        return Response(body, drawing.code, headers, "text/html")
    return answer(body, drawing.code, headers)


def number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def lifetime(text: str | None) -> float | None:
    """Seconds that the files are wanted for, from the JSON of the lifecycle header; None for ever."""
    try:
        found = json.loads(text or "{}").get("expiration_duration_seconds")
        return None if found is None else float(found)
    except (ValueError, AttributeError, TypeError):
        return None


def iso(moment: float) -> str:
    """A time as ISO 8601 in UTC, with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
    return f"{whole}.{int(moment % 1 * 1000):03d}Z"
