"""A long answer to a reader who may be slow: piece after piece, each only when the one before was taken.

It holds neither a page thread nor a database connection, and ends when the reader goes.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from generations import live
from generations.live import Receive, Send


async def pour(pieces: AsyncGenerator[bytes, None], receive: Receive, send: Send) -> bool:
    """Send the body whose head is sent already; False when the reader went before its end. The pieces are closed
    either way. An error in them breaks the connection, so that nobody takes a part for the whole."""
    gone = asyncio.ensure_future(live.disconnected(receive))
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if gone.done():
                    return False
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return True
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
