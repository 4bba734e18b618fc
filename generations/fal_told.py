"""What is known so far of one endpoint's day: fal's side, ours, and what was found."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from .fal import platform
from .fal.platform import Listed
from .models import Draw

BOOKED_WITHIN = timedelta(hours=1)  # only after it a request that fal's books lack is missing
LIVES_FOR = timedelta(hours=2)  # from the making of a draw to its answer, at the most
MOST_KEPT = 50  # findings for each day and endpoint; the rest is counted


class Ours(NamedTuple):
    """A draw, as far as the comparison needs it."""

    pk: UUID
    request_id: str
    outcome: str
    completed_at: datetime | None
    cost: int
    may_be_billed: bool
    billable_units: str
    expected: int
    drawn_ms: int | None


FIELDS = (
    "pk", "request_id", "outcome", "completed_at", "cost_microusd", "may_be_billed", "billable_units",
    "image__generation__image_cost_microusd", "drawn_ms",
)  # fmt: skip


@dataclass
class Told:
    """What came of one endpoint's day so far."""

    endpoint: str
    since: datetime
    until: datetime
    now: datetime
    events: bool = True
    requests: int = 0
    draws: int = 0
    units: int = 0
    ours: int = 0
    charged: int = 0
    known: int = 0  # of the remainder: what the findings below say by request
    mended: int = 0
    left: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)
    seen: set[UUID] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    strangers: dict[str, tuple[Listed | None, int]] = field(default_factory=dict)
    prices: dict[tuple[int, int], list[UUID]] = field(default_factory=lambda: defaultdict(list))
    unbilled: dict[UUID, int] = field(default_factory=dict)

    def is_in_day(self, at: datetime | None) -> bool:
        return at is not None and self.since <= at < self.until

    def is_booked(self, at: datetime | None) -> bool:
        """Whether fal's books must have it by now."""
        return at is not None and at < self.now - BOOKED_WITHIN

    def found(self, id: str, words: str, *, is_mended: bool, draw: UUID | None = None) -> None:
        self.mended += is_mended
        self.left += not is_mended
        if len(self.findings) < MOST_KEPT:
            self.findings.append({"id": id, "words": words, "is_mended": is_mended, "draw": str(draw or "")})


def made(told: Told) -> "QuerySet[Draw]":
    """Our draws that can be of that day, by when they were made."""
    return Draw.objects.filter(endpoint=told.endpoint, pk__range=ids(told.since - LIVES_FOR, told.until))


def ours_of(request_ids: Iterable[str]) -> dict[str, Ours]:
    rows = Draw.objects.filter(request_id__in=list(request_ids)).values_list(*FIELDS)
    return {row.request_id: row for row in (Ours(*values) for values in rows)}


def ids(since: datetime, until: datetime) -> tuple[UUID, UUID]:
    """The ids of that time: the first 48 bits of each are its moment."""
    first, last = int(since.timestamp() * 1000), int(until.timestamp() * 1000) + 1
    return UUID(int=first << 80), UUID(int=(last << 80) - 1)


def units(millionths: int) -> str:
    whole, rest = divmod(millionths, platform.MILLIONTHS)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def millionths(units: str) -> int:
    """Of a draw's units as fal's header said them; 0 for none."""
    whole, _, rest = units.partition(".")
    return int(whole) * platform.MILLIONTHS + int(rest[:6].ljust(6, "0") or 0) if whole.isdecimal() else 0
