"""Statements that are compiled once, for what each order does: to build the SQL of a query anew, as Django does each
time, takes longer than to run it.

A statement is written as a function that returns it, and whose arguments are its values:

    @select
    def _waiting(user_id: int) -> "QuerySet[Any, int]":
        return Image.objects.queued().filter(user_id=user_id).values_list("turn", flat=True)

The function runs once for each connection, with places where the values are to stand. So it cannot look at them, the
types of its arguments say how they are written, and only one that is assigned to a column may be None.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, update_wrapper
from operator import add
from typing import Any, Generic, ParamSpec, TypeVar, get_args, get_origin
from uuid import UUID

from django.db import NotSupportedError, connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, Model, QuerySet, Value
from django.db.models.query import FlatValuesListIterable, ModelIterable, get_related_populators
from django.db.models.sql import UpdateQuery
from psycopg import Cursor

P = ParamSpec("P")
Row = TypeVar("Row")
Read = Callable[[list[Any]], list[Row]]
# Statements that psycopg remembers of a connection, of which it prepares those that come again. What others run counts
# too, each time as another one, since its values stand in it: with 100 what is compiled here would often be forgotten.
MOST_KNOWN = 1000
_KEPT = "compiled statements"
_beside: Any = get_related_populators  # the stubs know a later Django's
_FIELDS: dict[Any, Any] = {
    int: models.BigIntegerField(),
    float: models.FloatField(),
    str: models.TextField(),
    bytes: models.BinaryField(),
    dict: models.JSONField(),
    UUID: models.UUIDField(),
    date: models.DateField(),
    datetime: models.DateTimeField(),
}


@dataclass(frozen=True)
class Change:
    """An UPDATE of rows of one table: what each column of `to` becomes."""

    rows: "QuerySet[Any, Any]"
    to: dict[str, Any]


def select(build: "Callable[P, QuerySet[Any, Row]]") -> Callable[P, list[Row]]:
    """The rows that the queryset names, as it shows them: whole, or as `values_list`."""
    return _Statement(build, _compiled_select)


def update(*returning: str) -> Callable[[Callable[P, Change]], Callable[P, list[tuple[Any, ...]]]]:
    """Of each row that was changed, the columns `returning` after it."""

    def statement(build: Callable[P, Change]) -> Callable[P, list[tuple[Any, ...]]]:
        return _Statement(build, lambda change, db: _compiled_update(change, returning, db))

    return statement


def insert(*rows: Model) -> None:
    """Write new rows of one table, which then have their ids, as `bulk_create` does."""
    if rows:
        _insert(rows, is_once=False)


def insert_once(row: Model) -> bool:
    """Write a new row, which then has its id; False where another one is in its place by a unique constraint. Waits
    for one whose transaction has not ended, and leaves this transaction as it is."""
    return _insert((row,), is_once=True)


class _Place(Value):
    """Where a value is to stand; among the parameters of the SQL it stands for itself."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


@dataclass(frozen=True)
class _Compiled(Generic[Row]):
    sql: str
    params: Sequence[Any]
    read: Read[Row]


class _Statement(Generic[P, Row]):
    def __init__(self, build: Callable[P, Any], compile: Callable[[Any, BaseDatabaseWrapper], _Compiled[Row]]) -> None:
        self._build: Callable[..., Any] = build
        self._compile = compile
        self._types = {name: each.annotation for name, each in inspect.signature(build).parameters.items()}
        update_wrapper(self, build)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> list[Row]:
        values: dict[str, Any] = dict(zip(self._types, args, strict=False), **kwargs)
        with _cursor() as cursor:
            kept = self._here(cursor.db)
            _execute(cursor, kept.sql, [_written(each, values, cursor.db) for each in kept.params])
            return kept.read(cursor.fetchall())

    def _here(self, db: Any) -> _Compiled[Row]:
        kept: dict[_Statement[P, Row], _Compiled[Row]] = vars(db).setdefault(_KEPT, {})  # goes with the connection
        if self not in kept:
            places = {name: _Place(name, output_field=_field(kind)) for name, kind in self._types.items()}
            kept[self] = self._compile(self._build(**places), db)
        return kept[self]


def _cursor() -> Any:
    """On PostgreSQL one that sends the values beside the statement, which the server then reads and plans once: see
    `prepare_threshold` in the settings."""
    cursor = connection.cursor()
    if connection.vendor == "postgresql":
        raw: Any = connection.connection
        raw.prepared_max = MOST_KNOWN
        cursor.cursor = Cursor(raw)
    return cursor


