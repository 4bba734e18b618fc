"""Callbacks: what is told of a workflow, of its step and of its jobs, each status once, in the order in which it came.

A body carries the status and the time of what happened; `details`, where they were asked for, are as they are when the
call is made, so that the addresses of pictures are fresh.
"""

import json
from collections.abc import Iterator
from typing import Any

from generations import events
from generations.models import FINAL, Event, Image, Status
from partners.dialects import seen
from partners.dialects.seen import Seen
from partners.models import Delivery, Order, Topic
from partners.webhooks.telling import NothingToTell, Telling

from . import blobs, wire

JOB, STEP, WORKFLOW = "job", "step", "workflow"


def tellings(order: Order, event: Event) -> Iterator[Telling]:
    """What each callback of an order wants to hear of an event: first of a job, then of the step, then of the whole."""
    for scope, status, job in _happened(order, event):
        for place, callback in enumerate(order.wire.get("callbacks", [])):
            if f"{scope}:{status}" in callback["type"] or f"{scope}:*" in callback["type"]:
                yield Telling(
                    callback["url"],
                    Topic.GENERATION_UPDATED,
                    " ".join([str(place), scope, status, *([job] if job else [])]),
                )


def body(delivery: Delivery) -> bytes:
    """Raises NothingToTell for a workflow that was deleted."""
    found = seen.find(delivery.user_id, delivery.object_id) if delivery.object_id else None
    place, scope, status, *job = delivery.name.split()
    callbacks = found.wire.get("callbacks", []) if found else []
    if found is None or int(place) >= len(callbacks):
        raise NothingToTell
    told = {
        "$type": scope,
        "workflowId": str(delivery.object_id),
        "status": status,
        "timestamp": wire.time(delivery.created_at),
        **_about(scope, found, job, is_detailed=bool(callbacks[int(place)].get("detailed"))),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _happened(order: Order, event: Event) -> Iterator[tuple[str, str, str]]:
    """Scope, status, and the job's id where it is one. What was told of before is told again here, and is then not."""
    status, images = str(event.data.get("status", "")), Image.objects.filter(generation=order.pk).order_by("index")
    if event.kind == events.GENERATION_UPDATED and status == "queued":
        yield from ((JOB, "unassigned", str(image.pk)) for image in images)
        yield from ((scope, "unassigned", "") for scope in (STEP, WORKFLOW))
    elif event.kind == events.IMAGE_UPDATED and status == Status.SENDING:
        yield JOB, "processing", str(event.object_id)
        yield from ((scope, "processing", "") for scope in (STEP, WORKFLOW))
    elif event.kind == events.IMAGE_UPDATED and status in FINAL:
        code = next((image.error_code for image in images if image.pk == event.object_id), "")
        yield JOB, wire.status_of(status, code), str(event.object_id)
    elif event.kind == events.GENERATION_FINISHED:
        ended = wire.status_of(status, order.generation.error_code)
        yield from ((scope, ended, "") for scope in (STEP, WORKFLOW))


def _about(scope: str, found: Seen, job: list[str], *, is_detailed: bool) -> dict[str, Any]:
    """What a body says beside the status."""
    told = wire.workflow(found, blobs.link)
    [step] = told["steps"]
    if scope == JOB:
        image = next(image for image in found.images if str(image.pk) == job[0])
        named = {"stepName": step["name"], "jobId": job[0], "progress": None, "matureContent": None}
        return {**named, "reason": None, "blockedReason": None, **wire.reason(image)}
    named = {} if scope == WORKFLOW else {"name": step["name"]}
    if not is_detailed:
        return named
    if scope == STEP:
        wanted = ("startedAt", "completedAt", "estimatedProgressRate", "retries", "metadata", "input", "output")
        details = {name: step[name] for name in wanted}
        return {**named, "details": details | {"retries": step["retries"] or 0}}
    of_step = ("name", "status", "startedAt", "completedAt", "metadata", "input", "output")
    of_all = ("createdAt", "startedAt", "completedAt", "metadata", "arguments")
    inner = {name: step[name] for name in of_step} | {"cost": told["cost"]["total"]}
    return {"details": {name: told[name] for name in of_all} | {"steps": [inner]}}
