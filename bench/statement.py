"""A statement of a million movements on PostgreSQL: every filter, every depth, the file, and readers who never read."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx

from bench.figures import quantile
from bench.meter import cpu, rss, threads
from bench.readers import SMALL_BUFFER, close, connection
from bench.world import Plan, World, world

MOVEMENTS = 1_000_000
ASKED = 40  # times each address, one after the other
STALLED = 50
GOAL_MS = 100.0
PATIENCE_S = 60.0
MOST_MB = 20.0  # that the web process may grow by while it hands out the whole file
KINDS = ("usage", "purchase", "grant", "refund", "dispute", "debt", "correction", "forfeit")


def statement(plan: Plan, *, movements: int = MOVEMENTS) -> dict[str, Any]:
    """Milliseconds until a page is there whole, or the file's first bytes; and what the whole file costs."""
    if plan.database != "postgres":
        sys.exit("The statement is measured on PostgreSQL: --database postgres")
    with world(replace(plan, web_processes=1), only_web=True) as made:
        told = made.play("statement", within_s=900, count=movements)
        pid = made.processes["web 1"].pid
        with _browser(made, told["cookie"]) as http:
            answers = {name: _asked(http, pid, path) for name, path in _addresses(told)}
            whole = _whole(http, pid)
            before = threads(pid)
            with _stalled(made, told["cookie"]):
                answers["the newest, beside 50 who never read"] = _asked(http, pid, "/billing/")
                threads_more = threads(pid) - before
    slow = [name for name, took in answers.items() if took["p50_ms"] > GOAL_MS]
    is_whole = whole["lines"] == movements + 1 and whole["grew_mb"] <= MOST_MB
    return {
        "movements": movements,
        "made_s": told["made_s"],
        "answers": answers,
        "slow": slow,
        "csv_s": whole["took_s"],
        "csv_mb": whole["mb"],
        "csv_grew_mb": whole["grew_mb"],
        "threads_more": threads_more,
        "passed": not slow and is_whole and threads_more <= 2,
    }


def _browser(made: World, cookie: str) -> httpx.Client:
    return httpx.Client(base_url=made.url, headers={"Cookie": cookie}, trust_env=False, timeout=PATIENCE_S)


def _addresses(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    middle, early = told["cursors"]["0.5"], told["cursors"]["0.9"]
    from_day, to_day = told["days"]["0.5"], told["days"]["0.1"]
    yield "the newest", "/billing/"
    yield "deep: half way", f"/billing/?cursor={middle}"
    yield "deep: nine tenths", f"/billing/?cursor={early}"
    yield "deep, newer", f"/billing/?before={early}"
    for kind in KINDS:
        yield f"kind {kind}", f"/billing/?kind={kind}"
    yield "dates", f"/billing/?from={from_day}&to={to_day}"
    yield "dates and kind", f"/billing/?from={from_day}&to={to_day}&kind=refund"
    yield "dates, deep", f"/billing/?from={from_day}&to={to_day}&cursor={middle}"
    yield "CSV, first bytes", "/billing/statement.csv"
    yield "CSV of a kind", "/billing/statement.csv?kind=dispute"
    yield "CSV of dates", f"/billing/statement.csv?from={from_day}&to={to_day}"


def _asked(http: httpx.Client, pid: int, path: str) -> dict[str, float]:
    spent = cpu(pid)
    took = [_ask(http, path) for _ in range(ASKED)]
    quantiles = {f"p{round(100 * q)}_ms": round(1000 * (quantile(took, q) or 0.0), 1) for q in (0.5, 0.95)}
    return quantiles | {"cpu_ms": round(1000 * (cpu(pid) - spent) / ASKED, 1)}


def _ask(http: httpx.Client, path: str) -> float:
    """Seconds until the whole page, or the first bytes of a file."""
    began = time.monotonic()
    with http.stream("GET", path) as answer:
        answer.raise_for_status()
        for _ in answer.iter_bytes():
            if "statement.csv" in path:
                break
        return time.monotonic() - began


def _whole(http: httpx.Client, pid: int) -> dict[str, Any]:
    """The whole file, and by how much the web process grew meanwhile."""
    before, most, lines, size = rss(pid), 0, 0, 0
    began = time.monotonic()
    with http.stream("GET", "/billing/statement.csv") as answer:
        for number, part in enumerate(answer.iter_bytes()):
            lines, size = lines + part.count(b"\n"), size + len(part)
            if number % 50 == 0:
                most = max(most, rss(pid))
    return {
        "took_s": round(time.monotonic() - began, 1), "mb": round(size / 1e6, 1), "lines": lines,
        "grew_mb": round(max(0, most - before) / 1e6, 1),
    }  # fmt: skip


@contextmanager
def _stalled(made: World, cookie: str) -> Iterator[None]:
    """Readers who ask for the whole file and never read a byte of it."""
    opened = [connection(made, "/billing/statement.csv", buffer=SMALL_BUFFER, Cookie=cookie) for _ in range(STALLED)]
    try:
        time.sleep(2.0)  # until their answers fill the buffers between them and us
        yield
    finally:
        close(opened)