def _execute(cursor: Any, sql: str, params: Sequence[Any]) -> None:
    try:
        cursor.execute(sql, params)
    except NotSupportedError:  # a migration gave a column another type since this was prepared here
        cursor.db.close_at = 0.0  # with this request, the connection ends
        raise


def _field(kind: Any) -> Any:
    """How a value of this type is written; of `int | None`, as an int."""
    if get_origin(kind) is dict:
        return _FIELDS[dict]
    return _FIELDS[next((each for each in get_args(kind) if each in _FIELDS), kind)]


def _written(param: Any, values: dict[str, Any], db: Any) -> Any:
    return param.output_field.get_db_prep_value(values[param.value], db) if isinstance(param, _Place) else param


def _compiled_select(rows: "QuerySet[Any, Row]", db: BaseDatabaseWrapper) -> _Compiled[Row]:
    compiler: Any = rows.query.get_compiler(connection=db)
    sql, params = _with_constants(compiler, db)
    converters = compiler.get_converters([each[0] for each in compiler.select])
    show = _shown(rows, compiler, db)

    def read(found: list[Any]) -> list[Row]:
        return [show(row) for row in (compiler.apply_converters(found, converters) if converters else found)]

    return _Compiled(sql, params, read)


def _with_constants(compiler: Any, db: Any) -> tuple[str, list[Any]]:
    """The SQL in which what is the same each time stands itself, so that a plan for any values uses partial indexes."""
    sql, params = compiler.as_sql()
    if db.vendor != "postgresql":
        return sql, list(params)
    written = ["%s" if isinstance(each, _Place) else _literal(each, db) for each in params]
    pieces = sql.split("%s")
    return "".join(map(add, pieces, [*written, ""])), [each for each in params if isinstance(each, _Place)]


def _literal(value: Any, db: Any) -> str:
    return str(db.ops.compose_sql("%s", [value])).replace("%", "%%")


def _shown(rows: "QuerySet[Any, Any]", compiler: Any, db: BaseDatabaseWrapper) -> Callable[[Sequence[Any]], Any]:
    """From what the database gives of one row to what the queryset says."""
    shape = rows._iterable_class
    if shape is FlatValuesListIterable:
        return lambda row: row[0]
    if shape is not ModelIterable:
        return tuple
    info, places = compiler.klass_info, compiler.klass_info["select_fields"]
    own, names = slice(places[0], places[-1] + 1), [compiler.select[place][0].target.attname for place in places]
    beside = _beside(info, compiler.select, db.alias)

    def whole(row: Sequence[Any]) -> Any:
        made = info["model"].from_db(db.alias, names, row[own])
        for each in beside:
            each.populate(row, made)
        return made

    return whole


def _compiled_update(change: Change, returning: Sequence[str], db: BaseDatabaseWrapper) -> _Compiled[tuple[Any, ...]]:
    query: Any = change.rows.query.chain(UpdateQuery)
    query.add_update_values(change.to)
    sql, params = _with_constants(query.get_compiler(connection=db), db)
    names = [db.ops.quote_name(change.rows.model._meta.get_field(name).column) for name in returning]
    return _Compiled(f"{sql} RETURNING {', '.join(names)}", params, lambda found: [tuple(row) for row in found])


def _insert(rows: Sequence[Model], *, is_once: bool) -> bool:
    fields, sql, is_numbered = _insert_sql(type(rows[0]), len(rows), is_once)
    with _cursor() as cursor:
        params = [field.get_db_prep_save(field.pre_save(row, True), cursor.db) for row in rows for field in fields]
        _execute(cursor, sql, params)
        found = cursor.fetchall() if is_numbered or is_once else rows
    for row, written in zip(rows, found, strict=False):
        if is_numbered:
            row.pk = written[0]
        row._state.adding, row._state.db = False, connection.alias
    return bool(found)


@cache
def _insert_sql(model: type[Model], rows: int, is_once: bool) -> tuple[Sequence[Any], str, bool]:
    """The columns that are written, how, and whether the database gives the ids."""
    key, quoted = model._meta.pk, connection.ops.quote_name
    is_numbered = isinstance(key, AutoField)
    fields = [each for each in model._meta.local_concrete_fields if not (each is key and is_numbered)]
    columns = ", ".join(quoted(str(each.column)) for each in fields)
    places = f"({', '.join(['%s'] * len(fields))})"
    sql = f"INSERT INTO {quoted(model._meta.db_table)} ({columns}) VALUES {', '.join([places] * rows)}"
    if is_once:
        sql += " ON CONFLICT DO NOTHING"
    if is_once or is_numbered:
        sql += f" RETURNING {quoted(str(key.column))}"
    return fields, sql, is_numbered
