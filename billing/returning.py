"""What Django 5.2 cannot say in one statement: change rows and read the result. See `compiled` too."""

from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql import UpdateQuery


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
