"""Every object the stand-in knows, in memory and, with a state folder, in a SQLite file that outlives a kill.

What one call changes is written in one commit before the call is answered: a killed process loses nothing that
anybody was told, and never has half of it.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from standins.stripe.objects import Object

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL);
"""


class Store:
    """Objects by kind and id, in the order they were made. `object` and `id` are in each."""

    def __init__(self, file: Path | None) -> None:
        self._kinds: dict[str, dict[str, Object]] = {}
        self._ids: dict[str, Object] = {}
        self._numbers: dict[str, int] = {}
        self._changed: dict[str, Object | None] = {}
        self._last = 0
        self._database = open_database(file) if file else None
        if self._database:
            for number, text in self._database.execute("SELECT number, text FROM objects ORDER BY number"):
                self._remember(json.loads(text), number)

    def add(self, thing: Object) -> Object:
        self._remember(thing, self._last + 1)
        self._changed[thing["id"]] = thing
        return thing

    def save(self, thing: Object) -> None:
        """Note that it was changed; one that was never added is still being made."""
        if thing["id"] in self._ids:
            self._changed[thing["id"]] = thing

    def remove(self, thing: Object) -> None:
        self._ids.pop(thing["id"], None)
        self._kinds[thing["object"]].pop(thing["id"], None)
        self._changed[thing["id"]] = None

    def find(self, id: str) -> Object | None:
        """Whatever has this id."""
        return self._ids.get(id)

    def get(self, kind: str, id: str) -> Object | None:
        return self._kinds.get(kind, {}).get(id)

    def oldest_first(self, kind: str) -> Iterator[Object]:
        return iter(list(self._kinds.get(kind, {}).values()))

    def oldest(self, kind: str) -> Object | None:
        return next(iter(self._kinds.get(kind, {}).values()), None)

    def newest_first(self, kind: str) -> Iterator[Object]:
        """Not to be held while objects are added."""
        return reversed(self._kinds.get(kind, {}).values())

    def count(self, kind: str) -> int:
        return len(self._kinds.get(kind, {}))

    def kinds(self) -> dict[str, int]:
        return {kind: len(rows) for kind, rows in self._kinds.items() if rows}

    def flush(self) -> None:
        """Write down all changes since the last time, together."""
        changed, self._changed = self._changed, {}
        if not self._database or not changed:
            return
        gone = [(id,) for id, thing in changed.items() if thing is None]
        rows = [(self._numbers[id], id, json.dumps(thing)) for id, thing in changed.items() if thing is not None]
        self._database.execute("BEGIN")
        self._database.executemany("DELETE FROM objects WHERE id = ?", gone)
        self._database.executemany(
            "INSERT INTO objects VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET text = excluded.text", rows
        )
        self._database.execute("COMMIT")

    def clear(self) -> None:
        self._kinds.clear()
        self._ids.clear()
        self._numbers.clear()
        self._changed.clear()
        if self._database:
            self._database.execute("DELETE FROM objects")

    def close(self) -> None:
        self.flush()
        if self._database:
            self._database.close()

    def _remember(self, thing: Object, number: int) -> None:
        self._kinds.setdefault(thing["object"], {})[thing["id"]] = thing
        self._ids[thing["id"]] = thing
        self._numbers[thing["id"]] = number
        self._last = max(self._last, number)


def open_database(file: Path) -> sqlite3.Connection:
    """One connection that leaves flushing to the system."""
    file.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    database.executescript(SCHEMA)
    return database
