"""POST /__control, GET /__control and GET /__log: what a test tells the stand-in, and what it may ask.

POST takes one JSON object (every key optional) or a list of rules; it answers with the settings as they are then:

    {"reset": true}                 forget all requests, files, calls, rules; switches as at the start
    {"calm": true}                  drop rules and failures, switches as at the start; keep all requests
    {"rules": [rule, ...]}          add rules; a bare list or a bare rule does the same
    {"fail": failure or [...]}      drawings that match end with an error of the image model
    {"latency_s": 10}               every drawing takes this long (null: like the real thing, times the speed)
    {"speed": 0.05, "concurrency": 2000}
    {"locked": "reason"}            403 on submit, run and upload, until {"locked": ""}
    {"down": true}                  every connection is closed unanswered; a number: that status; false: up again
    {"keys": ["id:secret"]}         only these keys are known (null: any)
    {"history_shows": "ended"}      or "all", also what is under way, or "none"
    {"admin_key": false}            keys are ordinary ones: usage, billing events and balance answer 403
    {"prices": {id: micro_usd}}     what a unit costs from now on; null: as ever
    {"balance_usd": 0.5}            what is left of the money from now on; null: 1,000 less all that was drawn
    {"locks_at_zero": true}         the account is locked once nothing is left; a top-up alone does not unlock it
    {"rotate_keys": true}           sign webhooks with a new key
    {"finish": true}                what is being drawn is done now; an id: only that request

A rule: {"on": place, matchers, "times": n, "skip": n, action}. README.md lists places and actions.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from standins.fal.answers import answer
from standins.fal.call import Call
from standins.fal.drawing import Status
from standins.fal.faults import BadControl, check_failure, check_rule
from standins.fal.world import EXHAUSTED, World

SWITCHES: Mapping[str, tuple[type, ...]] = {
    "speed": (int, float),
    "concurrency": (int,),
    "latency_s": (int, float, type(None)),
    "locked": (str, type(None), bool),
    "down": (bool, int),
    "keys": (list, type(None)),
    "history_shows": (str,),
    "admin_key": (bool,),
    "prices": (dict, type(None)),
    "balance_usd": (int, float, type(None)),
    "locks_at_zero": (bool,),
}
COMMANDS = ("reset", "calm", "rules", "fail", "rotate_keys", "finish")


async def control(world: World, call: Call) -> Response:
    """Change what was asked for, in the order of the docstring above, and tell how things stand."""
    if call.method == "POST":
        try:
            obey(world, call.json)
        except (BadControl, ValueError, TypeError, KeyError) as error:
            return answer({"detail": str(error)}, 400)
    told: dict[str, Any] = asdict(world.switches)
    told["rules"] = [rule.told() for rule in world.faults.rules]
    told["fail"] = [rule.told() for rule in world.faults.failures]
    return answer(told)


async def log(world: World, call: Call) -> Response:
    """The calls that fit the query, and the summary of everything."""
    try:
        found = world.calls.find(call.query)
    except ValueError as error:
        return answer({"detail": str(error)}, 400)
    return answer({"calls": found, "summary": summary(world)})


async def healthz(world: World, call: Call) -> Response:
    return answer({"status": "ok"})


def obey(world: World, asked: Any) -> None:
    """Do what a body says; BadControl where it cannot be understood, and then nothing is changed."""
    if isinstance(asked, list):
        asked = {"rules": asked}
    elif isinstance(asked, dict) and "on" in asked:
        asked = {"rules": [asked]}
    check(asked)
    if asked.get("reset"):
        world.reset()
    if asked.get("calm"):
        world.calm()
    for rule in as_list(asked.get("rules", [])):
        world.faults.add(rule)
    for failure in as_list(asked.get("fail", [])):
        world.faults.add_failure(failure)
    for name in SWITCHES:
        if name in asked:
            setattr(world.switches, name, asked[name])
    if "locked" in asked:
        world.switches.locked = EXHAUSTED if asked["locked"] is True else asked["locked"] or ""
    if "balance_usd" in asked:
        world.spent_before = 0 if asked["balance_usd"] is None else world.spent_micro_usd()
    if asked.get("rotate_keys"):
        world.keyring.rotate()
    if asked.get("finish"):
        finish(world, asked["finish"])
    world.queue.fill_slots()


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
    for failure in as_list(asked.get("fail", [])):
        check_failure(failure)


def as_list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def finish(world: World, which: object) -> None:
    drawn_now = [one for one in world.records.oldest_first() if one.status == Status.IN_PROGRESS]
    for drawing in drawn_now:
        if which in (True, drawing.id):
            world.queue.hurry(drawing)


def summary(world: World) -> dict[str, Any]:
    """Counts of everything since the start or the last reset; requests and bills also over a restart."""
    rows = list(world.records.oldest_first())
    billed = [row for row in rows if row.cost_micro_usd]
    inputs = Counter(f"{row.endpoint_id}\n{sorted(row.input.items())!r}" for row in billed if not row.erased)
    return {
        "calls": dict(world.calls.counts),
        "requests": dict(Counter(str(row.status) for row in rows)),
        "results": {str(code): count for code, count in Counter(row.code for row in rows if row.code).items()},
        "webhooks": dict(Counter(row.webhook_state for row in rows if row.webhook_state)),
        "in_progress": world.queue.running,
        "most_in_progress": world.queue.most_running,
        "billed_draws": len(billed),
        "cost_micro_usd": sum(row.cost_micro_usd for row in billed),
        "billed_again": sum(count - 1 for count in inputs.values()),
    }
