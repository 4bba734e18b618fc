"""The door to PostgreSQL's own `pg_dump` and `pg_restore`. The password goes through a file of ours, never through a
command line that others on the machine could read."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg.conninfo import make_conninfo

NOT_LIBPQ = ("password", "cursor_factory", "context", "prepare_threshold", "client_encoding", "assume_role")
PACKAGE = "the package postgresql-client (of the server's major version, or a newer one)"


class ToolFailed(Exception):
    """A tool is not there, or said no; the message is for the operator."""


def dump(target: Path, snapshot: str) -> None:
    """Write the database as it is in an exported snapshot, in the custom format."""
    with _address() as address:
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
             f"--file={target}", f"--dbname={address}")  # fmt: skip


def restore(source: Path) -> None:
    """Read a dump into a database without these tables: all of it, or nothing."""
    with _address() as address:
        _run("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
             f"--dbname={address}", str(source))  # fmt: skip


def check(source: Path) -> None:
    """Raises ToolFailed where the dump's table of contents cannot be read."""
    _run("pg_restore", "--list", str(source))


def _run(tool: str, *options: str) -> None:
    path = shutil.which(tool)
    if path is None:
        raise ToolFailed(f"{tool} is not here; install {PACKAGE}.")
    done = subprocess.run([path, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolFailed(f"{tool} failed: {done.stderr.strip()[-2000:]}")


@contextmanager
def _address() -> Iterator[str]:
    """The database of the settings, as libpq writes it."""
    given: dict[str, Any] = connection.get_connection_params()
    told = {name: str(value) for name, value in given.items() if name not in NOT_LIBPQ and isinstance(value, str | int)}
    with tempfile.NamedTemporaryFile("w", prefix="krea-pgpass-", suffix="") as file:  # readable by its owner alone
        if given.get("password"):
            secret = str(given["password"]).replace("\\", "\\\\").replace(":", "\\:")
            file.write(f"*:*:*:*:{secret}\n")
            file.flush()
            told["passfile"] = file.name
        yield make_conninfo(**told)
