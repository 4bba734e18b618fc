"""What all stand-ins do with a connection: read a call from it, and cut it at any point.

Connections can really be cut: uvicorn's protocol lets the application reach its socket.
"""

import asyncio

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_BODY = 64_000_000


class CuttableProtocol(HttpToolsProtocol):
    """Puts the transport where an ASGI application finds it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["transport"] = self.transport


async def cut(scope: Scope, receive: Receive) -> None:
    """Close the connection; what was sent before still arrives, nothing more does."""
    transport: asyncio.Transport = scope["state"]["transport"]
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


class Halved:
    """A `send` that lets the head and half of the body through, and then says that it is enough."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.enough = False

    async def __call__(self, message: Message) -> None:
        if self.enough:
            return
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
            self.enough = True
        await self._send(message)


async def read_body(receive: Receive) -> bytes:
    """All of the body; ValueError where it is too large."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > LARGEST_BODY:
            raise ValueError("The body is too large.")
        if not message.get("more_body"):
            return b"".join(chunks)


def headers_of(scope: Scope) -> dict[str, str]:
    """Names in lower case, values as text."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
