"""The database keeps the promise that a transfer is never edited and never deleted, on SQLite and PostgreSQL.

Installed after every migrate, since SQLite drops a table's triggers when a migration rebuilds it.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY = ("billing_transfer",)
REFUSED = "transfers are added, never edited and never deleted"
TRIGGERS = {f"{table}_no_{verb}": (table, verb) for table in APPEND_ONLY for verb in ("update", "delete")}

_POSTGRES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'restrict_violation'; END $$
"""


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every trigger in place; those that are there already stay."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES_FUNCTION)
        for name in missing(connection):
            cursor.execute(_create(connection.vendor, name, *TRIGGERS[name]))


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away, for a test that empties its database."""
    with connection.cursor() as cursor:
        for name, (table, _) in TRIGGERS.items():
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of the triggers that should be there and are not, or are switched off."""
    sql = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        there = {row[0] for row in cursor.fetchall()}
    return [name for name in TRIGGERS if name not in there]


def _create(vendor: str, name: str, table: str, verb: str) -> str:
    if vendor == "postgresql":
        return f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW EXECUTE FUNCTION billing_refuse()"
    return f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"


def after_migrate(*, using: str, **_: Any) -> None:
    """Receiver of post_migrate."""
    install(connections[using])
