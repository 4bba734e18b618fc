"""Who runs the site out of VAR_DIR: one `manage.py run` at a time, since two would share one stand-in's memory.

The lock is the operating system's: it ends with the process, however that ends.
"""

import fcntl
from typing import IO

from django.conf import settings


class Occupied(Exception):
    """Another process runs the site; `address` is where it answers."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(f"The site is running already, at {address}.")


def occupy(address: str) -> IO[str]:
    """Hold VAR_DIR until the returned file is closed. Raises Occupied."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    file: IO[str] = (settings.VAR_DIR / "run.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        there = _address(file)
        file.close()
        raise Occupied(there) from None
    file.truncate(0)
    file.write(address)
    file.flush()
    return file


def occupant() -> str | None:
    """The address of whoever holds VAR_DIR; None when nobody does."""
    path = settings.VAR_DIR / "run.lock"
    if not path.exists():
        return None
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _address(file)
    return None


def _address(file: IO[str]) -> str:
    file.seek(0)
    return file.read() or "an address of its own"
