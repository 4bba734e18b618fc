"""The front: every ordinary page and API call on its way to Django's threads and back.

Whatever is slow stays out of the threads: the body is read before a thread is taken, the answer is sent after it is
given back, and an errand (generations.errands) runs between two askings. So a slow or stalled reader or writer holds
memory, never a thread or a database connection.
"""

import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from generations import errands

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_BODY_BYTES = 64 * 1024 * 1024  # style references as files, or as data URIs
IN_MEMORY_BYTES = 1024 * 1024
CHUNK = 64 * 1024
FRONT = errands.FRONT_HEADER.lower().encode()
WANTED = errands.WANTED_HEADER.lower().encode()

_django = WSGIMiddleware(cast(Any, get_wsgi_application()), workers=settings.WEB_THREADS)


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as body:
        arrived = await _read(receive, body)
        if arrived is None:
            return
        if not arrived:
            await _too_large(send)
            return
        answer = await _ask(scope, body, token="none")
        wanted = answer.header(WANTED)
        if wanted is not None:
            answer = await _after_errand(scope, body, wanted.decode("latin-1"))
    await answer.send_to(send)


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

    async def send_to(self, send: Send) -> None:
        for message in self.messages:
            await send(message)


async def _ask(scope: Scope, body: IO[bytes], *, token: str) -> Answer:
    """Ask Django once, with our own mark in place of whatever a stranger put under its name."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != FRONT]
    length = body.seek(0, 2)
    body.seek(0)
    # The body is here whole: its length is known, and no transfer coding is left to undo.
    headers = [
        (name, value) for name, value in headers if name.lower() not in (b"transfer-encoding", b"content-length")
    ]
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


async def _too_large(send: Send) -> None:
    text = f"The body is larger than {MOST_BODY_BYTES // 1024**2} MB.\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
