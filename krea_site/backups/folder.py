"""The folder of backups: dated sets, the shelf of pictures that they share, and what is not finished yet.

    sets/2026-11-22-031500-123456/    manifest.json, files.tsv, database.*, SHA256SUMS
    pictures/ab/cd/<sha256>.<ending>  every file that some set names, once
    unfinished/                       of the backup that is under way, or of one that was killed

A set appears under `sets` whole or not at all, and after everything that it names.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUMS = "SHA256SUMS"
CHUNK = 1024 * 1024


class Busy(Exception):
    """Another backup is being written into the folder, or it is being read."""


class Folder:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.unfinished = root / "unfinished"
        self._sets = root / "sets"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes or reads here meanwhile. Raises Busy, and FileNotFoundError where there is no such folder.
        The lock is on the folder itself, so that one that cannot be written to can be restored from."""
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Busy from None
        finally:
            os.close(handle)

    def sets(self) -> list[Path]:
        """Every whole set, the oldest first."""
        return sorted(path for path in self._sets.iterdir() if path.is_dir()) if self._sets.is_dir() else []

    def shelf(self, name: str) -> Path:
        """Where a stored file is kept, by its name in the store."""
        return self.root / name

    def begin(self) -> None:
        """Sweep away what a killed backup left."""
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self.unfinished.mkdir(parents=True)

    def finish(self, made: Path, stamp: str) -> Path:
        """Give a finished set its name: from here on it counts."""
        self._sets.mkdir(exist_ok=True)
        write_sums(made)
        for path in made.iterdir():
            sync(path)
        sync(made)
        made.rename(self._sets / stamp)
        sync(self._sets)
        return self._sets / stamp

    def drop(self, set_: Path) -> None:
        """Delete a set; half a set is never seen. Its pictures stay on the shelf."""
        set_.rename(self.unfinished / set_.name)
        sync(self._sets)
        shutil.rmtree(self.unfinished / set_.name)

    def shelved(self) -> Iterator[str]:
        """The names of all files on the shelf."""
        for path in (self.root / "pictures").glob("*/*/*"):
            yield str(path.relative_to(self.root))


def write_sums(made: Path) -> None:
    """The hash of every file of a set, as `sha256sum -c` reads it."""
    lines = [f"{digest(path)}  {path.name}\n" for path in sorted(made.iterdir())]
    (made / SUMS).write_text("".join(lines))


def wrong_sums(set_: Path) -> list[str]:
    """One sentence for each file of a set that is not as it was written."""
    try:
        pairs = [line.split("  ", 1) for line in (set_ / SUMS).read_text().splitlines()]
        told = {name: wanted for wanted, name in pairs}
    except (OSError, ValueError):
        return [f"{set_.name}/{SUMS} cannot be read"]
    found = []
    for name in sorted({*told, "manifest.json", "files.tsv"}):
        path = set_ / Path(name).name
        if not path.is_file():
            found.append(f"{set_.name}/{name} is missing")
        elif digest(path) != told.get(name):
            found.append(f"{set_.name}/{name} is not as it was written")
    return found


def digest(path: Path) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def sync(path: Path) -> None:
    """What was written is on the disk for good. A new name is so only once its folder is."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
