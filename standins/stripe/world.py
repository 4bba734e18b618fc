"""All that the stand-in is, put together: the one object that every call is handed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from standins.stripe import events as eventing
from standins.stripe.calls import Calls
from standins.stripe.clock import Clock
from standins.stripe.deliveries import Deliveries
from standins.stripe.due import Due
from standins.stripe.errors import missing
from standins.stripe.faults import Faults, Switches
from standins.stripe.idempotency import Idempotency
from standins.stripe.objects import Object, former, shown
from standins.stripe.store import Store

LOOK_EVERY_S = 0.2
STATE = "_state"
Deed = Callable[["World", str], None]


class World:
    """Made inside a running event loop. Without a state folder nothing outlives the process.

    `deeds` are what the clock does by itself, by name.
    """

    def __init__(
        self, *, url: str, switches: Switches, deeds: Mapping[str, Deed], state_dir: Path | None = None
    ) -> None:
        self.url, self.switches, self.deeds = url, switches, deeds
        self._at_start = replace(switches)
        self.clock = Clock()
        self.store = Store(state_dir / "stripe.sqlite3" if state_dir else None)
        self.due = Due(self.store, self.clock)
        self.faults = Faults()
        self.calls = Calls()
        self.deliveries = Deliveries(
            store=self.store,
            clock=self.clock,
            due=self.due,
            switches=switches,
            faults=self.faults,
            calls=self.calls,
        )
        self.events = eventing.Events(self.store, self.clock, self.deliveries.new)
        self.idempotency = Idempotency(self.store, self.clock)
        if state := self.store.get(STATE, "state"):
            self.clock.ahead_s = state["ahead_s"]
        self.afterwards: list[Callable[[], None]] = []
        self._passing = asyncio.Lock()
        self._ticker = asyncio.get_running_loop().create_task(self._tick())
        self.deliveries.resume()

    @property
    def now(self) -> int:
        return self.clock.now()

    def add(self, thing: Object, event: str | None = None) -> Object:
        """A new object, and the event that tells of it."""
        self.store.add(thing)
        if event:
            self.emit(event, thing)
        return thing

    def emit(self, type: str, thing: Object) -> None:
        self.events.emit(type, thing)

    def change(self, thing: Object, event: str | None = None, **values: Any) -> bool:
        """Set fields, and tell what they were before; False, and no event, where nothing is different."""
        before = shown(thing)
        thing.update(values)
        self.store.save(thing)
        differences = former(before, shown(thing))
        if event and differences:
            self.events.emit(event, thing, differences)
        return bool(differences)

    def get(self, kind: str, id: str, *, param: str = "id", called: str = "") -> Object:
        """The object with this id; Stripe's error where there is none."""
        found = self.store.get(kind, id)
        if found is None:
            raise missing(called or kind.rpartition(".")[2].replace("_", ""), id, param)
        return found

    def finish(self) -> None:
        """The end of one call or one thing that fell due: what comes a little later comes now, and all is written."""
        while self.afterwards:
            self.afterwards.pop(0)()
        self.store.flush()

    async def advance(self, seconds: int) -> int:
        """Let time pass: what falls due on the way happens at its time, and its events arrive before the next does.
        Returns how many things happened."""
        async with self._passing:
            target = self.now + seconds
            done = await self._work_off(target)
            self.clock.advance(target - self.now)
            self._save_clock()
            return done

    def reset(self) -> None:
        """Forget everything but the settings of the command line. The clock shows the machine's time again."""
        self.due.clear()
        self.deliveries.clear()
        self.store.clear()
        self.idempotency = Idempotency(self.store, self.clock)
        self.clock.ahead_s = 0
        self.calls.clear()
        self.calm()

    def calm(self) -> None:
        """Drop all rules and put every switch back to where it stood at the start."""
        self.faults.clear()
        for one in fields(Switches):
            setattr(self.switches, one.name, getattr(self._at_start, one.name))

    async def close(self) -> None:
        self._ticker.cancel()
        await self.deliveries.close()
        self.store.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            moment = self.due.next_at()
            if moment is not None and moment <= self.now and not self._passing.locked():
                async with self._passing:
                    await self._work_off(self.now)

    async def _work_off(self, until: int) -> int:
        done = 0
        await self.deliveries.idle()
        try:
            while (row := self.due.take(until)) is not None:
                self.clock.hold(row["at"])
                self.deeds[row["deed"]](self, row["about"])
                self.finish()
                await self.deliveries.idle()
                done += 1
        finally:
            self.clock.hold(None)
        return done

    def _save_clock(self) -> None:
        row = {"object": STATE, "id": "state", "ahead_s": self.clock.ahead_s}
        if state := self.store.get(STATE, "state"):
            state.update(row)
            self.store.save(state)
        else:
            self.store.add(row)
        self.store.flush()
