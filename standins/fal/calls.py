"""The log of calls: what came in, what was answered, which webhooks went out; the last 10,000, counts of all."""

import json
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_KEPT = 10_000
MOST_BYTES_KEPT = 32_000_000
LONGEST_BODY = 1_000_000
SHOWN_HEADERS = ("content-type", "user-agent", "range")


@dataclass(slots=True)
class Entry:
    """One call. `on` is what it was for, in the words of the fault rules; `status` 0: it got no answer."""

    on: str
    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    endpoint: str = ""
    prompt: str = ""
    request_id: str = ""
    at: float = field(default_factory=time.time)
    status: int = 0
    took_s: float = 0.0
    fault: int | None = None
    note: str = ""

    def told(self) -> dict[str, Any]:
        """As /__log shows it."""
        facts = {name: getattr(self, name) for name in self.__slots__ if name not in ("headers", "body")}
        return {**facts, "headers": shown(self.headers), "body": read(self.body)}


class Calls:
    """The log. Entries are kept raw and made readable only when somebody looks."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.counts: Counter[str] = Counter()
        self._bytes = 0

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.counts[entry.on] += 1
        self._bytes += len(entry.body)
        while len(self.entries) > MOST_KEPT or self._bytes > MOST_BYTES_KEPT:
            self._bytes -= len(self.entries.popleft().body)

    def clear(self) -> None:
        self.entries.clear()
        self.counts.clear()
        self._bytes = 0

    def find(self, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """Entries in the order they came. `prompt` and `path` match a part, the rest all; `limit`: the last n."""
        limit = int(wanted.get("limit", MOST_KEPT))
        found = [entry for entry in self.entries if fits(entry, wanted)]
        return [entry.told() for entry in found[-limit:]] if limit else []


def fits(entry: Entry, wanted: Mapping[str, str]) -> bool:
    whole = ("on", "method", "endpoint", "request_id", "status", "fault")
    return all(str(getattr(entry, name)) == wanted[name] for name in whole if name in wanted) and all(
        wanted[name] in getattr(entry, name) for name in ("prompt", "path") if name in wanted
    )


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers worth showing; of a key only its id."""
    told = {name: value for name, value in headers.items() if name in SHOWN_HEADERS or name.startswith("x-")}
    if given := headers.get("authorization"):
        told["authorization"] = given.partition(":")[0] if given.startswith("Key ") else given.partition(" ")[0]
    return told


def read(body: bytes) -> Any:
    """A JSON body as it was, anything else as its size; null where there was none."""
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return f"{len(body)} bytes"
