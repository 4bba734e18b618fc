"""Sends an answer, and writes down whether its caller was still there, where somebody may repeat the call
(partners.dialects.joined)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, close_old_connections

from generations import live
from generations.live import Receive
from partners.dialects import joined
from partners.waiting import Call

logger = logging.getLogger(__name__)

LOOKS = 3  # turns of the event loop in which a connection that was closed is heard of
_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answering")  # beside the readers of the streams


async def answer(call: Call | None, receive: Receive, send: Callable[[], Awaitable[None]]) -> None:
    """The call is closed before anything is sent: its caller may repeat it the moment that it is answered."""
    if call is None:
        await send()
        return
    gone = asyncio.create_task(live.disconnected(receive))
    try:
        for _ in range(LOOKS):
            await asyncio.sleep(0)
        if not gone.done():
            await _write(joined.answered, call)
            await send()
        if gone.done():
            await lost(call)
    finally:
        gone.cancel()


async def lost(call: Call | None) -> None:
    if call is not None:
        await _write(joined.lost, call)


async def _write(work: Callable[[Call], None], call: Call) -> None:
    """Where that fails the call may be joined for as long as it was to be: whoever repeats it pays nothing twice."""

    def write() -> None:
        close_old_connections()
        work(call)

    try:
        await asyncio.get_running_loop().run_in_executor(_writer, write)
    except DatabaseError as error:
        logger.warning("a call stays open: %s", type(error).__name__)
