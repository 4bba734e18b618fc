"""The operator's front page beside a million pictures and two million transfers, on PostgreSQL: how long the server
takes for it, and what keeping its figures costs in the background."""

import sys
import time
from dataclasses import replace
from typing import Any

import httpx

from bench.figures import quantile
from bench.meter import cpu
from bench.world import Plan, world

IMAGES, TRANSFERS = 1_000_000, 2_000_000
ASKED = 40  # times each address, one after the other
GOAL_MS = 300.0
PATIENCE_S = 60.0
LISTS = {
    "list: pictures that failed": "/admin/generations/image/?image_status=failed",
    "list: transfers of the book of usage": "/admin/billing/transfer/?book=usage",
}


def dashboard(plan: Plan, *, images: int = IMAGES) -> dict[str, Any]:
    """Milliseconds until the page is there whole, by hour, day and month."""
    if plan.database != "postgres":
        sys.exit("The dashboard is measured on PostgreSQL: --database postgres")
    with world(replace(plan, web_processes=1), only_web=True) as made:
        told = made.play("dashboard", within_s=3600, images=images, transfers=TRANSFERS * images // IMAGES)
        pid = made.processes["web 1"].pid
        with httpx.Client(base_url=made.url, trust_env=False, timeout=PATIENCE_S) as http:
            http.headers["Cookie"] = told["cookie"]
            answers = {f"by {by}": _asked(http, pid, f"/admin/?by={by}") for by in ("hour", "day", "month")}
            answers["a day of long ago"] = _asked(http, pid, f"/admin/?by=day&at={told['long_ago']}")
            lists = {name: _asked(http, pid, path) for name, path in LISTS.items()}
    slow = [name for name, took in answers.items() if took["p95_ms"] > GOAL_MS]
    return {**told["figures"], "answers": answers | lists, "slow": slow, "passed": not slow}


def _asked(http: httpx.Client, pid: int, path: str) -> dict[str, float]:
    spent = cpu(pid)
    took = [_ask(http, path) for _ in range(ASKED)]
    quantiles = {f"p{round(100 * q)}_ms": round(1000 * (quantile(took, q) or 0.0), 1) for q in (0.5, 0.95)}
    return quantiles | {"cpu_ms": round(1000 * (cpu(pid) - spent) / ASKED, 1)}


def _ask(http: httpx.Client, path: str) -> float:
    began = time.monotonic()
    http.get(path).raise_for_status()
    return time.monotonic() - began
