"""Stripe's door under fire: 200 forged, replayed, altered and oversized bodies a second beside 20 genuine events a
second, which is far more than a shop ever sees, on a whole site; how soon the genuine ones are answered, and an
ordinary page meanwhile.

The events are of customers that were deleted, so that handling them takes the database and no call of Stripe.
"""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench import pace
from bench.figures import quantile
from bench.load import post
from bench.meter import cpu
from bench.pace import Flow
from bench.world import Plan, World, world

SECONDS = 20.0
FORGED, GENUINE, PAGES = 200.0, 20.0, 5.0  # a second
MOST_MS = 100.0  # the goal of the 99th of 100 genuine ones
DOOR, PAGE = "/webhooks/stripe", "/accounts/login/"
SECRET = "whsec_of_the_benchmark"
API_VERSION = "2026-10-28.endive"
PADDING = "x" * 4000  # a customer with address and settings has about as much
OVERSIZED, ONE_IN = "x" * 600_000, 50
HANDLED_WITHIN_S = 120.0


def hooks(plan: Plan, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Milliseconds of each kind of call, from when it was due."""
    plan = replace(
        plan, settings=(("STRIPE_WEBHOOK_SECRET", SECRET), ("STRIPE_SECRET_KEY", "sk_test_of_the_benchmark"))
    )
    with world(plan) as made:
        genuine, forged = _genuine(), _forged()
        alone = _page(made)
        pace.run(made.port, [alone], seconds=seconds / 2)
        flows = {
            "genuine": Flow(lambda: next(genuine), GENUINE, 10),
            "forged": Flow(lambda: next(forged), FORGED, 20),
            "a page meanwhile": _page(made),
        }
        web = [process.pid for role, process in made.processes.items() if role.startswith("web")]
        before = sum(map(cpu, web))
        pace.run(made.port, list(flows.values()), seconds=seconds)
        cpu_s = sum(map(cpu, web)) - before
        told = made.play("stripe_events", within_s=HANDLED_WITHIN_S + 60, within=HANDLED_WITHIN_S)
    answers = {"a page alone": _figures(alone), **{name: _figures(flow) for name, flow in flows.items()}}
    accepted = flows["genuine"].statuses[200]
    is_right = flows["genuine"].statuses.total() == accepted == told["events"] == told["handled"] and set(
        flows["forged"].statuses
    ) <= {400, 413}
    is_quick = answers["genuine"]["p99_ms"] <= MOST_MS
    calls = sum(flow.statuses.total() for flow in flows.values())
    return {"hooks": answers, **told, "web_cpu_ms": round(1000 * cpu_s / calls, 2), "passed": is_right and is_quick}


def _figures(flow: Flow) -> dict[str, Any]:
    found = {f"p{round(100 * q)}_ms": round(1000 * (quantile(flow.took_s, q) or 0.0), 1) for q in (0.5, 0.99, 1.0)}
    return {**found, "statuses": {str(status): count for status, count in sorted(flow.statuses.items())}}


def _page(made: World) -> Flow:
    head = f"GET {PAGE} HTTP/1.1\r\nHost: 127.0.0.1:{made.port}\r\n\r\n".encode()
    return Flow(lambda: head, PAGES, 2)


def _genuine() -> Iterator[bytes]:
    for number in itertools.count():
        body = _event(f"evt_bench_{number}")
        yield _sent(body, _signature(body))


def _forged() -> Iterator[bytes]:
    """Of each kind as many, but few are oversized: a line carries only so much."""
    for number in itertools.count():
        body = _event(f"evt_forged_{number}", padding=OVERSIZED if number % ONE_IN == 0 else PADDING)
        match number % 4:
            case 0:
                yield _sent(body, _signature(body, secret="whsec_of_somebody"))
            case 1:
                yield _sent(body, _signature(body, at=time.time() - 3600))
            case 2:
                yield _sent(body, _signature(body, at=time.time() + 3600))
            case _:
                yield _sent(body.replace(b"evt_", b"evt-"), _signature(body))


def _event(id: str, *, padding: str = PADDING) -> bytes:
    customer = {"id": f"cus_{id}", "object": "customer", "deleted": True, "description": padding}
    event = {
        "id": id, "object": "event", "api_version": API_VERSION, "created": int(time.time()),
        "data": {"object": customer}, "livemode": False, "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None}, "type": "customer.deleted",
    }  # fmt: skip
    return json.dumps(event).encode()


def _signature(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    stamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def _sent(body: bytes, signature: str) -> bytes:
    return post(DOOR, body, Stripe_Signature=signature)
