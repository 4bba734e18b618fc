"""Calls that a receiver must refuse: forged, altered, oversized, too old, from the future."""

import json
from typing import Any

from standins.stripe import events, signing
from standins.stripe.objects import Object, copied, new_id

WAYS = ("forged", "altered", "oversized", "stale_timestamp", "timestamp_shift_s")
OVERSIZED_BY = 2_000_000


def spoils(action: dict[str, Any]) -> bool:
    return any(action.get(way) for way in WAYS)


def note(action: dict[str, Any]) -> str:
    return " ".join(way for way in WAYS if action.get(way))


def spoiled(event: Object, secret: str, action: dict[str, Any]) -> tuple[bytes, str]:
    """A body and its signature, wrong in all the ways that are asked for."""
    body = events.body_of(event)
    if size := action.get("oversized"):
        body = padded(event, OVERSIZED_BY if size is True else int(size))
    if action.get("forged"):
        body, secret = lie(event), signing.STRANGER
    shift = -signing.STALE_BY_S if action.get("stale_timestamp") else int(action.get("timestamp_shift_s", 0))
    signature = signing.header(body, secret, shift_s=shift)
    if action.get("altered"):
        body = dearer(body)
    return body, signature


def lie(event: Object) -> bytes:
    """An event that never happened, about a hundred times as much money."""
    return dearer(events.body_of({**event, "id": new_id("evt")}))


def dearer(body: bytes) -> bytes:
    event = json.loads(body)
    thing = event["data"]["object"]
    for name, value in thing.items():
        if name.startswith("amount") and isinstance(value, int):
            thing[name] = value * 100
    event["data"]["object"] = {**thing, "description": "forged"}
    return json.dumps(event, indent=2).encode()


def padded(event: Object, size: int) -> bytes:
    big = copied(event)
    big["data"]["object"]["padding"] = "x" * size
    return events.body_of(big)
