"""Things to do at a time: one heap and one timer for all of them, however many are waiting."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

LONGEST_SLEEP_S = 3600.0
AT_A_TIME = 100  # then others get a turn: 2,000 drawings may end in the same moment


class Timetable:
    """Calls plain functions at wall-clock times. Never before its time, in order, each once."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Have `call` called at `when` (seconds since 1970), or soon where that is past."""
        first = not self._heap or when < self._heap[0][0]
        heapq.heappush(self._heap, (when, next(self._order), call))
        if first:
            self._wind()

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
        self._wind()

    def _wind(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if self._heap:
            wait = min(max(self._heap[0][0] - time.time(), 0.0), LONGEST_SLEEP_S)
            self._timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._timer = None
        for _ in range(AT_A_TIME):
            if not self._heap or self._heap[0][0] > time.time():
                break
            heapq.heappop(self._heap)[2]()
        if self._timer is None:
            self._wind()
