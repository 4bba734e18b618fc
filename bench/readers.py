"""Readers that never read, and streams that only wait: what they cost a page and the web process."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.figures import quantile
from bench.meter import rss, threads
from bench.world import Plan, World, world

PAGES = ("/healthz", "/accounts/login/")
ASKED = 200  # times a page, one after the other
STALLED = 50
STREAMS = 1000
SMALL_BUFFER = 4096  # bytes: an answer larger than this one stands still in the web process
PATIENCE_S = 20.0
SLOWER_AT_MOST = 2.0  # times, and
SLACK_S = 0.010


def readers(plan: Plan, *, streams: int = STREAMS) -> dict[str, Any]:
    """How quick pages are alone, beside readers that never read, and beside idle streams; what the streams weigh."""
    plan = replace(plan, latency_s=0.1, web_processes=1)
    with world(plan) as made:
        guest = made.play("guest", within_s=180, pictures=2, give_up_s=60)
        pid = made.processes["web 1"].pid
        seen = {"alone": pages(made)}
        with _stalled(made, guest):
            seen["beside the stalled"] = pages(made)
        before = rss(pid), threads(pid)
        with _streams(made, guest["cookie"], streams) as opened_s:
            after = rss(pid), threads(pid)
            seen["beside the streams"] = pages(made)
    return {
        "stalled_readers": STALLED,
        "streams": streams,
        "streams_opened_s": round(opened_s, 2),
        "web_mb_before": round(before[0] / 1e6, 1),
        "web_mb_with_streams": round(after[0] / 1e6, 1),
        "kb_a_stream": round((after[0] - before[0]) / 1e3 / streams, 1),
        "threads_before": before[1],
        "threads_with_streams": after[1],
        "pages": seen,
        "passed": all(is_quick(seen, path, "beside the stalled") for path in PAGES) and after[1] <= before[1] + 4,
    }


def is_quick(seen: dict[str, dict[str, dict[str, float]]], path: str, when: str) -> bool:
    """Whether a page was about as quick then as alone."""
    alone, beside = seen["alone"][path]["p95_ms"], seen[when][path]["p95_ms"]
    return beside <= SLOWER_AT_MOST * alone + SLACK_S * 1000


def pages(made: World) -> dict[str, dict[str, float]]:
    found = {}
    with httpx.Client(base_url=made.url, trust_env=False, timeout=PATIENCE_S) as http:
        for path in PAGES:
            took = [_ask(http, path) for _ in range(ASKED)]
            found[path] = {f"p{round(100 * q)}_ms": round(1000 * (quantile(took, q) or 0.0), 1) for q in (0.5, 0.95)}
    return found


def _ask(http: httpx.Client, path: str) -> float:
    began = time.monotonic()
    http.get(path).raise_for_status()
    return time.monotonic() - began


@contextmanager
def _stalled(made: World, guest: dict[str, Any]) -> Iterator[None]:
    """Half of them on a stream, half on a picture; each asks and never reads a byte."""
    picture = urlsplit(guest["pictures"][0])
    paths = ["/live/?since=0", f"{picture.path}?{picture.query}"]
    asked = [paths[number % 2] for number in range(STALLED)]
    opened = [connection(made, path, buffer=SMALL_BUFFER, Cookie=guest["cookie"]) for path in asked]
    try:
        time.sleep(1.0)  # until their answers fill the buffers between them and us
        yield
    finally:
        close(opened)


@contextmanager
def _streams(made: World, cookie: str, count: int) -> Iterator[float]:
    """So many open streams; the seconds that opening them took. RuntimeError where one does not open."""
    began = time.monotonic()
    opened = [connection(made, "/live/", Cookie=cookie) for _ in range(count)]
    try:
        for each in opened:
            if b"text/event-stream" not in each.recv(4096):
                raise RuntimeError("A stream did not open.")
        yield time.monotonic() - began
    finally:
        close(opened)


def connection(made: World, path: str, *, buffer: int = 0, **headers: str) -> socket.socket:
    """An open connection on which a GET was sent."""
    host, port = made.url.removeprefix("http://").split(":")
    made_socket = socket.socket()
    made_socket.settimeout(PATIENCE_S)
    if buffer:
        made_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    made_socket.connect((host, int(port)))
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    made_socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{told}\r\n".encode())
    return made_socket


def close(opened: list[socket.socket]) -> None:
    for each in opened:
        each.close()
