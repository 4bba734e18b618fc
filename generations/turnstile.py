"""A limit on how much is done at once, for each customer and in all."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from concurrent.futures import Future
from contextlib import asynccontextmanager


class Turnstile:
    """At most `each` inside for one key and `total` for all keys together; whoever comes next waits in line.

    One turnstile serves all threads and event loops of a process, which an asyncio.Semaphore would
    not: tasks run loops of their own beside the server's."""

    def __init__(self, *, each: int, total: int) -> None:
        self._each = each
        self._total = total
        self._lock = threading.Lock()
        self._inside: Counter[Hashable] = Counter()
        self._line: list[tuple[Hashable, Future[None]]] = []

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a place, hold it for the `with` block, and give it to the next in line who may have it."""
        place: Future[None] = Future()
        with self._lock:
            self._line.append((key, place))
            self._let_in()
        try:
            await asyncio.wrap_future(place)
        except asyncio.CancelledError:
            if not place.cancel():  # let in at the very moment of leaving
                self._leave(key)
            raise
        try:
            yield
        finally:
            self._leave(key)

    def _leave(self, key: Hashable) -> None:
        with self._lock:
            self._inside[key] -= 1
            if not self._inside[key]:
                del self._inside[key]
            self._let_in()

    def _let_in(self) -> None:
        waiting: list[tuple[Hashable, Future[None]]] = []
        for key, place in self._line:
            if self._inside.total() >= self._total or self._inside[key] >= self._each:
                waiting.append((key, place))
            elif place.set_running_or_notify_cancel():
                self._inside[key] += 1
                place.set_result(None)
        self._line = [(key, place) for key, place in waiting if not place.cancelled()]
