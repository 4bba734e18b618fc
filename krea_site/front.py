"""The front: every ordinary page and API call on its way to Django's threads and back.

Whatever is slow stays out of the threads: the body is read before a thread is taken, the answer is sent after it is
given back, and an errand (generations.errands) runs between two askings. What a view may not do itself it asks for by a
header that goes no further than here: to wait, to hand out a picture, to send a stream (partners.waiting). So a slow or
stalled reader or writer holds memory, never a thread or a database connection.
"""

import io
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from http import HTTPStatus
from typing import IO, Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils import timezone

from generations import downloads, errands, events, live
from generations.pictures import links
from generations.pictures import serve as pictures
from krea_site import answering, error_pages, pictures_zip, traffic, waiting
from partners import keys, problems
from partners import waiting as promises
from partners.dialects import tellers

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

MOST_BODY_BYTES = 64 * 1024 * 1024  # style references as files, or as data URIs
IN_MEMORY_BYTES = 1024 * 1024
CHUNK = 64 * 1024
FRONT, ARRIVED = errands.FRONT_HEADER.lower().encode(), promises.ARRIVED.lower().encode()
WANTED = errands.WANTED_HEADER.lower().encode()
LINE, PICTURE, STREAM, CALL = (
    name.lower().encode() for name in (promises.LINE, promises.PICTURE, promises.STREAM, promises.CALL)
)
DOWNLOAD = downloads.HEADER.lower().encode()
OURS = b"x-krea-"  # no header of ours comes in or goes out
OF_THE_FIRST = b"idempotent-replayed"  # told by the first answer, true of the last
BARE_PAGE = [
    (b"content-security-policy", b"default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]

_django = WSGIMiddleware(cast(Any, get_wsgi_application()), workers=settings.WEB_THREADS)


async def serve(scope: Scope, receive: Receive, send: Send, restore: pictures.Restore = pictures.nowhere) -> None:
    scope = {**scope, "headers": _marked(scope["headers"])}
    answer = await _first(scope, receive, send)
    line = promises.line_in(answer.header(LINE)) if answer else None
    call = promises.call_in(answer.header(CALL)) if answer else None
    if answer and line:
        traffic.waits()
        replayed = answer.header(OF_THE_FIRST)
        answer = None  # a thousand who wait hold no answers
        if await waiting.until_finished(line, receive):
            answer = await _after_waiting(scope, line, replayed)
    if answer is None:
        await answering.lost(call)
        return
    wished = answer.header(DOWNLOAD)
    selection = downloads.take(wished.decode("latin-1")) if wished else None
    picture, stream = answer.header(PICTURE), promises.stream_in(answer.header(STREAM))
    if picture is not None:
        name, _, query = picture.decode("latin-1").partition("?")
        granted = links.granted(name, query) or links.Granted(int(time.time()) + links.LIFETIME_S, filename=None)
        await pictures.hand_out(scope, receive, send, name, granted, restore)
    elif selection is not None:
        await pictures_zip.serve(selection, receive, send, restore)
    elif stream is not None:
        await _stream(scope, receive, send, stream)
    else:
        await answering.answer(call, receive, lambda: answer.send_to(send))


async def _first(scope: Scope, receive: Receive, send: Send) -> "Answer | None":
    """What Django says, after its errand where it wants one; None where there is nobody to tell any more."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as body:
        arrived = await _read(receive, body)
        if arrived is None:
            return None
        if not arrived:
            await _too_large(scope, send)
            return None
        answer = await _ask(scope, body, token="none")
        wanted = answer.header(WANTED)
        if wanted is not None:
            answer = await _after_errand(scope, body, wanted.decode("latin-1"))
        return answer


class Answer:
    """One whole answer of Django's, kept until its thread is free again."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    def header(self, name: bytes) -> bytes | None:
        start = next((message for message in self.messages if message["type"] == "http.response.start"), None)
        headers: list[tuple[bytes, bytes]] = start["headers"] if start else []
        return next((value for key, value in headers if key.lower() == name), None)

    def add(self, name: bytes, value: bytes) -> None:
        for message in self.messages:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (name, value)]

    async def send_to(self, send: Send) -> None:
        for message in self.messages:
            if message["type"] == "http.response.start":
                kept = [(key, value) for key, value in message["headers"] if not key.lower().startswith(OURS)]
                message = {**message, "headers": kept}
            await send(message)


def _marked(headers: Headers) -> Headers:
    """With the moment in which the call came, and without whatever a stranger put under a name of ours. A name with an
    underscore is left out: Django would take it for the one with a hyphen."""
    theirs = [(name, value) for name, value in headers if not name.lower().startswith(OURS) and b"_" not in name]
    return [*theirs, (ARRIVED, timezone.now().isoformat().encode())]


async def _ask(scope: Scope, body: IO[bytes], *, token: str) -> Answer:
    """Ask Django once, with our own mark."""
    length = body.seek(0, 2)
    body.seek(0)
    # The body is here whole: its length is known, and no transfer coding is left to undo.
    undone = (b"transfer-encoding", b"content-length")
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in undone]
    headers += [(FRONT, token.encode()), (b"content-length", str(length).encode())]
    answer = Answer()

    async def replay() -> Message:
        chunk = body.read(CHUNK)
        return {"type": "http.request", "body": chunk, "more_body": body.tell() < length}

    await _django({**scope, "headers": headers}, replay, answer.take)  # type: ignore[arg-type]
    return answer


