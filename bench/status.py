"""The status call of fal's clients, who ask ten times a second: what one costs, beside what every call costs."""

import time
from dataclasses import replace
from typing import Any

import httpx

from bench.figures import quantile
from bench.meter import cpu
from bench.world import Plan, world

CALLS = 1000  # one after the other, on one connection
WAITING = 300  # generations that wait, half of them before the one that is asked for
AT_MOST_CPU_MS = 20.0
PATIENCE_S = 20.0


def status(plan: Plan, *, calls: int = CALLS) -> dict[str, Any]:
    """By the clock and in processor time of the web process, and where that goes."""
    with world(replace(plan, web_processes=1), only_web=True) as made:
        partner = made.play("partners", within_s=180, count=1, generations=WAITING)
        secret, pid = partner["secrets"][0], made.processes["web 1"].pid
        own = f"/fal/queue/krea/v2/requests/{partner['generations'][WAITING // 2]}/status"
        asked = {
            "no thread, no database": "/healthz",
            "no such address": "/fal/nothing",
            "status": own,
            "status with logs": f"{own}?logs=1",
        }
        with httpx.Client(base_url=made.url, trust_env=False, timeout=PATIENCE_S) as http:
            http.headers["Authorization"] = f"Key {secret}"
            answers = {name: _asked(http, pid, path, calls) for name, path in asked.items()}
        parts = made.play("status_parts", within_s=180, path=own, secret=secret, calls=calls)
    is_cheap = answers["status"]["cpu_ms"] <= AT_MOST_CPU_MS
    return {"calls": calls, "answers": answers, **parts, "passed": is_cheap}


def _asked(http: httpx.Client, pid: int, path: str, calls: int) -> dict[str, float]:
    before, took = cpu(pid), [_ask(http, path) for _ in range(calls)]
    return {
        "p50_ms": round(1000 * (quantile(took, 0.5) or 0.0), 1),
        "p95_ms": round(1000 * (quantile(took, 0.95) or 0.0), 1),
        "cpu_ms": round(1000 * (cpu(pid) - before) / calls, 2),
    }


def _ask(http: httpx.Client, path: str) -> float:
    began = time.monotonic()
    http.get(path)
    return time.monotonic() - began
