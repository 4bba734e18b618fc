"""`/metrics` as a coroutine beside Django: it needs no page thread, whatever those are doing.

For loopback alone, or with METRICS_TOKEN for whoever has it. What the rows say is read at most every KEPT_S in a thread
of its own; a database that is away costs those metrics and not the others.
"""

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import ip_address
from typing import Any, Final

from django.conf import settings
from django.db import connection
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from krea_site import health
from krea_site.metrics import processes, site
from krea_site.metrics.site import gauge
from krea_site.watch import facts

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
logger = logging.getLogger(__name__)

PATH: Final = "/metrics"
KEPT_S: Final = 5.0
DEADLINE_S: Final = 8.0  # Prometheus waits for ten
_kept: "tuple[float, list[Metric]]" = (0.0, [])


class Known:
    """A collector of what was found before."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> Iterable[Metric]:
        return self._found


async def serve(scope: Scope, send: Send) -> None:
    if not _may_read(scope):
        # As an address that is not there: nobody is told that there is one.
        return await _answer(send, scope, 404, "text/plain; charset=utf-8", b"404 Not Found\n")
    body = await text()
    await _answer(send, scope, 200, CONTENT_TYPE_PLAIN_0_0_4, body)


async def text() -> bytes:
    """All metrics, in Prometheus' text format."""
    try:
        found = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(_probe.ask())), DEADLINE_S)
    except TimeoutError:
        found = [gauge("krea_database_up", "The database answers.", 0)]
    registry = CollectorRegistry(auto_describe=False)
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR, Known(found)):
        registry.register(collector)
    return await asyncio.to_thread(generate_latest, registry)


def collect() -> list[Metric]:
    """Everything but this process' own; of the rows what is at most KEPT_S old."""
    try:
        machine = facts.read_machine()
    except OSError:
        machine = None
    return [*_of_rows(), *processes.metrics(machine)]


def _of_rows() -> list[Metric]:
    global _kept
    at, found = _kept
    if found and time.monotonic() - at < KEPT_S:
        return found
    began = time.monotonic()
    try:
        told = list(site.metrics(site.look()))
    except Exception as error:  # whatever a database can raise, and more: the rest is told all the same
        logger.error("metrics: the rows cannot be read (%s)", type(error).__name__)
        return [gauge("krea_database_up", "The database answers.", 0)]
    finally:
        connection.close()
    took = gauge("krea_metrics_seconds", "How long it took to read the rows for this page.", time.monotonic() - began)
    found = [gauge("krea_database_up", "The database answers.", 1), *told, took]
    _kept = time.monotonic(), found
    return found


def _may_read(scope: Scope) -> bool:
    if settings.METRICS_TOKEN:
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
        return len(given) == 1 and hmac.compare_digest(given[0], wanted)
    try:
        return ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False


async def _answer(send: Send, scope: Scope, status: int, kind: str, body: bytes) -> None:
    headers = [("content-type", kind), ("content-length", str(len(body))), ("cache-control", "no-store")]
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


_probe = health.Probe(collect)
