"""The database of one moment, as one file; and such a file put back.

SQLite: its backup API, which copies one moment while others go on writing. PostgreSQL: `pg_dump` in a snapshot that
this process reads from too, so that the names of the files are of the very same moment.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from billing import audit
from krea_site.backups import postgres_tools

COPY = "copy_of_a_backup"
PATIENCE_S = 60.0


def file_name() -> str:
    return "database.dump" if settings.IS_POSTGRES else "database.sqlite3"


@contextmanager
def taken(folder: Path) -> Iterator[str]:
    """Copy the database into a folder; inside, the alias under which its moment is read."""
    target = folder / file_name()
    if settings.IS_POSTGRES:
        with audit.one_moment():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_export_snapshot()")
                snapshot = cursor.fetchone()[0]
            postgres_tools.dump(target, snapshot)
            yield DEFAULT_DB_ALIAS
        return
    with closing(_sqlite(Path(connection.settings_dict["NAME"]))) as source, closing(_sqlite(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    with _opened(target):
        yield COPY


def check(source: Path) -> list[str]:
    """What is wrong with a copy as such, in sentences."""
    if settings.IS_POSTGRES:
        try:
            postgres_tools.check(source)
        except postgres_tools.ToolFailed as error:
            return [str(error)]
        return []
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as copy:
        try:
            said = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            said = [str(error)]
    return [] if said == ["ok"] else [f"{source.name}: {each}" for each in said]


def put_back(source: Path) -> None:
    """Make the database what the copy says; what it held before is gone. Killed meanwhile, it is as before or empty."""
    if settings.IS_POSTGRES:
        drop_tables()
        connection.close()
        postgres_tools.restore(source)
        return
    connection.close()
    target = Path(connection.settings_dict["NAME"])
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(_sqlite(source)) as copy, closing(_sqlite(target)) as into:
        copy.backup(into)


@transaction.atomic
def drop_tables() -> None:
    """Empty the schema of a PostgreSQL database: tables, and functions that no extension owns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('DROP TABLE IF EXISTS %I CASCADE', relname) FROM pg_class "
            "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"
        )
        statements = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc "
            "WHERE pronamespace = current_schema()::regnamespace AND NOT EXISTS "
            "(SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
        )
        for statement in [*statements, *(row[0] for row in cursor.fetchall())]:
            cursor.execute(statement)


@contextmanager
def _opened(path: Path) -> Iterator[None]:
    """The copy as a database of Django's, under COPY. Nothing is written to it."""
    usual = connections[DEFAULT_DB_ALIAS]
    connections[COPY] = type(usual)({**usual.settings_dict, "NAME": str(path), "OPTIONS": {}}, COPY)
    try:
        yield
    finally:
        connections[COPY].close()
        del connections[COPY]


def _sqlite(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=PATIENCE_S)
