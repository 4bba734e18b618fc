"""The queue and its slots: who waits, who is being drawn, who is done. The only place that changes a status.

First come, first served; only so many are IN_PROGRESS at once. A request in flight costs a record and an entry
in the timetable, neither a thread nor a task; one with style references has a task while they are fetched.
"""

import asyncio
import time
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable
from functools import partial

from standins.fal import outcome
from standins.fal.drawing import Drawing, Status
from standins.fal.faults import Faults, Switches
from standins.fal.records import Records
from standins.fal.timetable import Timetable

REFUSING_TAKES_S = 0.3  # an input that will not be drawn is refused long before a picture would be done
STOPPING_TAKES_S = 0.5
Fetch = Callable[[Drawing], Awaitable[outcome.Failure | None]]


class Queue:
    """`fetch` gets a drawing's style references; `ended` is called once for each that is over."""

    def __init__(
        self,
        *,
        records: Records,
        switches: Switches,
        faults: Faults,
        timetable: Timetable,
        fetch: Fetch,
        ended: Callable[[Drawing], None],
    ) -> None:
        self.records, self.switches, self.faults = records, switches, faults
        self.timetable, self.fetch, self.ended = timetable, fetch, ended
        self.waiting: list[tuple[bool, int]] = []
        self.running = 0
        self.most_running = 0
        self._by_number: dict[int, Drawing] = {}
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._watchers: dict[str, asyncio.Event] = {}

    def resume(self) -> None:
        """Take up what a former process left unfinished."""
        for drawing in self.records.oldest_first():
            if drawing.status == Status.IN_QUEUE:
                self._line_up(drawing)
            elif drawing.status == Status.IN_PROGRESS:
                self._take_slot(drawing)
        self.fill_slots()

    def submit(self, drawing: Drawing) -> None:
        """Accept a request; it starts at once when a slot is free."""
        self.records.add(drawing)
        self._line_up(drawing)
        self.fill_slots()

    def place(self, drawing: Drawing) -> int:
        """How many stand before it."""
        return bisect_left(self.waiting, ticket(drawing))

    def cancel(self, drawing: Drawing, *, ignored: bool = False) -> str:
        """Ask for an end: OK (it had not started), CANCELLATION_REQUESTED, or ALREADY_COMPLETED."""
        if drawing.status == Status.COMPLETED:
            return "ALREADY_COMPLETED"
        if drawing.status == Status.IN_QUEUE:
            self._leave_line(drawing)
            self._finish(drawing, outcome.CANCELED)
            return "OK"
        if not ignored and not drawing.stopping:
            drawing.stopping = True
            self._end_at(drawing, time.time() + STOPPING_TAKES_S * self.switches.speed)
        return "CANCELLATION_REQUESTED"

    def hurry(self, drawing: Drawing) -> None:
        """Be done with it now, slots or not."""
        if drawing.status == Status.IN_QUEUE:
            self._leave_line(drawing)
            self._begin(drawing)
        self._end_at(drawing, time.time())
        self._end(drawing)

    def next_change(self, drawing: Drawing) -> asyncio.Event:
        """Set when its status changes next. Take it before you look at the status: then no change is missed."""
        if drawing.status == Status.COMPLETED:
            return asyncio.Event()  # nothing comes after that, so nobody would ever take it off the list
        return self._watchers.setdefault(drawing.id, asyncio.Event())

    async def end(self, drawing: Drawing) -> None:
        """Wait until it is over, or forgotten."""
        while drawing.status != Status.COMPLETED and drawing.id in self.records:
            await self.next_change(drawing).wait()

    def fill_slots(self) -> None:
        """Start what there is room for."""
        while self.waiting and self.running < self.switches.concurrency:
            drawing = self._by_number[self.waiting[0][1]]
            self._leave_line(drawing)
            self._begin(drawing)

    def clear(self) -> None:
        """Forget everyone."""
        for task in self._fetching.values():
            task.cancel()
        self._fetching.clear()
        self.waiting.clear()
        self._by_number.clear()
        for watcher in self._watchers.values():
            watcher.set()
        self._watchers.clear()
        self.running = self.most_running = 0

    def _line_up(self, drawing: Drawing) -> None:
        insort(self.waiting, ticket(drawing))
        self._by_number[drawing.number] = drawing
        if drawing.start_by is not None:
            self.timetable.at(drawing.start_by, partial(self._give_up, drawing))

    def _leave_line(self, drawing: Drawing) -> None:
        del self.waiting[self.place(drawing)]
        del self._by_number[drawing.number]

    def _give_up(self, drawing: Drawing) -> None:
        if drawing.status == Status.IN_QUEUE and drawing.number in self._by_number:
            self._leave_line(drawing)
            self._finish(drawing, outcome.TIMED_OUT)

    def _begin(self, drawing: Drawing) -> None:
        drawing.status = Status.IN_PROGRESS
        drawing.started_at = time.time()
        drawing.due = drawing.started_at + self._duration(drawing)
        self.records.save(drawing)
        self._take_slot(drawing)
        self._wake(drawing)

    def _duration(self, drawing: Drawing) -> float:
        if outcome.foreseen(drawing):
            return REFUSING_TAKES_S * self.switches.speed
        if self.switches.latency_s is not None:
            return self.switches.latency_s
        return outcome.seconds_to_draw(drawing) * self.switches.speed

    def _take_slot(self, drawing: Drawing) -> None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        if isinstance(drawing.input, dict) and drawing.input.get("image_style_references"):
            self._fetching[drawing.id] = asyncio.create_task(self._fetch_then_end(drawing))
        self._end_at(drawing, drawing.due or time.time())

    def _end_at(self, drawing: Drawing, when: float) -> None:
        drawing.due = min(when, drawing.due or when)
        self.timetable.at(drawing.due, partial(self._end, drawing))

    async def _fetch_then_end(self, drawing: Drawing) -> None:
        failure = outcome.foreseen(drawing) or await self.fetch(drawing)
        del self._fetching[drawing.id]
        if failure and drawing.status == Status.IN_PROGRESS:
            self._release_slot(drawing, failure)
        else:
            self._end(drawing)

    def _end(self, drawing: Drawing) -> None:
        over = drawing.due is not None and drawing.due <= time.time()
        if drawing.status != Status.IN_PROGRESS or not over:
            return
        if drawing.stopping:
            self._release_slot(drawing, outcome.CANCELED)
        elif drawing.id not in self._fetching:
            self._release_slot(drawing, outcome.foreseen(drawing) or outcome.commanded(drawing, self.faults))

    def _release_slot(self, drawing: Drawing, failure: outcome.Failure | None) -> None:
        self.running -= 1
        self._finish(drawing, failure)
        self.fill_slots()

    def _finish(self, drawing: Drawing, failure: outcome.Failure | None) -> None:
        if failure:
            outcome.fail(drawing, failure)
        else:
            outcome.succeed(drawing, (self.switches.prices or {}).get(drawing.endpoint_id))
        drawing.status = Status.COMPLETED
        drawing.ended_at = time.time()
        self.ended(drawing)
        self.records.save(drawing)
        self._wake(drawing)

    def _wake(self, drawing: Drawing) -> None:
        if watcher := self._watchers.pop(drawing.id, None):
            watcher.set()


def ticket(drawing: Drawing) -> tuple[bool, int]:
    """What the line is sorted by: `low` priority stands behind everybody, then whoever came first."""
    return drawing.low_priority, drawing.number
