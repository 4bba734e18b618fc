"""Hand out private pictures: the ASGI application behind /pictures/….

It stands beside Django, with no middleware, no page thread and no database: whoever holds a signed
address may read, and may do so as slowly as they like. A few threads of its own read the files, one piece
at a time, each only when the reader has taken the piece before. Source: RFC 9110 sections 8.8.3 (ETag),
13 (conditions) and 14 (ranges).
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, ParamSpec, TypeVar

from generations.pictures import links, store

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Restore = Callable[[str], Awaitable[bool]]
Headers = list[tuple[bytes, bytes]]
P = ParamSpec("P")
T = TypeVar("T")

PIECE = 64 * 1024
_reading = ThreadPoolExecutor(max_workers=4, thread_name_prefix="pictures")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)
_SAFE: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"referrer-policy", b"no-referrer"),
]


async def nowhere(name: str) -> bool:
    """Where nobody can bring a lost file back."""
    return False


async def serve(scope: MutableMapping[str, Any], receive: Receive, send: Send, restore: Restore = nowhere) -> None:
    """Answer one GET or HEAD: 200, 206, 304, 403 (address altered or ended), 404, 405 or 416.

    `restore` is asked once for a file that should be there and is not; True when it is back."""
    name = scope["path"].removeprefix("/")
    if scope["method"] not in {"GET", "HEAD"}:
        return await say(send, 405, "Only GET and HEAD are answered here.", [(b"allow", b"GET, HEAD")])
    if not store.NAME.fullmatch(name):
        return await say(send, 404, "There is no such picture.")
    granted = links.granted(name, scope["query_string"].decode("latin-1"))
    if granted is None:
        return await say(send, 403, "This address has ended or was altered. Open the picture's page for a new one.")
    await hand_out(scope, receive, send, name, granted, restore)


async def hand_out(
    scope: MutableMapping[str, Any],
    receive: Receive,
    send: Send,
    name: str,
    granted: links.Granted,
    restore: Restore = nowhere,
) -> None:
    """As `serve`, for a GET or HEAD that was granted elsewhere."""
    try:
        size = await _size(name, restore)
        await _answer(scope, receive, send, name, size, granted)
    except FileNotFoundError:
        await say(send, 404, "There is no such picture.")


async def _size(name: str, restore: Restore) -> int:
    try:
        return await in_thread(store.size, name)
    except FileNotFoundError:
        if not await restore(name):
            raise
        return await in_thread(store.size, name)


async def _answer(
    scope: MutableMapping[str, Any],
    receive: Receive,
    send: Send,
    name: str,
    size: int,
    granted: links.Granted,
) -> None:
    asked = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
    headers = _headers(name, granted)
    if _knows(asked.get("if-none-match", ""), _etag(name)):
        return await _start(send, 304, headers, body=b"")
    span = _span(asked, size, _etag(name)) if scope["method"] == "GET" else None
    if span is not None and span.start >= size:
        return await say(send, 416, "The picture is shorter.", [(b"content-range", f"bytes */{size}".encode())])
    status, wanted = (200, range(size)) if span is None else (206, span)
    if span is not None:
        headers.append((b"content-range", f"bytes {span.start}-{span.stop - 1}/{size}".encode()))
    headers.append((b"content-length", str(len(wanted)).encode()))
    if scope["method"] == "HEAD":
        return await _start(send, status, headers, body=b"")
    reader = await in_thread(store.open_range, name, wanted.start, wanted.stop)
    try:
        await _start(send, status, headers)
        await _pour(reader, len(wanted), receive, send)
    finally:
        _reading.submit(reader.close)


async def _pour(reader: store.Reader, left: int, receive: Receive, send: Send) -> None:
    """Piece after piece as the reader takes them, until they go. A file that turns out shorter than it
    was breaks the connection, so that nobody takes the part for the whole."""
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        while left and not gone.done():
            piece = await in_thread(reader.read, min(PIECE, left))
            if not piece:
                return
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(name: str, granted: links.Granted) -> Headers:
    left = max(0, granted.expires - int(time.time()))
    return [
        (b"content-type", store.CONTENT_TYPES[name.rpartition(".")[2]].encode()),
        (b"content-disposition", links.disposition(granted.filename).encode("latin-1")),
        (b"etag", _etag(name).encode()),
        (b"cache-control", f"private, max-age={left}, immutable".encode()),
        (b"accept-ranges", b"bytes"),
        # The address is the permission: partners show our pictures on their own pages.
        (b"cross-origin-resource-policy", b"cross-origin"),
        *_SAFE,
    ]


def _etag(name: str) -> str:
    """Strong: the name is the hash of the very bytes."""
    found = store.NAME.fullmatch(name)
    return f'"{found["sha256"]}"' if found else ""


def _knows(if_none_match: str, etag: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in known or etag in known


def _span(asked: dict[str, str], size: int, etag: str) -> range | None:
    """The one range that was asked for; None for the whole: no range, several, one that makes no sense,
    or one that was meant for other bytes. A start at or past `size` cannot be had."""
    found = _RANGE.fullmatch(asked.get("range", "").strip())
    if found is None or asked.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if first:
        stop = min(size, int(last) + 1) if last else size
        return range(int(first), stop) if not last or int(last) >= int(first) else None
    if not last:
        return None
    return range(max(0, size - int(last)), size) if int(last) else range(size, size)


async def say(send: Send, status: int, text: str, headers: Headers | None = None) -> None:
    body = f"{text}\n".encode()
    plain = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await _start(send, status, [*plain, *_SAFE, *(headers or [])], body)


async def _start(send: Send, status: int, headers: Headers, body: bytes | None = None) -> None:
    """Send the head of the answer, and its body where that is all there is."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if body is not None:
        await send({"type": "http.response.body", "body": body})


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_reading, partial(work, *args, **kwargs))
