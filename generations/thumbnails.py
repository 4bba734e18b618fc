"""The names of thumbnails' files inside an image's row, as an expression that an index can be made of.

Django's own way into JSON takes a key of digits for a place in a list on SQLite.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, TextField
from django.db.models.sql.compiler import SQLCompiler

WIDTHS = ("320", "640", "1280")


class ThumbnailName(Func):
    """The file name of the thumbnail of a width; null where there is none."""

    output_field = TextField()

    def __init__(self, width: str, *expressions: Any) -> None:
        self.width = width
        super().__init__(*(expressions or [F("variants")]))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        return self.as_sql(compiler, connection, template=f"JSON_EXTRACT(%(expressions)s, '$.\"{self.width}\".name')")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> Any:
        return self.as_sql(compiler, connection, template=f"(%(expressions)s #>> '{{{self.width},name}}')")
