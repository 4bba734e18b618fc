"""Events on their way out: signed, one at a time and in order unless told otherwise, tried again, spoiled on command.

What becomes of an event stands on it: `_deliveries` has, for each address, its state (held, pending, delivered, failed,
never) and the number of attempts.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import httpx

from standins.stripe import events, signing, spoiling
from standins.stripe.calls import Calls, Entry
from standins.stripe.clock import Clock
from standins.stripe.due import Due
from standins.stripe.faults import Faults, Switches
from standins.stripe.objects import Object
from standins.stripe.store import Store

COMMAND_LINE = "we_command_line"
ENDPOINT = "webhook_endpoint"
# Seconds of the stand-in's clock before each further attempt; then every twelve hours, three days in all.
PAUSES_S = (5, 30, 300, 1800, 7200, 18_000, 36_000, 43_200, 43_200, 43_200, 43_200)
TIMEOUT_S = 20.0
OPEN = ("pending", "held")
NOTHING: dict[str, Any] = {}


class Deliveries:
    def __init__(
        self, *, store: Store, clock: Clock, due: Due, switches: Switches, faults: Faults, calls: Calls
    ) -> None:
        self.store, self.clock, self.due = store, clock, due
        self.switches, self.faults, self.calls = switches, faults, calls
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        self._ready: deque[tuple[str, str, dict[str, Any] | None]] = deque()
        self._early: list[tuple[str, str, dict[str, Any]]] = []
        self._worker: asyncio.Task[None] | None = None
        self._late: set[asyncio.TimerHandle] = set()

    def resume(self) -> None:
        """Take up what a former process left open."""
        for event in self.store.oldest_first(events.KIND):
            for endpoint, state in event["_deliveries"].items():
                if state["state"] == "pending":
                    self._line_up(event["id"], endpoint)

    def new(self, event: Object) -> None:
        """An event happened: set it on its way to everybody who wants to hear of it."""
        for endpoint in self._listening(event["type"]):
            event["_deliveries"][endpoint["id"]] = {"state": "held" if self.switches.hold else "pending", "attempts": 0}
        event["pending_webhooks"] = len(event["_deliveries"])
        if self.switches.hold:
            return
        for endpoint in event["_deliveries"]:
            rule = self.faults.take(
                "event",
                type=event["type"],
                about=events.about(event),
                only=lambda action: bool(action.get("early")),
            )
            if rule:
                self._early.append((event["id"], endpoint, rule.action))
            else:
                self._line_up(event["id"], endpoint)

    async def send_early(self) -> None:
        """Deliver what a rule wants to be there before the call that caused it is answered."""
        early, self._early = self._early, []
        for id, endpoint, action in early:
            await self._attempt(id, endpoint, action)

    def send_again(self, id: str, endpoint: str) -> None:
        """A further attempt is due."""
        self._line_up(id, endpoint)

    def let_go(self, ids: list[str] | None = None) -> int:
        """Set held events on their way, in the order of `ids`, or as they happened."""
        chosen = ids if ids is not None else [event["id"] for event in self.store.oldest_first(events.KIND)]
        count = 0
        for id in chosen:
            event = self.store.get(events.KIND, id)
            for endpoint, state in event["_deliveries"].items() if event else ():
                if state["state"] == "held":
                    state["state"] = "pending"
                    self.store.save(event or {})
                    self._line_up(id, endpoint)
                    count += 1
        return count

    async def deliver(self, ids: list[str], action: dict[str, Any]) -> list[int]:
        """Deliver these events now, each as often as it is named, whatever became of them before; the answers."""
        statuses = []
        for id in ids:
            event = self.store.get(events.KIND, id)
            for endpoint in self._listening(event["type"]) if event else ():
                statuses.append(await self._attempt(id, endpoint["id"], action))
        return statuses

    async def idle(self) -> None:
        """Wait until nothing is on its way; what waits for a later attempt is not."""
        while self._worker and not self._worker.done():
            await asyncio.wait([self._worker])

    def clear(self) -> None:
        self._ready.clear()
        self._early.clear()
        for timer in self._late:
            timer.cancel()
        self._late.clear()

    async def close(self) -> None:
        self.clear()
        if self._worker:
            self._worker.cancel()
        await self._client.aclose()

    def _listening(self, type: str) -> Iterator[Object]:
        """The addresses that hear of events of this type."""
        if self.switches.webhook_url:
            yield self._command_line()
        for endpoint in self.store.oldest_first(ENDPOINT):
            wanted = endpoint["enabled_events"]
            if endpoint["status"] == "enabled" and ("*" in wanted or type in wanted):
                yield endpoint

    def _command_line(self) -> Object:
        return {"id": COMMAND_LINE, "url": self.switches.webhook_url, "_secret": self.switches.webhook_secret}

    def _endpoint(self, id: str) -> Object | None:
        if id == COMMAND_LINE:
            return self._command_line() if self.switches.webhook_url else None
        return self.store.get(ENDPOINT, id)

    def _line_up(self, id: str, endpoint: str, action: dict[str, Any] | None = None) -> None:
        self._ready.append((id, endpoint, action))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._ready:
            await self._attempt(*self._ready.popleft())

    async def _attempt(self, id: str, endpoint_id: str, action: dict[str, Any] | None) -> int:
        """One attempt. The rules are asked anew for each, but not again for one that was merely late."""
        event, endpoint = self.store.get(events.KIND, id), self._endpoint(endpoint_id)
        if event is None or endpoint is None or self.switches.down:
            return self._judge(event, endpoint_id, 0) if event else 0
        if action is None:
            rule = self.faults.take(
                "event", type=event["type"], about=events.about(event), only=lambda found: not found.get("early")
            )
            action = rule.action if rule else NOTHING
        if late_s := action.get("late_s"):
            self._later(late_s, id, endpoint_id, {k: v for k, v in action.items() if k != "late_s"})
            return 0
        if action.get("never"):
            self._note(event, endpoint_id, "never")
            return 0
        status = await self._send(event, endpoint, action)
        return self._judge(event, endpoint_id, status)

    async def _send(self, event: Object, endpoint: Object, action: dict[str, Any]) -> int:
        """Post it, and what a rule adds; the status of the last answer."""
        status, secret = 0, endpoint.get("_secret") or ""
        if spoiling.spoils(action):
            body, signature = spoiling.spoiled(event, secret, action)
            status = await self._post(event, endpoint["url"], body, signature, spoiling.note(action))
            if action.get("instead"):
                return status
        for _ in range(int(action.get("copies", 1))):
            body = events.body_of(event)
            status = await self._post(event, endpoint["url"], body, signing.header(body, secret), "")
        return status

    async def _post(self, event: Object, url: str, body: bytes, signature: str, note: str) -> int:
        entry = Entry(on="event", method="POST", path=url, type=event["type"], about=events.about(event), note=note)
        self.calls.add(entry)
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
        headers["User-Agent"] = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
        try:
            entry.status = (await self._client.post(url, content=body, headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            entry.note = f"{note} {type(error).__name__}".strip()
        entry.took_s = round(time.time() - entry.at, 4)
        return entry.status

    def _judge(self, event: Object, endpoint: str, status: int) -> int:
        state = event["_deliveries"].setdefault(endpoint, {"state": "pending", "attempts": 0})
        state["attempts"] += 1
        if 200 <= status < 300:
            self._note(event, endpoint, "delivered")
        elif state["state"] == "delivered":
            pass
        elif state["attempts"] > len(PAUSES_S):
            self._note(event, endpoint, "failed")
        elif state["state"] == "pending":
            pause = PAUSES_S[state["attempts"] - 1]
            self.due.at(self.clock.now() + pause, "deliver", f"{event['id']} {endpoint}")
            self.store.save(event)
        self.store.flush()
        return status

    def _note(self, event: Object, endpoint: str, state: str) -> None:
        event["_deliveries"].setdefault(endpoint, {"attempts": 0})["state"] = state
        event["pending_webhooks"] = sum(one["state"] in OPEN for one in event["_deliveries"].values())
        self.store.save(event)

    def _later(self, seconds: float, id: str, endpoint: str, action: dict[str, Any]) -> None:
        def ring() -> None:
            self._late.discard(timer)
            self._line_up(id, endpoint, action)

        timer = asyncio.get_running_loop().call_later(seconds, ring)
        self._late.add(timer)
