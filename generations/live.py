"""Live: server-sent events for whoever waits. A stream is "rows after Last-Event-ID, then wait".

Streams are plain coroutines: none holds a page thread or a database connection. Rows are read through a few threads of
their own; a wake-up (`wakeups`) says when, and one poller per process is the net under it.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

import redis.asyncio
from django.conf import settings
from django.contrib.auth import get_user
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest

from . import events, wakeups
from .models import Customer, Event, public_status

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KEEP_ALIVE_S = 15.0
LONGEST_STREAM_S = 3600.0
POLL_S = 1.0
POLL_BESIDE_REDIS_S = 5.0
CHECK_SESSION_EVERY_S = 60.0
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live")


class Hub:
    """Who waits for whom in this process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, set[asyncio.Event]] = defaultdict(set)
        self._seen: dict[int, int] = {}
        self._tasks: list[asyncio.Task[None]] = [asyncio.create_task(self._poll())]
        if settings.REDIS_URL:
            self._tasks.append(asyncio.create_task(self._subscribe()))
        wakeups.listen(self._ring_from_thread)

    def join(self, user_id: int) -> asyncio.Event:
        bell = asyncio.Event()
        self._waiting[user_id].add(bell)
        return bell

    def leave(self, user_id: int, bell: asyncio.Event) -> None:
        self._waiting[user_id].discard(bell)
        if not self._waiting[user_id]:
            del self._waiting[user_id]
            self._seen.pop(user_id, None)

    def ring(self, user_id: int) -> None:
        for bell in self._waiting.get(user_id, ()):
            bell.set()

    def _ring_from_thread(self, user_id: int) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.ring, user_id)

    async def _poll(self) -> None:
        """Compare the last numbers of all who are waited for: one query, however many streams."""
        while True:
            await asyncio.sleep(POLL_BESIDE_REDIS_S if settings.REDIS_URL else POLL_S)
            if not self._waiting:
                continue
            try:
                latest = await in_reader(_latest, list(self._waiting))
            except DatabaseError:
                continue
            for user_id, seq in latest.items():
                if self._seen.get(user_id) != seq:
                    self._seen[user_id] = seq
                    self.ring(user_id)

    async def _subscribe(self) -> None:
        while True:
            try:
                async with redis.asyncio.from_url(settings.REDIS_URL) as client, client.pubsub() as channel:
                    await channel.subscribe(wakeups.CHANNEL)
                    async for message in channel.listen():
                        if message["type"] == "message":
                            self.ring(int(message["data"]))
            except (redis.RedisError, OSError):
                await asyncio.sleep(2)


_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if id(loop) not in _hubs:
        _hubs[id(loop)] = Hub()
    return _hubs[id(loop)]


async def in_reader(work: Callable[..., Any], *args: Any) -> Any:
    """Run a short read in one of the readers' threads."""

    def run() -> Any:
        close_old_connections()
        return work(*args)

    return await asyncio.get_running_loop().run_in_executor(_readers, run)


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """`GET /live/`: the events of whoever is logged in, for the studio."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    user_id = await visitor(scope)
    if user_id is None:
        await _refuse(send)
        return
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    since = headers.get("last-event-id") or query.get("since", [""])[0]
    start = int(since) if since.isdigit() else await in_reader(events.latest, user_id)

    async def is_alive() -> bool:
        return await visitor(scope) == user_id

    await stream(user_id, start, receive, send, is_alive)


async def visitor(scope: Scope) -> int | None:
    """Who is logged in, by the cookie of a request that Django does not see."""
    request = await in_reader(logged_in, scope)
    return request.user.pk if request else None


def logged_in(scope: Scope) -> HttpRequest | None:
    """The user and the session of such a request; None where nobody is logged in. Reads the database."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    session_key = _session_key(headers.get("cookie", ""))
    if not session_key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    request.user = get_user(request)
    return request if request.user.is_authenticated and request.user.is_active else None


class Teller:
    """What a stream says. Every method may read the database: it runs in a reader's thread."""

    is_over = False
    keep_alive_s: float | None = None  # as all others

    def opening(self) -> bytes:
        return b"retry: 2000\n\n"

    def tell(self, rows: list[Event]) -> bytes:
        """What there is to say of these events; empty for nothing."""
        return b"".join(encode(row) for row in rows)

    def idle(self) -> bytes:
        """Said when nothing happened for `keep_alive_s`."""
        return b": still here\n\n"


async def stream(
    user_id: int,
    seq: int,
    receive: Receive,
    send: Send,
    is_alive: Callable[[], Awaitable[bool]],
    teller: Teller | None = None,
) -> None:
    """Send every event of the user after `seq`, then those that come, until the reader leaves, its session or key
    dies, the teller is done, or an hour is over. A reader that never reads holds this coroutine and nothing else."""
    teller = teller or Teller()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    bell = hub().join(user_id)
    gone = asyncio.create_task(disconnected(receive))
    ends_at = time.monotonic() + LONGEST_STREAM_S
    checked_at = time.monotonic()
    try:
        await _send(send, await in_reader(teller.opening))
        while time.monotonic() < ends_at and not gone.done() and not teller.is_over:
            bell.clear()
            while not teller.is_over and (rows := await in_reader(events.after, user_id, seq)):
                seq = rows[-1].seq
                if said := await in_reader(teller.tell, rows):
                    await _send(send, said)
            if not teller.is_over and not await _rings(bell, gone, teller.keep_alive_s or KEEP_ALIVE_S):
                await _send(send, await in_reader(teller.idle))
            if time.monotonic() - checked_at > CHECK_SESSION_EVERY_S:
                checked_at = time.monotonic()
                if not await is_alive():
                    break
        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()
        hub().leave(user_id, bell)


def encode(row: Event) -> bytes:
    """One event as server-sent event: its data is one line of JSON, `{seq, type, created_at, data}`."""
    data = dict(row.data)
    if row.object_id is not None:
        data["id"] = str(row.object_id)
    if row.kind == events.IMAGE_UPDATED:
        data["status"] = public_status(data["status"])
    at = row.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"seq": row.seq, "type": row.kind, "created_at": at, "data": data}
    return f"id: {row.seq}\nevent: {row.kind}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()


async def disconnected(receive: Receive) -> None:
    """Wait until the caller is gone; the body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _rings(bell: asyncio.Event, gone: "asyncio.Task[None]", within_s: float) -> bool:
    """Wait for news, at most until the next keep-alive; True when there may be some, or the reader left."""
    waiting = asyncio.create_task(bell.wait())
    done, _ = await asyncio.wait({waiting, gone}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return bool(done)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b"Log in first.\n"})


def _session_key(cookie: str) -> str | None:
    morsel = SimpleCookie(cookie).get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else None


def _latest(user_ids: list[int]) -> dict[int, int]:
    return dict(Customer.objects.filter(user_id__in=user_ids).values_list("user_id", "seq"))
