"""POST and GET /__control, GET /__log, GET /__events: what a test tells the stand-in, and what it may ask.

POST takes one JSON object (every key optional; README.md lists them), a list of rules, or one rule. It answers with
the settings as they then are, and in `result` with what the act or the delivery brought.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from standins.stripe import acts, signing
from standins.stripe import events as eventing
from standins.stripe.call import Call
from standins.stripe.errors import StripeError
from standins.stripe.faults import ON_EVENTS, BadControl, check_rule
from standins.stripe.objects import Object, shown
from standins.stripe.world import World

SWITCHES: Mapping[str, tuple[type, ...]] = {
    "webhook_url": (str,),
    "webhook_secret": (str,),
    "hold": (bool,),
    "down": (bool, int),
    "keys": (list, type(None)),
    "calls_a_second": (int, type(None)),
    "tax_percent": (dict,),
}
COMMANDS = ("reset", "calm", "rules", "act", "advance_s", "advance_to", "release", "deliver", "settle_events")


async def control(world: World, call: Call) -> Response:
    """Change what was asked for, and tell how things stand."""
    result: Any = None
    if call.method == "POST":
        try:
            result = await obey(world, call.json)
        except StripeError as error:
            return answer({"detail": str(error), "error": error.error}, 400)
        except (BadControl, ValueError, TypeError, KeyError) as error:
            return answer({"detail": str(error) or repr(error)}, 400)
    told: dict[str, Any] = {**asdict(world.switches), "now": world.now, "ahead_s": world.clock.ahead_s}
    told["rules"] = [rule.told() for rule in world.faults.rules]
    return answer({**told, "result": result})


async def log(world: World, call: Call) -> Response:
    """The calls that fit the query, and counts of everything."""
    try:
        found = world.calls.find(call.query)
    except ValueError as error:
        return answer({"detail": str(error)}, 400)
    return answer({"calls": found, "summary": summary(world)})


async def events(world: World, call: Call) -> Response:
    """All events, oldest first. `raw=1`: bodies with a signature made now, to deliver by oneself."""
    rows = [row for row in world.store.oldest_first(eventing.KIND) if fits(row, call.query)]
    if call.query.get("raw"):
        return answer([raw(world, row) for row in rows])
    return answer([{**shown(row), "deliveries": row["_deliveries"]} for row in rows])


async def healthz(world: World, call: Call) -> Response:
    return answer({"status": "ok"})


async def obey(world: World, asked: Any) -> Any:
    """Do what a body says; BadControl where it cannot be understood, and then nothing is changed."""
    if isinstance(asked, list):
        asked = {"rules": asked}
    elif isinstance(asked, dict) and "on" in asked:
        asked = {"rules": [asked]}
    elif isinstance(asked, dict) and "act" in asked:
        return acts.perform(world, asked)
    check(asked)
    if asked.get("reset"):
        world.reset()
    if asked.get("calm"):
        world.calm()
    for rule in as_list(asked.get("rules", [])):
        world.faults.add(rule)
    for name in SWITCHES:
        if name in asked:
            setattr(world.switches, name, asked[name])
    return await let_happen(world, asked)


async def let_happen(world: World, asked: dict[str, Any]) -> Any:
    """What takes time: the clock, and deliveries."""
    result: Any = None
    seconds = asked.get("advance_s")
    if "advance_to" in asked:
        seconds = int(asked["advance_to"]) - world.now
    if seconds is not None:
        if int(seconds) < 0:
            raise BadControl("time does not go back")
        result = {"happened": await world.advance(int(seconds))}
    if "release" in asked:
        result = {"released": release(world, asked["release"])}
    if "deliver" in asked:
        result = {"statuses": await deliver(world, asked["deliver"])}
    if asked.get("settle_events"):
        await world.deliveries.idle()
    return result


def release(world: World, which: Any) -> int:
    """Held events go: all (true), these ids in their order, "reverse", or {"shuffle": seed}."""
    ids = [row["id"] for row in world.store.oldest_first(eventing.KIND)]
    if isinstance(which, list):
        ids = [str(id) for id in which]
    elif which == "reverse":
        ids.reverse()
    elif isinstance(which, dict) and "shuffle" in which:
        random.Random(which["shuffle"]).shuffle(ids)
    elif which is not True:
        raise BadControl('`release` is true, a list of ids, "reverse" or {"shuffle": seed}')
    return world.deliveries.let_go(ids)


async def deliver(world: World, asked: Any) -> list[int]:
    """Deliver now: a list of ids, or {"ids": [...], and what an event rule may say}."""
    given = {"ids": asked} if isinstance(asked, list) else dict(asked)
    ids = given.pop("ids")
    if unknown := sorted(set(given) - ON_EVENTS):
        raise BadControl(f"unknown: {', '.join(unknown)}")
    return await world.deliveries.deliver(ids, given)


def check(asked: Any) -> None:
    if not isinstance(asked, dict):
        raise BadControl("expected an object or a list of rules")
    if unknown := sorted(set(asked) - set(SWITCHES) - set(COMMANDS)):
        raise BadControl(f"unknown: {', '.join(unknown)}")
    for name, types in SWITCHES.items():
        if name in asked and not isinstance(asked[name], types):
            raise BadControl(f"`{name}` has the wrong type")
    for rule in as_list(asked.get("rules", [])):
        check_rule(rule)


def as_list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def fits(event: Object, wanted: Mapping[str, str]) -> bool:
    kind, about = wanted.get("type"), wanted.get("about")
    return (not kind or event["type"] == kind) and (not about or about in json.dumps(event["data"]["object"]))


def raw(world: World, event: Object) -> Object:
    """An event as it would be posted now."""
    body = eventing.body_of(event)
    signature = signing.header(body, world.switches.webhook_secret)
    return {"id": event["id"], "type": event["type"], "body": body.decode(), "signature": signature}


def summary(world: World) -> dict[str, Any]:
    """Counts since the start or the last reset."""
    states: dict[str, int] = {}
    for event in world.store.oldest_first(eventing.KIND):
        for each in event["_deliveries"].values():
            states[each["state"]] = states.get(each["state"], 0) + 1
    objects = {kind: count for kind, count in world.store.kinds().items() if not kind.startswith("_")}
    return {"calls": dict(world.calls.counts), "events": states, "objects": objects}


def answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status, media_type="application/json")
