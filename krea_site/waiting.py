"""Waiting calls: hold a caller's line until a generation is finished, with neither thread nor connection.

Every door's waiting goes through here. The front asks the view first, which answers what it knows and promises the rest
(partners.waiting); then this waits for the customer's events, and the front asks again. However many wait for one
customer, one coroutine looks at the rows when an event of theirs rings.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db import DatabaseError

from generations import live
from generations.live import Receive
from generations.models import Generation
from partners.waiting import Line

LOOK_ANYWAY_S = 5.0
Waiters = dict[UUID, set["asyncio.Future[None]"]]


async def until_finished(line: Line, receive: Receive) -> bool:
    """Wait until the generation is finished or the time is over; False as soon as the caller is gone. A process that
    holds as many lines as it may does not wait at all."""
    if live.hub().is_full:
        return True
    room = _room()
    finished = room.enter(line.user, UUID(line.generation))
    gone = asyncio.create_task(live.disconnected(receive))
    try:
        await asyncio.wait({finished, gone}, timeout=line.seconds, return_when=asyncio.FIRST_COMPLETED)
        return not gone.done()
    finally:
        gone.cancel()
        room.leave(line.user, UUID(line.generation), finished)


class Room:
    """Who waits for which generation. Belongs to one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[int, Waiters] = defaultdict(lambda: defaultdict(set))
        self._bells: dict[int, asyncio.Event] = {}
        self._watches: set[asyncio.Task[None]] = set()

    def enter(self, user_id: int, generation_id: UUID) -> "asyncio.Future[None]":
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        live.hub().waiting_calls += 1
        self._waiting[user_id][generation_id].add(finished)
        if user_id in self._bells:
            self._bells[user_id].set()  # it may be finished already, and nothing rings for that any more
        else:
            self._bells[user_id] = live.hub().join(user_id)
            watch = asyncio.create_task(self._watch(user_id))
            self._watches.add(watch)
            watch.add_done_callback(self._watches.discard)
        return finished

    def leave(self, user_id: int, generation_id: UUID, finished: "asyncio.Future[None]") -> None:
        finished.cancel()
        live.hub().waiting_calls -= 1
        waiters = self._waiting.get(user_id, {})
        waiters.get(generation_id, set()).discard(finished)
        if not waiters.get(generation_id):
            waiters.pop(generation_id, None)
        if not waiters and user_id in self._bells:
            self._bells[user_id].set()

    async def _watch(self, user_id: int) -> None:
        """Look when something rings, and now and then all the same, for as long as anybody waits."""
        bell, waiters = self._bells[user_id], self._waiting[user_id]
        try:
            while waiters:
                bell.clear()
                for generation_id in await _finished(list(waiters)):
                    for waiter in waiters.pop(generation_id, ()):
                        if not waiter.done():
                            waiter.set_result(None)
                if waiters:
                    await live.rings(bell, LOOK_ANYWAY_S)
        finally:
            live.hub().leave(user_id, bell)
            del self._bells[user_id], self._waiting[user_id]


_rooms: dict[int, Room] = {}


def _room() -> Room:
    """The room of the running event loop."""
    loop = asyncio.get_running_loop()
    if id(loop) not in _rooms:
        _rooms[id(loop)] = Room()
    return _rooms[id(loop)]


async def _finished(ids: Iterable[UUID]) -> list[UUID]:
    try:
        found: list[UUID] = await live.in_reader(_finished_rows, ids)
    except DatabaseError:
        return []  # whoever waits looks again, and the caller has a time limit
    return found


def _finished_rows(ids: Iterable[UUID]) -> list[UUID]:
    rows = Generation.objects.filter(pk__in=ids).exclude(outcome=None)
    return list(rows.values_list("pk", flat=True))
