"""One request at the stand-in, from its arrival to long after its end: a plain record."""

import secrets
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from standins.fal.catalogue import ENDPOINTS, Endpoint


class Status(StrEnum):
    """fal's three words. There is no other final one: failed and canceled requests are COMPLETED too."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


@dataclass(slots=True)
class Drawing:
    """What is known of one request. Times are seconds since 1970 by the wall clock; only `queue.py` moves it on.

    `code` is the HTTP status of its result, 0 until it ended; `error` the body of a failed result; `tints` what
    the style references do to the picture: red, green, blue, strength each. `erased`: what was sent and what was drawn
    are gone.
    """

    id: str
    number: int
    endpoint_id: str
    input: Any
    base: str
    sent_at: float
    seed: int
    webhook: str = ""
    low_priority: bool = False
    start_by: float | None = None
    file_lifetime_s: float | None = None
    keep_payload: bool = True
    status: Status = Status.IN_QUEUE
    started_at: float | None = None
    due: float | None = None
    ended_at: float | None = None
    stopping: bool = False
    code: int = 0
    error: Any = None
    error_type: str = ""
    flagged: bool = False
    units: str = "0"
    cost_micro_usd: int = 0
    unit_micro_usd: int = 0
    tints: list[list[float]] = field(default_factory=list)
    webhook_state: str = ""
    webhook_attempts: int = 0
    erased: bool = False

    @property
    def endpoint(self) -> Endpoint:
        return ENDPOINTS[self.endpoint_id]

    @property
    def prompt(self) -> str:
        """The prompt, or "" where there is none that could be one."""
        found = self.input.get("prompt") if isinstance(self.input, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def drawn(self) -> bool:
        """True when there is a picture to look at."""
        return self.status == Status.COMPLETED and self.code == 200

    @property
    def address(self) -> str:
        """The stem of its status, result and cancel addresses."""
        return f"{self.base}/queue/{self.endpoint.owner_alias}/requests/{self.id}"


def new_id() -> str:
    """A UUID of version 7, as fal's newer request ids are: the time in milliseconds, then chance."""
    moment = int(time.time() * 1000).to_bytes(6, "big").hex()
    tail = secrets.token_bytes(10).hex()
    variant = "89ab"[int(tail[3], 16) & 3]
    return f"{moment[:8]}-{moment[8:]}-7{tail[:3]}-{variant}{tail[4:7]}-{tail[7:19]}"
