"""All that the stand-in is, put together: the one object that every call is handed."""

import shutil
import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from standins.fal import outcome
from standins.fal.calls import Calls
from standins.fal.catalogue import ENDPOINTS
from standins.fal.drawing import Drawing
from standins.fal.faults import Faults, Switches
from standins.fal.pictures import Pictures
from standins.fal.queue import Queue
from standins.fal.records import Records
from standins.fal.references import References
from standins.fal.signing import Keyring
from standins.fal.timetable import Timetable
from standins.fal.uploads import Uploads
from standins.fal.webhooks import Webhooks

STARTING_BALANCE_USD = 1000
EXHAUSTED = "Exhausted balance. Top up your balance at fal.ai/dashboard/billing."


class World:
    """Made inside a running event loop. Without a state folder nothing outlives the process."""

    def __init__(self, switches: Switches, state_dir: Path | None = None) -> None:
        self.switches = switches
        self._at_start = replace(switches)
        self.spent_before = 0
        self._scratch = None if state_dir else Path(tempfile.mkdtemp(prefix="standin-fal-"))
        self.faults = Faults()
        self.calls = Calls()
        self.timetable = Timetable()
        self.pictures = Pictures()
        self.references = References()
        self.records = Records(state_dir / "drawings.sqlite3" if state_dir else None)
        self.keyring = Keyring(state_dir / "webhook-keys.json" if state_dir else None)
        self.uploads = Uploads((state_dir or self._scratch or Path()) / "uploads")
        self.webhooks = Webhooks(
            records=self.records,
            switches=switches,
            faults=self.faults,
            timetable=self.timetable,
            calls=self.calls,
            keyring=self.keyring,
            body_of=self.body_of,
        )
        self.queue = Queue(
            records=self.records,
            switches=switches,
            faults=self.faults,
            timetable=self.timetable,
            fetch=self.references.fetch,
            ended=self._ended,
        )
        self.queue.resume()
        self.webhooks.resume()

    async def body_of(self, drawing: Drawing) -> Any:
        """The body of a finished drawing's result."""
        if drawing.drawn and outcome.wants_data_uris(drawing):
            return outcome.body(drawing, await self.pictures.all_of(drawing))
        return outcome.body(drawing)

    async def early_webhook(self, drawing: Drawing, *, forged: bool) -> None:
        """Call the webhook before the submit is answered. The drawing is done at once for it, unless it lies."""
        if forged:
            await self.webhooks.send_forged(drawing)
            return
        drawing.webhook_state = "early"
        self.queue.hurry(drawing)
        await self.queue.end(drawing)
        await self.webhooks.before_the_answer(drawing)

    def erase(self, drawing: Drawing) -> None:
        """Forget what was sent with a drawing, and its pictures."""
        self.records.erase(drawing)
        self.pictures.clear()

    def result_expired(self, drawing: Drawing) -> bool:
        """Whether its result is gone."""
        if drawing.erased:
            return True
        kept = outcome.result_kept_s(drawing)
        return kept is not None and time.time() > (drawing.ended_at or time.time()) + kept

    def files_expired(self, drawing: Drawing) -> bool:
        """Whether its pictures are gone from the CDN."""
        lifetime = drawing.file_lifetime_s
        if drawing.erased:
            return True
        return lifetime is not None and time.time() > (drawing.ended_at or time.time()) + lifetime

    def spent_micro_usd(self) -> int:
        """What all drawings cost so far."""
        return sum(drawing.cost_micro_usd for drawing in self.records.oldest_first())

    def left_micro_usd(self) -> int:
        """What is left of the money: counted from the last time that somebody said how much there is."""
        told = self.switches.balance_usd
        start = STARTING_BALANCE_USD if told is None else told
        return round(start * 1_000_000) - (self.spent_micro_usd() - self.spent_before)

    def price_of(self, endpoint_id: str) -> int:
        """What a unit costs now, in micro USD."""
        return (self.switches.prices or {}).get(endpoint_id, ENDPOINTS[endpoint_id].micro_usd)

    def locked_for(self) -> str:
        """Why nothing is taken from us; empty where it is."""
        if not self.switches.locked and self.switches.locks_at_zero and self.left_micro_usd() <= 0:
            self.switches.locked = EXHAUSTED
        return self.switches.locked

    def reset(self) -> None:
        """Forget everything but the keys and the settings of the command line."""
        self.timetable.clear()
        self.queue.clear()
        self.webhooks.clear()
        self.records.clear()
        self.calls.clear()
        self.pictures.clear()
        self.uploads.clear()
        self.calm()

    def calm(self) -> None:
        """Drop all rules and put every switch back to where it stood at the start."""
        self.faults.clear()
        for one in fields(Switches):
            setattr(self.switches, one.name, getattr(self._at_start, one.name))
        self.spent_before = 0
        self.queue.fill_slots()

    async def close(self) -> None:
        await self.webhooks.close()
        await self.references.close()
        self.pictures.close()
        self.records.close()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _ended(self, drawing: Drawing) -> None:
        never_ran = drawing.started_at is None and drawing.code == outcome.CANCELED[0]
        if not never_ran:
            self.webhooks.schedule(drawing)
