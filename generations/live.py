"""Live: server-sent events for whoever waits. A stream is "rows after Last-Event-ID, then wait".

Streams are plain coroutines: none holds a page thread or a database connection. Rows are read through a few threads of
their own, once for all streams that ask for the same; a wake-up (`wakeups`) says when, and one poller per process is
the net under it. A stream that hears nothing costs a comment every 15 seconds and a look at its key every minute.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.db import Error as DatabaseFault
from django.http import HttpRequest

from . import events
from .hub import Hub as Hub
from .hub import TooMany as TooMany
from .hub import encode as encode
from .hub import hub as hub
from .hub import in_reader as in_reader
from .hub import rings as rings
from .models import Event

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KEEP_ALIVE_S = 15.0
LONGEST_STREAM_S = 3600.0
CHECK_SESSION_EVERY_S = 60.0
SEQ_DIGITS = 18
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
STILL_HERE = b": still here\n\n"
COME_BACK_MS = (1000, 4000)  # after how long; differently, so that a thousand do not come back at once
# Who stands above may put another person in the place of whoever is logged in; asked with user and session there.
STAND_INS: list[Callable[[HttpRequest], None]] = []


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """`GET /live/`: the events of whoever is logged in, for the studio."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    user_id = await visitor(scope)
    if user_id is None:
        await _refuse(send, 403, "Log in first.")
        return
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    start = seq_in(headers.get("last-event-id") or query.get("since", [""])[0])
    if start is None:
        start = await in_reader(events.latest, user_id)

    async def is_alive() -> bool:
        return await visitor(scope) == user_id

    try:
        await stream(user_id, start, receive, send, is_alive)
    except TooMany:
        await _refuse(send, 429, "Too many pages of this account are open.")


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
    for stand_in in STAND_INS:
        stand_in(request)
    return request if request.user.is_authenticated and request.user.is_active else None


class Teller:
    """What a stream says in words of its own. Every method may read the database: it runs in a reader's thread."""

    is_over = False
    keep_alive_s: float | None = None  # as all others

    def opening(self) -> bytes:
        """Said when the stream begins; at least a comment, so that the reader learns that it is open."""
        return opening()

    def tell(self, rows: list[Event]) -> bytes:
        """What there is to say of these events; empty for nothing."""
        raise NotImplementedError

    def idle(self) -> bytes:
        """Said when nothing was said for `keep_alive_s`."""
        return STILL_HERE


class OneGeneration(Teller):
    """The events of one generation and its images alone, to its end."""

    def __init__(self, generation_id: UUID) -> None:
        self._id = generation_id

    def tell(self, rows: list[Event]) -> bytes:
        mine = [row for row in rows if self._id == row.object_id or row.data.get("generation") == str(self._id)]
        self.is_over = any(row.kind == events.GENERATION_FINISHED for row in mine)
        return b"".join(encode(row) for row in mine)


async def stream(
    user_id: int,
    seq: int,
    receive: Receive,
    send: Send,
    is_alive: Callable[[], Awaitable[bool]],
    teller: Teller | None = None,
) -> None:
    """Send every event of the user after `seq`, then those that come, until the reader leaves, its session or key
    dies, the teller is done, or an hour is over. A reader that never reads holds this coroutine, what fits into its
    connection's buffers, and nothing else; the kernel ends it (`krea_site.ports`). Raises TooMany, and then nothing was
    sent."""
    here = hub()
    bell = here.open(user_id)
    bell.set()  # there may be something already
    gone = asyncio.create_task(disconnected(receive))
    gone.add_done_callback(lambda _: bell.set())
    ends_at = time.monotonic() + LONGEST_STREAM_S * random.uniform(0.9, 1.0)
    checked_at = time.monotonic() - random.uniform(0.0, CHECK_SESSION_EVERY_S / 2)  # not all in the same moment
    try:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await _send(send, opening() if teller is None else await in_reader(teller.opening))
        said_at = time.monotonic()
        while time.monotonic() < ends_at and not gone.done() and not (teller and teller.is_over):
            keep_alive_s = (teller and teller.keep_alive_s) or KEEP_ALIVE_S
            if await rings(bell, said_at + keep_alive_s - time.monotonic()):
                bell.clear()
                last, said = await _news_after(here, user_id, seq, teller)
                if last > seq:
                    seq = last
                    bell.set()  # and perhaps there is more
            else:
                said = STILL_HERE if teller is None else await in_reader(teller.idle)
            if said:
                await _send(send, said)
                said_at = time.monotonic()
            if time.monotonic() - checked_at > CHECK_SESSION_EVERY_S:
                checked_at = time.monotonic()
                if not await is_alive():
                    break
    except DatabaseFault as error:  # who comes back goes on where it was
        logger.warning("a stream ends: %s", type(error).__name__)
    finally:
        is_heard = not gone.done()
        gone.cancel()
        here.close(user_id, bell)
    if is_heard:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def opening() -> bytes:
    return b"retry: %d\n\n" % random.randint(*COME_BACK_MS)


def seq_in(text: str) -> int | None:
    """The number of an event, as `Last-Event-ID` has it; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= SEQ_DIGITS else None


async def disconnected(receive: Receive) -> None:
    """Wait until the caller is gone; the body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _news_after(here: Hub, user_id: int, seq: int, teller: Teller | None) -> tuple[int, bytes]:
    """The number of the last event that is told now, and the words; the rows are let go before anything is sent."""
    news = await here.news(user_id, seq)
    if not news.rows:
        return seq, b""
    return news.rows[-1].seq, news.said if teller is None else await in_reader(teller.tell, news.rows)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _refuse(send: Send, status: int, line: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{line}\n".encode()})


def _session_key(cookie: str) -> str | None:
    morsel = SimpleCookie(cookie).get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else None
