"""Outgoing webhooks: signed, so many at once, tried again with growing pauses, spoiled on command."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx

from standins.fal.calls import Calls, Entry
from standins.fal.drawing import Drawing
from standins.fal.faults import Faults, Switches
from standins.fal.records import Records
from standins.fal.signing import Keyring
from standins.fal.timetable import Timetable

AT_ONCE = 32
ATTEMPTS = 12
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0  # times the speed
TIMEOUT_S = 15.0
STALE_BY_S = 600
NOTHING: dict[str, Any] = {}


class Webhooks:
    """`body_of` gives the body of a drawing's result, which is a webhook's payload."""

    def __init__(
        self,
        *,
        records: Records,
        switches: Switches,
        faults: Faults,
        timetable: Timetable,
        calls: Calls,
        keyring: Keyring,
        body_of: Callable[[Drawing], Awaitable[Any]],
    ) -> None:
        self.records, self.switches, self.faults = records, switches, faults
        self.timetable, self.calls, self.keyring, self.body_of = timetable, calls, keyring, body_of
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits, trust_env=False)
        self._ready: deque[tuple[Drawing, dict[str, Any] | None]] = deque()
        self._busy: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Take up the deliveries that a former process left open."""
        for drawing in self.records.oldest_first():
            if drawing.webhook_state == "pending":
                self._line_up(drawing, None)

    def schedule(self, drawing: Drawing) -> None:
        """Tell the world that a drawing is over, if it was asked for and not done already."""
        if drawing.webhook and not drawing.webhook_state:
            drawing.webhook_state = "pending"
            self._line_up(drawing, None)

    async def before_the_answer(self, drawing: Drawing) -> None:
        """Deliver now and wait for it: the caller learns of the end before it learns of the beginning."""
        drawing.webhook_state = "pending"
        await self._attempt(drawing, NOTHING)

    async def send_forged(self, drawing: Drawing) -> int:
        """A call that we did not sign and that lies about the picture. Returns the status of its answer."""
        lie = {"images": [{"url": f"{drawing.base}/cdn/files/drawn/forged.png"}], "seed": 666}
        payload = {"request_id": drawing.id, "gateway_request_id": drawing.id, "status": "OK", "payload": lie}
        return await self._post(drawing, payload, {"forged": True})

    def clear(self) -> None:
        """Forget all deliveries; those on their way still arrive."""
        self._ready.clear()

    async def close(self) -> None:
        for task in self._busy:
            task.cancel()
        await self._client.aclose()

    def _line_up(self, drawing: Drawing, action: dict[str, Any] | None) -> None:
        self._ready.append((drawing, action))
        if len(self._busy) < AT_ONCE:
            task = asyncio.create_task(self._work())
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)

    async def _work(self) -> None:
        while self._ready:
            await self._attempt(*self._ready.popleft())

    async def _attempt(self, drawing: Drawing, action: dict[str, Any] | None) -> None:
        """One attempt. The rules are asked anew for each, but not again for one that was merely late."""
        if action is None:
            rule = self.faults.take_for("webhook", drawing, only=lambda found: not found.get("early"))
            action = rule.action if rule else NOTHING
        if late_s := action.get("late_s", action.get("delay_s")):
            punctual = {name: value for name, value in action.items() if name not in ("late_s", "delay_s")}
            self.timetable.at(time.time() + late_s, partial(self._line_up, drawing, punctual))
            return
        if action.get("never") or action.get("missing"):
            self._note(drawing, "never sent")
            return
        status = 0
        for _ in range(int(action.get("copies", 1))):
            status = await self._send(drawing, action)
        self._judge(drawing, status)

    async def _send(self, drawing: Drawing, action: dict[str, Any]) -> int:
        if self.switches.down:
            return 0
        if action.get("forged"):
            return await self.send_forged(drawing)
        good = drawing.code == 200
        told: dict[str, Any] = {"request_id": drawing.id, "gateway_request_id": drawing.id}
        told["status"] = "OK" if good else "ERROR"
        if not good:
            told["error"] = f"Invalid status code: {drawing.code}"
        told["payload"] = None if action.get("null_payload") else await self.body_of(drawing)
        if action.get("null_payload"):
            told["payload_error"] = "Response payload is not JSON serializable."
        return await self._post(drawing, told, action)

    async def _post(self, drawing: Drawing, told: dict[str, Any], action: dict[str, Any]) -> int:
        body = json.dumps(told, separators=(",", ":")).encode()
        shift = -STALE_BY_S if action.get("stale_timestamp") else int(action.get("timestamp_shift_s", 0))
        forged = bool(action.get("forged"))
        stamp = int(time.time()) + shift
        headers = self.keyring.headers(request_id=drawing.id, body=body, timestamp=stamp, forged=forged)
        entry = entry_for(drawing, body, action)
        self.calls.add(entry)
        try:
            kind = {"Content-Type": "application/json"}
            entry.status = (await self._client.post(drawing.webhook, content=body, headers=kind | headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            entry.note = f"{entry.note} {type(error).__name__}".strip()
        entry.took_s = round(time.time() - entry.at, 4)
        return entry.status

    def _judge(self, drawing: Drawing, status: int) -> None:
        drawing.webhook_attempts += 1
        if 200 <= status < 300:
            self._note(drawing, "delivered")
        elif 300 <= status < 400 or drawing.webhook_attempts >= ATTEMPTS:
            self._note(drawing, "failed")
        else:
            self.records.save(drawing)
            pause = min(FIRST_PAUSE_S * 2 ** (drawing.webhook_attempts - 1), LONGEST_PAUSE_S)
            again = time.time() + pause * self.switches.speed
            self.timetable.at(again, partial(self._line_up, drawing, None))

    def _note(self, drawing: Drawing, state: str) -> None:
        drawing.webhook_state = state
        self.records.save(drawing)


def entry_for(drawing: Drawing, body: bytes, action: dict[str, Any]) -> Entry:
    """What the log says of one outgoing call."""
    return Entry(
        on="webhook",
        method="POST",
        path=drawing.webhook,
        body=body,
        endpoint=drawing.endpoint_id,
        prompt=drawing.prompt,
        request_id=drawing.id,
        note=" ".join(name for name, value in action.items() if value),
    )
