"""fal's platform API, the part about money: usage by day and endpoint, each billing event, the balance.

All three need an Admin key, as at fal; the switch `admin_key: false` makes every key an ordinary one. Sums are of what
was really drawn and billed. A picture is billed when it is done, so that is the time of everything here.
"""

import base64
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from standins.fal.answers import answer, detail
from standins.fal.call import Call
from standins.fal.catalogue import ENDPOINTS
from standins.fal.drawing import Drawing
from standins.fal.platform_api import endpoint_ids, window
from standins.fal.world import World

BUCKETS = {"minute": 60, "hour": 3600, "day": 86_400}
MOST_LINES, MOST_EVENTS = 1000, 10_000
NOT_ADMIN = {"error": {"type": "authorization_error", "message": "This endpoint requires an Admin API key."}}


@dataclass
class Line:
    """What one endpoint cost at one price in one bucket of time."""

    quantity: float = 0.0
    micro_usd: int = 0


async def usage(world: World, call: Call) -> Response:
    """Quantity and cost by endpoint and price: in buckets of time, in all, or both."""
    if not world.switches.admin_key:
        return answer(NOT_ADMIN, 403)
    expand = set(",".join(call.every_query.get("expand", ["time_series"])).split(","))
    frame = call.query.get("timeframe", "day")
    try:
        start, end, limit, page = window(call, most=MOST_LINES)
        if frame not in BUCKETS or not expand & {"time_series", "summary"}:
            raise ValueError("`timeframe` or `expand` is not understood")
    except ValueError as error:
        return detail(str(error), 422)
    if call.query.get("bound_to_timeframe", "true") != "false":
        start, end = aligned(start, end, BUCKETS[frame])
    found = billed(world, call, start, end)
    told: dict[str, Any] = {"next_cursor": None, "has_more": False}
    if "summary" in expand:
        told["summary"] = [shown(*each) for each in lines_of(found).items()]
    if "time_series" in expand:
        buckets: dict[float, list[Drawing]] = defaultdict(list)
        for drawing in found:
            buckets[at(drawing) // BUCKETS[frame] * BUCKETS[frame]].append(drawing)
        flat = [(bucket, line) for bucket in sorted(buckets) for line in lines_of(buckets[bucket]).items()]
        flat = [(bucket, spoiled(call, line)) for bucket, line in flat]
        here = flat[(page - 1) * limit : page * limit]
        series: dict[str, list[dict[str, Any]]] = {}
        for bucket, line in here:
            series.setdefault(stamp(bucket), []).append(shown(*line))
        told["time_series"] = [{"bucket": bucket, "results": results} for bucket, results in series.items()]
        told |= following(page, more=len(flat) > page * limit)
    return answer(told)


async def billing_events(world: World, call: Call) -> Response:
    """What each request cost, the newest first."""
    if not world.switches.admin_key:
        return answer(NOT_ADMIN, 403)
    try:
        start, end, limit, page = window(call, most=MOST_EVENTS)
    except ValueError as error:
        return detail(str(error), 422)
    wanted = {one for value in call.every_query.get("request_id", []) for one in value.split(",") if one}
    found = [each for each in billed(world, call, start, end) if not wanted or each.id in wanted]
    found.sort(key=at, reverse=True)
    here = found[(page - 1) * limit : page * limit]
    told = {"billing_events": [event(each) for each in here]}
    return answer(told | following(page, more=len(found) > page * limit))


async def balance(world: World, call: Call) -> Response:
    """What is left of the money: what a new account here starts with, or was told to have, less what was drawn since;
    nothing while it is locked for want of it."""
    if not world.switches.admin_key:
        return answer(NOT_ADMIN, 403)
    left = 0 if world.switches.locked else world.left_micro_usd()
    told: dict[str, Any] = {"username": "standin"}
    if "credits" in call.query.get("expand", "").split(","):
        told["credits"] = {"current_balance": left / 1_000_000, "currency": "USD"}
    return answer(told)


def billed(world: World, call: Call, start: float, end: float) -> list[Drawing]:
    """All that was billed in a span of time, oldest first, but for what a rule leaves out."""
    wanted, rule = endpoint_ids(call), call.rule
    hides = rule if rule and rule.action.get("missing") else None
    return [
        each
        for each in world.records.oldest_first()
        if each.cost_micro_usd
        and start <= at(each) < end
        and (not wanted or each.endpoint_id in wanted)
        and not (hides and hides.matches(endpoint=each.endpoint_id, prompt=each.prompt, request_id=each.id))
    ]


def at(drawing: Drawing) -> float:
    return drawing.ended_at or drawing.sent_at


def lines_of(drawings: list[Drawing]) -> dict[tuple[str, int], Line]:
    """By endpoint and price of a unit: style references make a line of their own."""
    lines: dict[tuple[str, int], Line] = defaultdict(Line)
    for drawing in drawings:
        line = lines[drawing.endpoint_id, price_of(drawing)]
        line.quantity = round(line.quantity + float(drawing.units), 6)
        line.micro_usd += drawing.cost_micro_usd
    return lines


def price_of(drawing: Drawing) -> int:
    """In micro USD; what is drawn with style references has a price of its own."""
    return drawing.unit_micro_usd or drawing.endpoint.micro_usd


def spoiled(call: Call, line: tuple[tuple[str, int], Line]) -> tuple[tuple[str, int], Line]:
    """The wrong sum that a rule asks for."""
    off, rule = call.fault("off_micro_usd"), call.rule
    if off and rule and rule.matches(endpoint=line[0][0], prompt="", request_id=""):
        return line[0], Line(line[1].quantity, line[1].micro_usd + int(off))
    return line


def shown(of: tuple[str, int], line: Line) -> dict[str, Any]:
    cost = line.micro_usd / 1_000_000
    told: dict[str, Any] = {"endpoint_id": of[0], "unit": ENDPOINTS[of[0]].unit, "quantity": line.quantity}
    told["unit_price"] = of[1] / 1_000_000
    told |= {"percent_discount": None, "cost_subtotal": cost, "cost_discount": 0, "cost_total": cost, "cost": cost}
    return told | {"currency": "USD"}


def event(drawing: Drawing) -> dict[str, Any]:
    cost = drawing.cost_micro_usd / 1_000_000
    told: dict[str, Any] = {
        "request_id": drawing.id,
        "endpoint_id": drawing.endpoint_id,
        "timestamp": stamp(at(drawing)),
    }
    told |= {"output_units": float(drawing.units), "unit_price": price_of(drawing) / 1_000_000}
    told |= {"percent_discount": None, "cost_subtotal": cost, "cost_discount": 0, "cost_total": cost}
    return told | {"cost_estimate_nano_usd": drawing.cost_micro_usd * 1000}


def aligned(start: float, end: float, frame: int) -> tuple[float, float]:
    return start // frame * frame, -(-end // frame) * frame


def following(page: int, *, more: bool) -> dict[str, Any]:
    return {"next_cursor": base64.b64encode(str(page + 1).encode()).decode() if more else None, "has_more": more}


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
