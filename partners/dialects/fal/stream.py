"""The stream of a request's status: said at once, then whenever it is another, until it is COMPLETED."""

from typing import Any
from uuid import UUID

from generations.live import Teller
from generations.models import Event
from partners.dialects import seen
from partners.dialects.view import absolute

from . import wire

LOOK_AGAIN_S = 10.0  # while it waits: its place moves when others are drawn, and nothing rings for that
QUEUE = "/fal/queue"


class StatusTeller(Teller):
    def __init__(self, user_id: int, id: UUID, *, logs: bool) -> None:
        self.user_id, self.id, self.logs = user_id, id, logs
        self._said: dict[str, Any] = {}

    def opening(self) -> bytes:
        return self._look()

    def tell(self, rows: list[Event]) -> bytes:
        about_it = (self.id, None)
        is_meant = any(row.object_id in about_it or row.data.get("generation") == str(self.id) for row in rows)
        return self._look() if is_meant else b""

    def idle(self) -> bytes:
        return self._look() or super().idle()

    def _look(self) -> bytes:
        """The status, if it is another than the last one."""
        found = seen.find(self.user_id, self.id)
        if found is None:  # deleted meanwhile: the result says so
            self.is_over = True
            return wire.event({**self._said, "status": "COMPLETED", "logs": [], "metrics": {}})
        told = wire.status(found, absolute(QUEUE), found.position(), logs=self.logs)
        self.is_over = found.is_finished
        self.keep_alive_s = LOOK_AGAIN_S if told["status"] == "IN_QUEUE" else None
        if told == self._said:
            return b""
        self._said = told
        return wire.event(told)
