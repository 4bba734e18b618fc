"""One id for each HTTP request: in every line of the log that it causes, in its answer, and on to fal.

A trusted proxy may have given it one already (`X-Request-ID`); else it is made here. `generations.trace` carries it.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from generations import trace
from krea_site import traffic

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADER: Final = b"x-request-id"
BELIEVED: Final = "krea_site.believed"  # in the scope: the peer is a proxy of ours (krea_site/serve.py)
SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


def of(scope: Scope) -> str:
    """The id that a trusted proxy gave, where it has the shape of one, or a new one."""
    if scope.get(BELIEVED):
        given = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == HEADER]
        if len(given) == 1 and SHAPE.fullmatch(given[0]):
            return str(given[0])
    return secrets.token_hex(8)


async def serve(application: Application, scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a request on under its id, count it, and answer with the id."""
    id, call = of(scope), traffic.Call(scope["method"], scope["path"])

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            call.answered(message["status"])
            others = [(name, value) for name, value in message.get("headers", ()) if name.lower() != HEADER]
            message = {**message, "headers": [*others, (HEADER, id.encode())]}
        await send(message)

    with trace.about(request=id), traffic.under_way(call):
        try:
            await application(scope, receive, answer)
        finally:
            call.ended()
