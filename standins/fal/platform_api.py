"""fal's platform API, the part that we use: request history, erasing, prices, webhook sources. What tells money is in
money_api.py."""

import base64
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from standins.fal import outcome
from standins.fal.answers import answer, detail
from standins.fal.call import Call
from standins.fal.catalogue import ENDPOINTS
from standins.fal.drawing import Drawing, Status
from standins.fal.queue_api import iso
from standins.fal.world import World

DAY_S = 86_400.0
MOST_ITEMS = 100


async def history(world: World, call: Call) -> Response:
    """The requests of some endpoints in a span of time, latest end first, in pages."""
    wanted = endpoint_ids(call)
    if not wanted:
        return detail("`endpoint_id` is required", 422)
    try:
        start, end, limit, page = window(call)
    except ValueError as error:
        return detail(str(error), 422)
    found = [
        drawing
        for drawing in world.records.newest_first()
        if drawing.endpoint_id in wanted and start <= drawing.sent_at < end and shows(world, call, drawing)
    ]
    found.sort(key=lambda drawing: drawing.ended_at or time.time(), reverse=True)
    here = found[(page - 1) * limit : page * limit]
    more = len(found) > page * limit
    payloads = "payloads" in call.query.get("expand", "").split(",")
    items = [await item(world, drawing, payloads=payloads) for drawing in here]
    following = base64.b64encode(str(page + 1).encode()).decode() if more else None
    return answer({"items": items, "next_cursor": following, "has_more": more})


async def erase(world: World, call: Call) -> Response:
    """Erase what one request was sent and answered, with its pictures; style references stay. Of what is under way
    there is nothing to erase yet."""
    if not world.switches.admin_key:
        return detail("This endpoint requires an admin API key", 403)
    drawing = call.drawing
    if drawing is None or drawing.erased:
        return detail("Request not found", 404)
    if drawing.status != Status.COMPLETED:
        return detail("Request is still in progress", 400)
    names = outcome.picture_names(drawing) if drawing.drawn else []
    links = [f"{drawing.base}/cdn/files/drawn/{name}" for name in names]
    trouble = call.fault("kept")
    if not trouble:
        world.erase(drawing)
    told = [{"link": link, "exception": str(trouble) if trouble else None} for link in links]
    return answer({"cdn_delete_results": told})


async def pricing(world: World, call: Call) -> Response:
    """One price for each endpoint; it cannot say that style references cost more."""
    wanted = endpoint_ids(call) or list(ENDPOINTS)
    prices = [
        {"endpoint_id": one, "unit_price": world.price_of(one) / 1_000_000, "unit": ENDPOINTS[one].unit}
        | {"currency": "USD"}
        for one in wanted
        if one in ENDPOINTS
    ]
    return answer({"prices": prices, "next_cursor": None, "has_more": False})


async def meta(world: World, call: Call) -> Response:
    """Where webhooks come from."""
    return answer({"webhook_ip_ranges": ["127.0.0.0/8", "::1/128"]})


def endpoint_ids(call: Call) -> list[str]:
    """Ids from repeated or comma-separated values."""
    return [one for value in call.every_query.get("endpoint_id", []) for one in value.split(",") if one]


def window(call: Call, *, most: int = MOST_ITEMS) -> tuple[float, float, int, int]:
    """Start, end, items on a page and the page; ValueError where one cannot be read."""
    query, now = call.query, time.time()
    reach = 90 * DAY_S if "request_id" in query else DAY_S
    start = moment(query["start"]) if query.get("start") else now - reach
    end = moment(query["end"]) if query.get("end") else now + 1
    limit = int(query.get("limit", 50))
    if not 1 <= limit <= most:
        raise ValueError(f"`limit` must be between 1 and {most}")
    page = int(base64.b64decode(query["cursor"])) if query.get("cursor") else 1
    return start, end, limit, page


def moment(text: str) -> float:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def shows(world: World, call: Call, drawing: Drawing) -> bool:
    """Whether the history may show it: over, unless told otherwise; fitting the filters; hidden by no rule."""
    if world.switches.history_shows == "none":
        return False
    if drawing.status != Status.COMPLETED and world.switches.history_shows == "ended":
        return False
    rule = call.rule
    hidden = rule and rule.action.get("missing")
    if rule and hidden and rule.matches(endpoint=drawing.endpoint_id, prompt=drawing.prompt, request_id=drawing.id):
        return False
    if call.query.get("request_id", drawing.id) != drawing.id:
        return False
    return call.query.get("status", "") in ("", *kinds(drawing))


def kinds(drawing: Drawing) -> Iterator[str]:
    if drawing.code:
        yield "success" if drawing.code < 400 else "user_error" if drawing.code < 500 else "error"


async def item(world: World, drawing: Drawing, *, payloads: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "request_id": drawing.id,
        "endpoint_id": drawing.endpoint_id,
        "sent_at": iso(drawing.sent_at),
        "started_at": iso(drawing.started_at) if drawing.started_at else None,
        "ended_at": iso(drawing.ended_at) if drawing.ended_at else None,
        "status_code": drawing.code or None,
        "duration": outcome.inference_time(drawing),
    }
    if payloads:
        if drawing.erased:
            return told | {"json_input": None, "json_output": None}
        over = drawing.status == Status.COMPLETED
        told |= {"json_input": drawing.input, "json_output": await world.body_of(drawing) if over else None}
    return told


async def jwks(world: World, call: Call) -> Response:
    """The public keys of webhooks."""
    return answer(world.keyring.jwks(), headers={"Cache-Control": "max-age=3600"})
