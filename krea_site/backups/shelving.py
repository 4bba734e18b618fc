"""Files between the store and the shelf of a backup, each proved by the hash in its name."""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from generations.pictures import store
from krea_site.backups import lists
from krea_site.backups.folder import CHUNK, Folder, sync
from krea_site.backups.lists import Line

AT_ONCE = 8  # files: object storage answers slowly and takes many
Done = TypeVar("Done")


def at_once(work: Callable[[Line], Done], page: Sequence[Line]) -> list[Done]:
    """`work` for each of a page, some at the same time, in their order."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="backup") as pool:
        return list(pool.map(work, page))


class StoreIsAway(Exception):
    """The store gave no answer, or refused; that is no word about any file."""


def shelve(folder: Folder, wanted: Line) -> tuple[Line, bool]:
    """Copy a file to the shelf where it is not there yet in its length; how it went, and whether it was new. Raises
    StoreIsAway."""
    name, target = wanted.name, folder.shelf(wanted.name)
    if target.exists() and target.stat().st_size == wanted.bytes:
        return wanted, False
    reader = _open(name)
    if reader is None:
        return Line(name, 0, lists.MISSING), False
    hashed = hashlib.sha256()
    with closing(reader), tempfile.NamedTemporaryFile(dir=folder.unfinished, delete=False) as new:
        while chunk := reader.read(CHUNK):
            hashed.update(chunk)
            new.write(chunk)
        size = new.tell()
    path = Path(new.name)
    if hashed.hexdigest() != lists.sha256_of(name):
        path.unlink()
        return Line(name, size, lists.ALTERED), False
    path.chmod(0o640)
    sync(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    sync(target.parent)
    return Line(name, size, lists.KEPT), True


def look_at_shelf(folder: Folder, line: Line) -> Line:
    """The line, as the shelf has it: KEPT, MISSING or ALTERED."""
    path = folder.shelf(line.name)
    if not path.is_file():
        return Line(line.name, 0, lists.MISSING)
    with path.open("rb") as file:
        found = _measured(file, line.name)
    return found if found.bytes == line.bytes else Line(line.name, found.bytes, lists.ALTERED)


def look_at_store(name: str) -> Line:
    """A file as the store has it. Raises StoreIsAway."""
    reader = _open(name)
    if reader is None:
        return Line(name, 0, lists.MISSING)
    with closing(reader):
        return _measured(reader, name)


def put_back(folder: Folder, line: Line) -> Line:
    """Bring a file from the shelf to the store, unless the store has it as it should be; then read it there."""
    found = look_at_store(line.name)
    if found.state == lists.KEPT:
        return found
    if found.state == lists.ALTERED:
        store.delete(line.name)
    ending = line.name.rpartition(".")[2]
    try:
        store.put(folder.shelf(line.name).read_bytes(), store.CONTENT_TYPES[ending])
    except OSError:
        raise
    except Exception as error:  # whatever the storage's library raises
        raise StoreIsAway(f"{type(error).__name__}: {error}") from error
    return look_at_store(line.name)


def _open(name: str) -> store.Reader | None:
    """None: the store answers, and has no such file."""
    try:
        return store.open_range(name)
    except FileNotFoundError:
        return None
    except OSError:
        raise
    except Exception as error:  # whatever the storage's library raises
        raise StoreIsAway(f"{type(error).__name__}: {error}") from error


def _measured(reader: store.Reader, name: str) -> Line:
    hashed, size = hashlib.sha256(), 0
    while chunk := reader.read(CHUNK):
        hashed.update(chunk)
        size += len(chunk)
    return Line(name, size, lists.KEPT if hashed.hexdigest() == lists.sha256_of(name) else lists.ALTERED)
