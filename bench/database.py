"""A database for one benchmark, gone afterwards: a file in the benchmark's own folder, or one made on a PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

PREFIX = "krea_bench_"
POSTGRES = "postgres://root@127.0.0.1:5432/postgres"
PATIENCE_S = 3
LEFT = """
    SELECT datname FROM pg_database AS each WHERE starts_with(datname, %s)
    AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pg_stat_activity.datname = each.datname)
"""


def reachable(server: str) -> bool:
    """Whether a PostgreSQL answers at an address such as `postgres://user@host:port/name`."""
    try:
        with psycopg.connect(server, connect_timeout=PATIENCE_S):
            return True
    except psycopg.OperationalError:
        return False


@contextmanager
def of_kind(kind: str, *, server: str, folder: Path) -> Iterator[str]:
    """The DATABASE_URL of an empty database, `sqlite` or `postgres`; what a killed benchmark left is dropped."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'db.sqlite3'}"
        return
    with psycopg.connect(server, autocommit=True, connect_timeout=PATIENCE_S) as connection:
        for (name,) in connection.execute(LEFT, [PREFIX]).fetchall():
            _drop(connection, name)
        mine = f"{PREFIX}{os.getpid()}"
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(mine)))
        url = urlunsplit(urlsplit(server)._replace(path=f"/{mine}"))
        try:
            with psycopg.connect(url):  # as long as somebody is connected, no other benchmark drops it
                yield url
        finally:
            _drop(connection, mine)


def _drop(connection: "psycopg.Connection[Any]", name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