async def _after_errand(scope: Scope, body: IO[bytes], token: str) -> Answer:
    errand = errands.find(token)
    try:
        if errand is not None:
            await errand.run()
        return await _ask(scope, body, token=token)
    finally:
        errands.forget(token)


async def _after_waiting(scope: Scope, line: promises.Line, replayed: bytes | None) -> Answer:
    """Ask for what was waited for, with the key or the session of the caller."""
    path, _, query = line.then.partition("?")
    asked = {**scope, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode()}
    answer = await _ask(asked, io.BytesIO(), token=promises.ASKED_AGAIN)
    if replayed is not None:
        answer.add(OF_THE_FIRST, replayed)
    return answer


async def _stream(scope: Scope, receive: Receive, send: Send, told: promises.Stream) -> None:
    """The events of a user, for as long as the key or the session that asked for them is valid."""

    async def is_alive() -> bool:
        if told.key is not None:
            return bool(await live.in_reader(keys.is_valid, told.key))
        return await live.visitor(scope) == told.user

    since = told.since if told.since is not None else await live.in_reader(events.latest, told.user)
    try:
        await live.stream(told.user, since, receive, send, is_alive, tellers.of(told))
    except live.TooMany as refused:
        await _send_problem(send, problems.too_many_streams(is_account=refused.is_account))


async def _read(receive: Receive, body: IO[bytes]) -> bool | None:
    """True when the whole body is there, False when it is too large, None when the caller went away."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body.write(message.get("body", b""))
        if body.tell() > MOST_BODY_BYTES:
            return False
        if not message.get("more_body"):
            return True


async def _too_large(scope: Scope, send: Send) -> None:
    if scope["path"].startswith(error_pages.API):
        return await _send_problem(send, problems.too_large(MOST_BODY_BYTES), [(b"connection", b"close")])
    line = f"The body is larger than {MOST_BODY_BYTES // 1024**2} MB."
    accept = next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"accept"), "")
    kind, text = error_pages.words(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, accept, line)
    headers = [(b"content-type", kind.encode()), (b"connection", b"close"), *BARE_PAGE]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


async def _send_problem(send: Send, problem: problems.Problem, more: Headers = ()) -> None:
    told = {"Content-Type": problems.CONTENT_TYPE, "Cache-Control": "no-store", **problem.headers}
    headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": [*headers, *more, *BARE_PAGE]})
    await send({"type": "http.response.body", "body": problem.content()})
