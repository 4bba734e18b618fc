"""A stopwatch inside the processes of the site, for benchmarks only: what each task, webhook and order costs.

One line of JSON for each, in a file for each process under `VAR_DIR/stopwatch`: what it was, when it ended, its time on
the clock and on the processor, the part that it spent in the database, and the steps within that are worth knowing.
"""

import functools
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created
from django_q.signals import post_execute_in_worker, pre_execute

FOLDER = "stopwatch"
# Steps of the road that take time, by the module in which they are looked up when they are called.
STEPS = (
    ("generations.fal.client", "send"),
    ("generations.fal.media", "download"),
    ("generations.collect", "develop"),
    ("generations.pictures.store", "write"),
    ("generations.lifecycle", "finish"),
    ("partners.keys", "identify"),
    ("partners.rate_limits", "check"),
    ("partners.api.bodies", "read"),
    ("generations.lifecycle", "place"),
    ("billing.ledger", "set_aside"),
    ("generations.lifecycle", "nudge"),
    ("partners.api.presented", "ordered"),
)


@dataclass
class Lap:
    """One task, webhook or order under way. Steps: seconds on the clock and on the processor, by name."""

    began: float = field(default_factory=time.monotonic)
    cpu_began: float = field(default_factory=time.thread_time)
    database_s: float = 0.0
    queries: int = 0
    commits: int = 0
    steps: dict[str, list[float]] = field(default_factory=dict)


class _Present(threading.local):
    lap: Lap | None = None


_present = _Present()
_files: dict[int, int] = {}


def start() -> None:
    """From now on, in this process and in those that it forks."""
    connection_created.connect(_watch_database, dispatch_uid="bench.stopwatch")
    pre_execute.connect(_task_begins, dispatch_uid="bench.stopwatch")
    post_execute_in_worker.connect(_task_ended, dispatch_uid="bench.stopwatch")
    _watch_steps()


def _watch_steps() -> None:
    """Put a clock around the steps of the road that take time; a name that is gone is said at the start."""
    for where, name in STEPS:
        module = import_module(where)
        setattr(module, name, _timed(getattr(module, name), name))
    hooks = import_module("generations.hooks")
    hooks.fal = _lap(hooks.fal, "webhook")  # type: ignore[attr-defined]
    orders = import_module("partners.api.generations").Generations
    orders.dispatch = _lap(orders.dispatch, "order")


def _timed(work: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(work)
    def timed(*args: Any, **kwargs: Any) -> Any:
        clock, cpu = time.monotonic(), time.thread_time()
        try:
            return work(*args, **kwargs)
        finally:
            if _present.lap is not None:
                step = _present.lap.steps.setdefault(name, [0.0, 0.0])
                step[0] += time.monotonic() - clock
                step[1] += time.thread_time() - cpu

    return timed


def _lap(view: Callable[..., Any], kind: str) -> Callable[..., Any]:
    @functools.wraps(view)  # with the mark of csrf_exempt
    def timed(*args: Any, **kwargs: Any) -> Any:
        _present.lap = Lap()
        try:
            return view(*args, **kwargs)
        finally:
            _write(kind, "")

    return timed


def _task_begins(task: dict[str, Any], **_: Any) -> None:
    _present.lap = Lap()


def _task_ended(task: dict[str, Any], **_: Any) -> None:
    _write(str(task["func"]).rpartition(".")[2], str(task["args"][0]) if task["args"] else "")


def _write(kind: str, about: str) -> None:
    lap, _present.lap = _present.lap, None
    if lap is None:
        return
    line = {
        "kind": kind, "about": about, "ended": time.time(), "clock": time.monotonic() - lap.began,
        "cpu": time.thread_time() - lap.cpu_began, "database": lap.database_s, "queries": lap.queries,
        "commits": lap.commits, "steps": lap.steps,
    }  # fmt: skip
    os.write(_file(), json.dumps(line).encode() + b"\n")


def _file() -> int:
    """This process's own file: a fork opens another."""
    pid = os.getpid()
    if pid not in _files:
        folder = Path(settings.VAR_DIR) / FOLDER
        folder.mkdir(exist_ok=True)
        _files[pid] = os.open(folder / f"{pid}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    return _files[pid]


def _watch_database(connection: Any, **_: Any) -> None:
    if _clocked not in connection.execute_wrappers:
        connection.execute_wrappers.append(_clocked)
        connection.commit = _clocked_commit(connection.commit)


def _clocked(execute: Callable[..., Any], statement: str, params: Any, many: bool, context: Any) -> Any:
    clock = time.monotonic()
    try:
        return execute(statement, params, many, context)
    finally:
        if _present.lap is not None:
            _present.lap.database_s += time.monotonic() - clock
            _present.lap.queries += 1


def _clocked_commit(commit: Callable[[], None]) -> Callable[[], None]:
    def clocked() -> None:
        clock = time.monotonic()
        commit()
        if _present.lap is not None:
            _present.lap.database_s += time.monotonic() - clock
            _present.lap.commits += 1

    return clocked
