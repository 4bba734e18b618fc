"""Long lists of files, sorted and each name once, in a file of their own: a backup's memory does not grow with history.

`files.tsv` of a set is such a list, a line for each file: sha256, bytes, state, name.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from generations.pictures import store

KEPT = "kept"
MISSING = "missing"  # a row names it, and the store had it not
ALTERED = "altered"  # its bytes were not those of its name
GONE = "gone"  # deleted between the moment of the database and the copying
LACKING = (MISSING, ALTERED)
FILE = "files.tsv"


class Line(NamedTuple):
    name: str
    bytes: int
    state: str

    @property
    def sha256(self) -> str:
        return sha256_of(self.name)


class Names:
    """A set of lines on the disk, at `path`, gone with the folder that it is in."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE lines(name TEXT PRIMARY KEY, bytes INTEGER, state TEXT) WITHOUT ROWID;"
        )

    def add(self, lines: Iterable[Line]) -> None:
        """A name that is there already stays as it is."""
        self._base.execute("BEGIN")
        self._base.executemany("INSERT OR IGNORE INTO lines VALUES (?, ?, ?)", lines)
        self._base.execute("COMMIT")

    def get(self, name: str) -> Line | None:
        row = self._base.execute("SELECT name, bytes, state FROM lines WHERE name = ?", [name]).fetchone()
        return Line(*row) if row else None

    def pages(self, size: int = 200) -> Iterator[list[Line]]:
        """All of them, sorted by name, some at a time."""
        last = ""
        sql = "SELECT name, bytes, state FROM lines WHERE name > ? ORDER BY name LIMIT ?"
        while page := [Line(*row) for row in self._base.execute(sql, [last, size])]:
            yield page
            last = page[-1].name

    def __len__(self) -> int:
        count: int = self._base.execute("SELECT COUNT(*) FROM lines").fetchone()[0]
        return count

    def close(self) -> None:
        self._base.close()


def sha256_of(name: str) -> str:
    """The hash that a stored file's name tells. Raises SuspiciousFileOperation for any other name."""
    match = store.NAME.fullmatch(store.checked(name))
    assert match is not None
    return match["sha256"]


def written(line: Line) -> str:
    return f"{line.sha256}\t{line.bytes}\t{line.state}\t{line.name}\n"


def read(set_: Path) -> Iterator[Line]:
    with (set_ / FILE).open() as file:
        for text in file:
            _, size, state, name = text.rstrip("\n").split("\t")
            yield Line(store.checked(name), int(size), state)
