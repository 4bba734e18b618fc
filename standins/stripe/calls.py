"""The log of calls: what came in, what was answered, which events went out; the last 10,000, counts of all."""

import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_KEPT = 10_000
LONGEST_BODY = 100_000


@dataclass(slots=True)
class Entry:
    """One call. `on` is where it belongs in the words of the fault rules; `status` 0: it got no answer."""

    on: str
    method: str
    path: str
    query: str = ""
    body: str = ""
    idempotency_key: str = ""
    request_id: str = ""
    type: str = ""
    about: str = ""
    at: float = field(default_factory=time.time)
    status: int = 0
    replayed: bool = False
    took_s: float = 0.0
    fault: int | None = None
    note: str = ""

    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Calls:
    """The log, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=MOST_KEPT)
        self.counts: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.counts[entry.on] += 1

    def clear(self) -> None:
        self.entries.clear()
        self.counts.clear()

    def find(self, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """Entries in the order they came. `path`, `body` and `about` match a part, the rest all; `limit`: the last."""
        limit = int(wanted.get("limit", MOST_KEPT))
        found = [entry for entry in self.entries if fits(entry, wanted)]
        return [entry.told() for entry in found[-limit:]] if limit else []


def fits(entry: Entry, wanted: Mapping[str, str]) -> bool:
    whole = ("on", "method", "status", "fault", "type", "idempotency_key", "request_id")
    parts = ("path", "body", "about")
    return all(str(getattr(entry, name)) == wanted[name] for name in whole if name in wanted) and all(
        wanted[name] in getattr(entry, name) for name in parts if name in wanted
    )
