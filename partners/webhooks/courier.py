"""The courier: fans events out and makes the requests, a coroutine that any number of processes may run.

So many at once in all, and a few for each receiver and each account: one that stalls holds its own places and nobody
else's.
"""

import asyncio
import logging
from collections import Counter

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.utils import timezone

from . import deliveries, fan_out
from .deliveries import Call

logger = logging.getLogger(__name__)

TICK_S = 0.5
AT_ONCE = 200


class Courier:
    def __init__(self) -> None:
        self._under_way: dict[asyncio.Task[None], tuple[str, int]] = {}  # with whose places it takes

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let go of what is under way; survives a database that is away."""
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            try:
                await self.tick()
            except Exception:
                logger.exception("a round of the courier failed; the next one begins anew")
                await sync_to_async(close_old_connections)()
            # A place that becomes free is given away at once: a quick receiver does not wait for the clock.
            await asyncio.wait({stopped, *self._under_way}, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(stopped, *self._under_way, return_exceptions=True)

    async def tick(self) -> None:
        """Fan out what is new, and begin what is due and has room."""
        await sync_to_async(fan_out.run)()
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return
        inside = Counter(name for taken in self._under_way.values() for name in taken)
        for call in await sync_to_async(deliveries.claim)(timezone.now(), room, inside):
            task = asyncio.create_task(self._carry(call))
            self._under_way[task] = deliveries.places(call.delivery)
            task.add_done_callback(self._under_way.pop)

    async def until_idle(self) -> None:
        """Work until nothing is due or under way."""
        while True:
            await self.tick()
            if not self._under_way:
                return
            await asyncio.wait(list(self._under_way), return_when=asyncio.FIRST_COMPLETED)

    async def _carry(self, call: Call) -> None:
        try:
            answer = await deliveries.post(call)
            await sync_to_async(deliveries.settle)(call, answer)
        except Exception:  # the lease ends, and it is tried again
            logger.exception("delivery %s could not be tried", call.delivery.pk)
