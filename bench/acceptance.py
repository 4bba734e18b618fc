"""Orders taken under load: the whole acceptance of POST /api/v1/generations against a view that does nothing, on the
same server in the same run."""

import json
import sys
import uuid
from dataclasses import asdict
from typing import Any

from bench import laps
from bench.figures import quantile
from bench.load import Call, load, post
from bench.meter import cpu
from bench.world import Plan, World, world

EMPTY = "/bench/empty"  # bench.empty
PARTNERS = 32
AT_ONCE = (1, 8, 32)  # connections
SECONDS = 8.0  # of each
GOAL = 0.15  # of the empty view's calls a second
ORDER = {"model": "krea-2-medium", "input": {"prompt": "a lighthouse in fog"}, "reference": "order-7"}


def acceptance(plan: Plan, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Calls a second and how long they take, at each number of connections; where the time of an order goes."""
    if plan.database != "postgres":
        sys.exit("The acceptance is measured on PostgreSQL: --database postgres")
    with world(plan, only_web=True) as made:
        told = made.play("partners", within_s=180, count=PARTNERS)
        rows = [_row(made, told["secrets"], connections, seconds) for connections in AT_ONCE]
        one = _ordered(made, told["secrets"][:1], AT_ONCE[-1], seconds)
        found = laps.sums(laps.read(made.folder))["order"]
        findings = made.play("books", within_s=600)["findings"]
    share = rows[-1]["share"]
    return {
        "acceptance": rows,
        "one_partner": one,
        "cost_of_an_order": asdict(found),
        "findings": findings,
        "passed": share >= GOAL and not findings and all(row["orders"]["refused"] == 0 for row in rows),
    }


def _row(made: World, secrets: list[str], connections: int, seconds: float) -> dict[str, Any]:
    """The empty view before and after, since the machine may be another one meanwhile."""
    before = _empty(made, connections, seconds / 2)
    orders = _ordered(made, secrets, connections, seconds)
    after = _empty(made, connections, seconds / 2)
    rate = round((before["rate"] + after["rate"]) / 2, 1)
    share = round(orders["rate"] / rate, 3)
    return {"connections": connections, "empty": before | {"rate": rate}, "orders": orders, "share": share}


def _empty(made: World, connections: int, seconds: float) -> dict[str, Any]:
    call = post(EMPTY, json.dumps(ORDER).encode())
    return _loaded(made, lambda _: call, connections, seconds)


def _ordered(made: World, secrets: list[str], connections: int, seconds: float) -> dict[str, Any]:
    body = json.dumps(ORDER).encode()

    def call(number: int) -> bytes:
        secret = secrets[number % len(secrets)]
        return post("/api/v1/generations", body, Authorization=f"Bearer {secret}", Idempotency_Key=str(uuid.uuid4()))

    return _loaded(made, call, connections, seconds)


def _loaded(made: World, call: Call, connections: int, seconds: float) -> dict[str, Any]:
    """Calls a second, milliseconds of one, and milliseconds of the web processes' processor for one."""
    pids = [process.pid for role, process in made.processes.items() if role.startswith("web")]
    before = sum(map(cpu, pids))
    answered = load(made.port, call, connections=connections, seconds=seconds)
    done = len(answered.took_s)
    ok = answered.statuses[200] + answered.statuses[202]
    quantiles = {f"p{round(100 * q)}_ms": round(1000 * (quantile(answered.took_s, q) or 0.0), 1) for q in (0.5, 0.99)}
    spent = round(1000 * (sum(map(cpu, pids)) - before) / done, 2)
    return {"rate": answered.rate, **quantiles, "cpu_ms": spent, "refused": done - ok}
