"""What Django 5.2 cannot say in one statement: change rows and read the result; write a row unless it is there."""

from typing import Any

from django.db import connections, router
from django.db.models import Model, QuerySet
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery, UpdateQuery


def update_returning(rows: "QuerySet[Any]", *columns: str, **changes: Any) -> list[Any]:
    """`rows.update(**changes)`; for each row that was changed, the value of the column after it, or of several columns
    a tuple of values.

    Both PostgreSQL and SQLite (3.35 and later) know the clause. `rows` must stand on one table.
    """
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(changes)
    connection = connections[rows.db]
    sql, params = query.get_compiler(connection=connection).as_sql()
    names = [connection.ops.quote_name(rows.model._meta.get_field(column).column) for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {', '.join(names)}", params)
        return [row[0] if len(columns) == 1 else row for row in cursor.fetchall()]


def insert_once(row: Model) -> bool:
    """Write a new row, which then has its id; False where another one is in its place by a unique constraint. Waits
    for one whose transaction has not ended, and leaves this transaction as it is."""
    connection = connections[router.db_for_write(type(row))]
    query: Any = InsertQuery(type(row), on_conflict=OnConflict.IGNORE)
    query.insert_values([field for field in row._meta.local_concrete_fields if field is not row._meta.pk], [row])
    ((sql, params),) = query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {connection.ops.quote_name(str(row._meta.pk.column))}", params)
        found = cursor.fetchone()
    if found is None:
        return False
    row.pk = found[0]
    row._state.adding = False
    return True
