"""Connections that can really be cut: uvicorn's protocol, which lets the application reach its socket."""

import asyncio

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


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
