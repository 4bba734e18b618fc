"""Every request the stand-in knows, in memory and, with a state folder, in a SQLite file that outlives a kill.

Each change is written at once, without waiting for the disk: a killed process loses nothing, a power cut may.
"""

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from standins.fal.drawing import Drawing, Status

MOST_KEPT = 20_000
MOST_BYTES_KEPT = 64_000_000
STATE_FIELDS = tuple(one.name for one in fields(Drawing) if one.name not in ("number", "input"))

SCHEMA = """
CREATE TABLE IF NOT EXISTS drawings (number INTEGER PRIMARY KEY, input TEXT NOT NULL, state TEXT NOT NULL);
"""


class Records:
    """Drawings by id, oldest first. Old finished ones go when there are too many or inputs weigh too much."""

    def __init__(self, file: Path | None) -> None:
        self._rows: OrderedDict[str, Drawing] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._bytes = 0
        self._last = 0
        self._database = open_database(file) if file else None
        for drawing, weight in self._read():
            self._remember(drawing, weight)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, id: str) -> bool:
        return id in self._rows

    def get(self, id: str) -> Drawing | None:
        return self._rows.get(id)

    def oldest_first(self) -> Iterator[Drawing]:
        return iter(self._rows.values())

    def newest_first(self) -> Iterator[Drawing]:
        return reversed(self._rows.values())

    def next_number(self) -> int:
        return self._last + 1

    def add(self, drawing: Drawing) -> None:
        """Keep a new one."""
        text = json.dumps(drawing.input)
        self._remember(drawing, len(text))
        if self._database:
            row = (drawing.number, text, state_of(drawing))
            self._database.execute("INSERT INTO drawings VALUES (?, ?, ?)", row)
        self._trim()

    def save(self, drawing: Drawing) -> None:
        """Write down what changed on one."""
        if self._database:
            row = (state_of(drawing), drawing.number)
            self._database.execute("UPDATE drawings SET state = ? WHERE number = ?", row)

    def erase(self, drawing: Drawing) -> None:
        """Forget what was sent with one; that there was a request, and its bill, stay."""
        drawing.erased, drawing.input, drawing.tints = True, {}, []
        if self._database:
            self._database.execute("UPDATE drawings SET input = '{}' WHERE number = ?", (drawing.number,))
        self.save(drawing)

    def clear(self) -> None:
        """Forget all."""
        self._rows.clear()
        self._weights.clear()
        self._bytes = 0
        if self._database:
            self._database.execute("DELETE FROM drawings")

    def close(self) -> None:
        if self._database:
            self._database.close()

    def _remember(self, drawing: Drawing, weight: int) -> None:
        self._rows[drawing.id] = drawing
        self._weights[drawing.id] = weight
        self._bytes += weight
        self._last = max(self._last, drawing.number)

    def _trim(self) -> None:
        while len(self._rows) > MOST_KEPT or self._bytes > MOST_BYTES_KEPT:
            oldest = next(iter(self._rows.values()))
            if oldest.status != Status.COMPLETED:
                return
            del self._rows[oldest.id]
            self._bytes -= self._weights.pop(oldest.id)
            if self._database:
                self._database.execute("DELETE FROM drawings WHERE number = ?", (oldest.number,))

    def _read(self) -> Iterator[tuple[Drawing, int]]:
        if self._database:
            for number, given, text in self._database.execute("SELECT * FROM drawings ORDER BY number"):
                state: dict[str, Any] = json.loads(text)
                state["status"] = Status(state["status"])
                yield Drawing(number=number, input=json.loads(given), **state), len(given)


def open_database(file: Path) -> sqlite3.Connection:
    """One connection that commits each statement by itself and leaves flushing to the system."""
    file.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    database.executescript(SCHEMA)
    return database


def state_of(drawing: Drawing) -> str:
    """All but the number and the input."""
    return json.dumps({name: getattr(drawing, name) for name in STATE_FIELDS})
