"""The database keeps the promise that a transfer is never edited and never deleted, on SQLite and PostgreSQL. Other
tables that are only added to name themselves in APPEND_ONLY when they are imported.

Installed after every migrate, since SQLite drops a table's triggers when a migration rebuilds it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY = ["billing_transfer"]
REFUSED = "these rows are added, never edited and never deleted"

_POSTGRES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'restrict_violation'; END $$
"""


def triggers() -> dict[str, tuple[str, str]]:
    """Every trigger by its name: the table, and the verb that it refuses."""
    return {f"{table}_no_{verb}": (table, verb) for table in APPEND_ONLY for verb in ("update", "delete")}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every trigger in place; those that are there already stay."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES_FUNCTION)
        for name in missing(connection):
            table, verb = triggers()[name]
            cursor.execute(_create(connection.vendor, name, table, verb))


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away, for a test that empties its database."""
    with connection.cursor() as cursor:
        for name, (table, _) in triggers().items():
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


@contextmanager
def lifted(connection: BaseDatabaseWrapper, table: str, verb: str) -> Iterator[None]:
    """Without one trigger for what is done inside, in one transaction: nobody else finds it missing."""
    name = f"{table}_no_{verb}"
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {name}{on}")
        yield
        with connection.cursor() as cursor:
            cursor.execute(_create(connection.vendor, name, table, verb))


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of the triggers that should be there and are not, or are switched off. A table that a migration is
    still to make lacks none: else no `migrate` could begin."""
    sql = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        there = {row[0] for row in cursor.fetchall()}
        tables = set(connection.introspection.table_names(cursor))
    return [name for name, (table, _) in triggers().items() if name not in there and table in tables]


def _create(vendor: str, name: str, table: str, verb: str) -> str:
    if vendor == "postgresql":
        return f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW EXECUTE FUNCTION billing_refuse()"
    return f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"


def after_migrate(*, using: str, **_: Any) -> None:
    """Receiver of post_migrate."""
    install(connections[using])
