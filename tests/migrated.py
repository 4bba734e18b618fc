"""Migrated databases to begin with. One of each kind is made in a run of the tests, by the process that wants it first;
all others are copies, since migrations cost more than most tests.
"""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.standins.launch import ROOT

MADE = "made"  # stands in a template's folder when it is whole


def lay(database: Path) -> None:
    """Put an SQLite database at `database`, where nothing is yet."""
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_template_of_sqlite(), database)


def fill(database: Path) -> None:
    """Put it into an SQLite file that others may have open, in place of what is in it."""
    with closing(sqlite3.connect(_template_of_sqlite())) as template, closing(sqlite3.connect(database)) as filled:
        template.backup(filled)


def _template_of_sqlite() -> Path:
    return _once("sqlite", lambda folder: _migrate(f"sqlite:///{folder}/db.sqlite3")) / "db.sqlite3"


def clone(url: str, name: str) -> None:
    """Make the database `name` on the server of `url`, a PostgreSQL address whose role makes databases, in place of
    any that is called so."""
    template = _template()

    def make(_: Path) -> None:
        create(url, template)
        _migrate(_beside(url, template))

    folder = _once("postgres", make)
    (folder / "url").write_text(url)
    create(url, name, template)
    with _admin(url) as server:  # nobody pulls the plug of a test's server: no commit need wait for the disk
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit TO off").format(sql.Identifier(name)))


def forget() -> None:
    """At the end of a run: drop its template on the server. Files go with their folder."""
    told = _shared() / "postgres" / "url"
    if told.exists():
        drop(told.read_text(), _template())


def drop(url: str, name: str) -> None:
    with _admin(url) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def create(url: str, name: str, template: str = "template1") -> None:
    """Make it in place of any that is called so: empty, or a copy."""
    drop(url, name)
    words = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with _admin(url) as server:
        server.execute(words)


@contextmanager
def _admin(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True) as server:
        yield server


def _beside(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


def _template() -> str:
    """Its name tells runs apart that share a server."""
    return f"template_{_shared().name.replace('-', '_')}".lower()


def _once(kind: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` was given, by whichever process of the run came first."""
    folder = _shared() / kind
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / MADE).exists():
            make(folder)
            (folder / MADE).touch()
    return folder


def _migrate(url: str) -> None:
    env = {**os.environ, "VAR_DIR": str(_shared() / "migrating"), "DATABASE_URL": url}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True)


def _shared() -> Path:
    """The one folder that all workers of a run know (tests/environment.py)."""
    return Path(os.environ["TEST_SHARED_DIR"])
