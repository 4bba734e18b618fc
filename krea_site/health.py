"""Whether this process is alive, and whether the site is ready: for load balancers, for operators, for `manage.py run`.

`/healthz` touches nothing. `/readyz` asks database, broker and storage, each in a thread of its own with a deadline, so
that a database that hangs makes the answer a 503 and not a second thing that hangs. How fal is stands in the answer and
does not change its status: with fal locked or down the site still takes orders, and draws them when fal is back.
"""

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import ExpressionWrapper, F
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django_q.brokers import Broker, get_broker
from django_q.status import Stat

from generations.models import Beat, FalState
from generations.pictures import store

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DEADLINE_S = 3.0
FOLLOWER_LATE_S = 20.0  # it says that it lives in every round, at least every few seconds
WORKER_LATE_S = 30.0  # its sign of life is a task in the queue, sent every five seconds
WORKER_BUSY_S = 600.0  # with a cluster that is there, the same task may wait its turn for so long
PROOF = b"krea"  # what is written and read again
OBJECT_PROVED_S = 30.0  # every write to object storage is paid for
HEADERS = {"Cache-Control": "no-store"}
_NO_BEAT: Mapping[str, Any] = {"state": "down", "age_s": None}
UNTOLD: Mapping[str, Any] = {"worker": _NO_BEAT, "follower": _NO_BEAT, "fal": "unknown"}
_proved: dict[str, float] = {}


class Probe:
    """Work in one thread of its own. Who asks while it is still at it waits for the same answer."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")
        self._asked = threading.Lock()
        self._answer: Future[Any] | None = None

    def ask(self) -> "Future[Any]":
        with self._asked:
            if self._answer is None or self._answer.done():
                self._answer = self._thread.submit(self._work)
            return self._answer


def ask_database() -> dict[str, Any]:
    """The heartbeats, and how fal is."""
    try:
        found = ages()
        worker_late_s = WORKER_LATE_S
        if found.get("worker", 0) > WORKER_LATE_S and Stat.get_all(_broker()):
            worker_late_s = WORKER_BUSY_S
        return {
            "worker": _beat(found.get("worker"), worker_late_s),
            "follower": _beat(found.get("follower"), FOLLOWER_LATE_S),
            "fal": FalState.objects.values_list("state", flat=True).first() or "ok",
        }
    finally:
        connection.close()  # asked too seldom to keep one


def ages() -> dict[str, float]:
    """Seconds since the last sign of life, by the name of the process; those that never gave one are missing."""
    age = ExpressionWrapper(Now() - F("at"), output_field=models.DurationField())
    return {name: since.total_seconds() for name, since in Beat.objects.values_list("name", age)}


def has_cluster() -> bool:
    """Whether some worker is registered: one that was killed is for a few seconds more. Raises nothing."""
    try:
        return bool(Stat.get_all(_broker()))
    except Exception:  # whatever the library of the cache's server raises
        return False


@cache
def _broker() -> Broker:
    """Kept: with Redis, each new one would be a new connection."""
    return get_broker()


def ask_broker() -> None:
    """Raises when the broker cannot be reached, which is Redis, or without it the database."""
    _broker().ping()


def ask_storage() -> None:
    """Write and read a little; raises when either fails. With object storage, a proof holds for half a minute."""
    if settings.S3_BUCKET and time.monotonic() - _proved.get("at", -OBJECT_PROVED_S) < OBJECT_PROVED_S:
        return
    if (_through_object_storage() if settings.S3_BUCKET else _through_a_file()) != PROOF:
        raise OSError("the storage did not give back what was written")
    _proved["at"] = time.monotonic()


def _through_a_file() -> bytes:
    settings.MEDIA_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.MEDIA_DIR) as file:
        file.write(PROOF)
        file.seek(0)
        return file.read()


def _through_object_storage() -> bytes:
    reader = store.open_range(store.put(PROOF, "image/png"))
    try:
        return reader.read(len(PROOF))
    finally:
        reader.close()


PROBES = {"database": Probe(ask_database), "broker": Probe(ask_broker), "storage": Probe(ask_storage)}


async def report(deadline_s: float = DEADLINE_S) -> dict[str, Any]:
    """The body of /readyz. `ready` is true when everything but fal is well."""
    asked = {name: asyncio.wrap_future(probe.ask()) for name, probe in PROBES.items()}
    await asyncio.wait(asked.values(), timeout=deadline_s)
    found = {name: answer.result() for name, answer in asked.items() if _is_well(answer)}
    states: dict[str, Any] = {name: "ok" if name in found else "down" for name in PROBES}
    told = found.get("database", UNTOLD)
    words = {*states.values(), told["worker"]["state"], told["follower"]["state"]}
    return {"ready": words == {"ok"}, **states, **told}


async def serve(scope: Scope, send: Send) -> None:
    """`/healthz` and `/readyz` as a coroutine: no page thread is needed, whatever those are doing."""
    if scope["path"] == "/healthz":
        status, kind, body = 200, "text/plain; charset=utf-8", "ok\n"
    else:
        status, kind, body = _ready(await report())
    headers = [("content-type", kind), ("content-length", str(len(body))), ("cache-control", "no-store")]
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body.encode()})


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8", headers=HEADERS)


def readyz(request: HttpRequest) -> HttpResponse:
    status, kind, body = _ready(asyncio.run(report()))
    return HttpResponse(body, status=status, content_type=kind, headers=HEADERS)


def _ready(told: dict[str, Any]) -> tuple[int, str, str]:
    return 200 if told["ready"] else 503, "application/json", json.dumps(told) + "\n"


def _is_well(answer: "asyncio.Future[Any]") -> bool:
    if not answer.done():
        answer.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody waits for it any more
        return False
    return answer.exception() is None


def _beat(age_s: float | None, late_s: float) -> Mapping[str, Any]:
    if age_s is None:
        return _NO_BEAT
    return {"state": "ok" if age_s <= late_s else "down", "age_s": round(age_s, 1)}
