"""UPDATE … RETURNING, which Django 5.2 cannot say: change rows and read the result in one statement."""

from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql import UpdateQuery


def update_returning(rows: "QuerySet[Any]", column: str, **changes: Any) -> list[Any]:
    """`rows.update(**changes)`; the values of `column` after it, one for each row that was changed.

    Both PostgreSQL and SQLite (3.35 and later) know the clause. `rows` must stand on one table.
    """
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(changes)
    connection = connections[rows.db]
    sql, params = query.get_compiler(connection=connection).as_sql()
    field = rows.model._meta.get_field(column)
    name = connection.ops.quote_name(field.column)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {name}", params)
        return [row[0] for row in cursor.fetchall()]
