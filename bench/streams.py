"""Lines that are held open at one web process: event streams that only wait, calls that wait for a picture, streams
that nobody reads; what they cost it and the pages, and how soon an event is at all who wait for it."""

import resource
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bench.figures import quantile
from bench.meter import cpu, rss, threads
from bench.readers import SMALL_BUFFER, close, connection, is_quick, pages
from bench.world import Plan, World, world

STREAMS, OF_ONE = 5000, 100  # idle ones; each customer has so many of them
WAITING, STALLED = 1000, 50
WAIT_S = 100
EVENTS, EVERY_S = 10, 1.5
IDLE_S = 20.0  # longer than from one comment to the next
MOST_MB, MOST_MB_OF_WAITING, MOST_DELAY_S = 500.0, 300.0, 1.0
PAST = 2000  # events that those who never read have asked for
PATIENCE_S = 60.0
EVENTS_PATH = "/api/v1/events"


def streams(plan: Plan, *, count: int = STREAMS) -> dict[str, Any]:
    """Megabytes of the web process, milliseconds of its pages, and seconds until an event has arrived."""
    _allow_files(count + 1000)
    with world(replace(plan, web_processes=1), only_web=True) as made:
        told = made.play("partners", within_s=300, count=-(-count // OF_ONE), generations=WAITING // 10, events=PAST)
        pid = made.processes["web 1"].pid
        seen = {"alone": pages(made)}
        found: dict[str, Any] = {"web_mb_before": _mb(pid), "threads_before": threads(pid)}
        with _waiting(made, told):
            found |= {"waiting_calls": WAITING, "web_mb_with_waiting": _mb(pid)}
            seen["beside the waiting calls"] = pages(made)
        with _stalled(made, told["secrets"][-1]):
            found |= {"stalled_readers": STALLED, "web_mb_with_stalled": _mb(pid)}
            seen["beside the stalled"] = pages(made)
        before = _mb(pid)
        with _idle(made, told["secrets"], count) as (opened, opened_s):
            found |= {"streams": count, "streams_opened_s": round(opened_s, 1), "web_mb_with_streams": _mb(pid)}
            found |= {"kb_a_stream": round(1000 * (_mb(pid) - before) / count, 1), "threads_with_streams": threads(pid)}
            seen["beside the streams"] = pages(made)
            found["cpu_of_idle"] = _share_of_a_core(pid)
            found |= _arrivals(made, told["users"][0], opened[:OF_ONE])
    return found | {"pages": seen, "passed": _is_good(found, seen)}


def _is_good(found: dict[str, Any], seen: dict[str, Any]) -> bool:
    return (
        found["web_mb_with_streams"] < MOST_MB
        and found["web_mb_with_waiting"] < MOST_MB_OF_WAITING
        and found["last_arrived_s"] <= MOST_DELAY_S
        and found["arrivals"] == OF_ONE * EVENTS
        and all(is_quick(seen, path, when) for when in seen for path in seen[when])
    )


@contextmanager
def _waiting(made: World, told: dict[str, Any]) -> Iterator[None]:
    """Ten calls for each of some generations that nobody draws. Each holds the line, or RuntimeError."""
    paths = [f"/api/v1/generations/{id}" for id in told["generations"] * 10]
    opened = [_asked(made, path, told["secrets"][0], Prefer=f"wait={WAIT_S}") for path in paths]
    try:
        _until_idle(made)
        if _answered(opened):
            raise RuntimeError("Some calls did not wait.")
        yield
    finally:
        close(opened)


@contextmanager
def _stalled(made: World, secret: str) -> Iterator[None]:
    """Streams of a long past, of which not a byte is read."""
    opened = [_asked(made, f"{EVENTS_PATH}?since=0", secret, buffer=SMALL_BUFFER) for _ in range(STALLED)]
    try:
        _until_idle(made)
        yield
    finally:
        close(opened)


@contextmanager
def _idle(made: World, secrets: Sequence[str], count: int) -> Iterator[tuple[list[socket.socket], float]]:
    """Open streams, and the seconds that opening them took. RuntimeError where one does not open."""
    began = time.monotonic()
    opened = [_asked(made, EVENTS_PATH, secrets[number // OF_ONE]) for number in range(count)]
    try:
        for each in opened:
            head = each.recv(4096)
            if b"text/event-stream" not in head:
                raise RuntimeError(f"A stream did not open: {head[:300]!r}")
        yield opened, time.monotonic() - began
    finally:
        close(opened)


def _arrivals(made: World, user: int, opened: Sequence[socket.socket]) -> dict[str, Any]:
    """How long after its commit, in another process, each of some events is at each of the streams."""
    told: dict[str, Any] = {}

    def give() -> None:
        told.update(made.play("gifts", within_s=120, user=user, count=EVENTS, every_s=EVERY_S))

    giving = threading.Thread(target=give)
    giving.start()
    at = _heard(opened, giving)
    giving.join()
    delays = [came - gone for stream in at for came, gone in zip(stream, told["at"], strict=False)]
    return {
        "arrivals": len(delays),
        "arrived_p50_s": round(quantile(delays, 0.5) or 0.0, 3),
        "last_arrived_s": round(max(delays, default=0.0), 3),
    }


def _heard(opened: Sequence[socket.socket], giving: threading.Thread) -> list[list[float]]:
    """Of each stream, the moments at which its events came, until all are there."""
    found: dict[socket.socket, list[float]] = {each: [] for each in opened}
    ends_at = time.monotonic() + PATIENCE_S
    with selectors.DefaultSelector() as selector:
        for each in opened:
            selector.register(each, selectors.EVENT_READ)
        while time.monotonic() < ends_at and (giving.is_alive() or any(len(at) < EVENTS for at in found.values())):
            for ready, _ in selector.select(timeout=0.2):
                stream = ready.fileobj
                assert isinstance(stream, socket.socket)
                found[stream] += [time.time()] * stream.recv(65536).count(b"\ndata: ")
    return list(found.values())


def _asked(made: World, path: str, secret: str, *, buffer: int = 0, **headers: str) -> socket.socket:
    return connection(made, path, buffer=buffer, Authorization=f"Bearer {secret}", **headers)


def _answered(opened: Sequence[socket.socket]) -> int:
    """How many have something to read."""
    with selectors.DefaultSelector() as selector:
        for each in opened:
            selector.register(each, selectors.EVENT_READ)
        return len(selector.select(timeout=0))


def _until_idle(made: World) -> None:
    """Until the web process has done what was asked of it, and only waits."""
    pid, ends_at = made.processes["web 1"].pid, time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_at:
        before = cpu(pid)
        time.sleep(1.0)
        if cpu(pid) - before < 0.1:
            return


def _share_of_a_core(pid: int) -> float:
    before = cpu(pid)
    time.sleep(IDLE_S)
    return round((cpu(pid) - before) / IDLE_S, 3)


def _mb(pid: int) -> float:
    return round(rss(pid) / 1e6, 1)


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
