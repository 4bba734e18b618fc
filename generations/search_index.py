"""The databases' own indexes of the words of prompts: full text (FTS5) on SQLite, a tsvector with GIN on PostgreSQL.

No extension is needed on either. Installed after every migrate, since SQLite drops a table's triggers when a migration
rebuilds it; what is there already stays.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func
from django.db.models.sql.compiler import SQLCompiler

TABLE = "generations_promptwords"
INDEX = "generations_promptindex"
Keyed = Sequence[tuple[list[str], bool]]  # of each phrase: its keys, and whether the last one may go on

_ADD = f"INSERT INTO {INDEX} (rowid, keys) VALUES (new.id, new.keys);"
_TAKE = f"INSERT INTO {INDEX} ({INDEX}, rowid, keys) VALUES ('delete', old.id, old.keys);"
_TRIGGERS = {
    "generations_promptwords_made": f"AFTER INSERT ON {TABLE} BEGIN {_ADD} END",
    "generations_promptwords_changed": f"AFTER UPDATE OF id, keys ON {TABLE} BEGIN {_TAKE} {_ADD} END",
    "generations_promptwords_gone": f"AFTER DELETE ON {TABLE} BEGIN {_TAKE} END",
}
_SQLITE = f"CREATE VIRTUAL TABLE {INDEX} USING fts5(keys, content='{TABLE}', content_rowid='id', tokenize='ascii')"
_POSTGRES = (
    f"ALTER TABLE {TABLE} ADD COLUMN vector tsvector GENERATED ALWAYS AS (to_tsvector('simple', keys)) STORED",
    f"CREATE INDEX {INDEX} ON {TABLE} USING gin (vector)",
)


class Matches(Func):
    """Whether a row of PromptWords has all of these phrases."""

    output_field = BooleanField()

    def __init__(self, phrases: Keyed) -> None:
        self.phrases = phrases
        super().__init__(F("id"))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        id, params = compiler.compile(self.source_expressions[0])
        asked = " AND ".join(f'"{" ".join(keys)}"{" *" if is_open else ""}' for keys, is_open in self.phrases)
        return f"{id} IN (SELECT rowid FROM {INDEX} WHERE {INDEX} MATCH %s)", [*params, asked]

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        id, params = compiler.compile(self.source_expressions[0])
        table = id.rpartition(".")[0]
        asked = " & ".join(f"({' <-> '.join(keys)}{':*' if is_open else ''})" for keys, is_open in self.phrases)
        return f"{table}.vector @@ %s::tsquery", [*params, asked]


def install(connection: BaseDatabaseWrapper) -> None:
    """Put what is missing in place, and read every row that is there into it."""
    if not missing(connection):
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for sql in _POSTGRES:
                cursor.execute(sql)
            return
        cursor.execute(f"DROP TABLE IF EXISTS {INDEX}")
        cursor.execute(_SQLITE)
        for name, what in _TRIGGERS.items():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(f"CREATE TRIGGER {name} {what}")
        cursor.execute(f"INSERT INTO {INDEX} ({INDEX}) VALUES ('rebuild')")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of what should be there and is not."""
    if connection.vendor == "postgresql":
        wanted, sql = {INDEX}, "SELECT indexname FROM pg_indexes WHERE schemaname = ANY (current_schemas(false))"
    else:
        wanted, sql = {INDEX, *_TRIGGERS}, "SELECT name FROM sqlite_master WHERE type IN ('table', 'trigger')"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return sorted(wanted - {row[0] for row in cursor.fetchall()})


def after_migrate(*, using: str, **_: Any) -> None:
    """Receiver of post_migrate."""
    if TABLE in connections[using].introspection.table_names():
        install(connections[using])
