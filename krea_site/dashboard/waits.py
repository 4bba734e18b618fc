"""How long pictures took, from the order to the stored file, and each part of it: median and 95th percentile.

Nearest rank, exact, told by the database in one pass; PostgreSQL and SQLite rank alike. In whole milliseconds.
"""

from typing import Any

from django.db import connection
from django.db.models import F, Func, IntegerField, OuterRef, QuerySet, Subquery

from generations.models import Draw, Image, Status

# The draw meant is the one that was delivered; what earlier ones took is in `whole` alone.
MEASURES = (
    "whole",  # from the order until the picture is stored
    "here",  # until it was first sent to fal
    "at_fal",  # from the send until we knew that fal was done: the next two together
    "waiting",  # in fal's queue and on the way, where fal said how long it drew
    "drawing",  # as fal said
    "storing",  # download, check, mark, thumbnails, store
)
SHARES = (50, 95)
_VALUES = {
    "whole": "whole", "here": "here", "at_fal": "at_fal", "waiting": "at_fal - drawing", "drawing": "drawing",
    "storing": "storing",
}  # fmt: skip


class Millis(Func):
    """Whole milliseconds from the second moment to the first; None where one of them is missing."""

    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "FLOOR(EXTRACT(EPOCH FROM (%(expressions)s)) * 1000)::bigint"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" - ", **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="django_timestamp_diff(%(expressions)s) / 1000", **extra)


def of(images: "QuerySet[Image]") -> dict[str | None, dict[str, list[int]]]:
    """Of those among the images that are stored, by image model, and of all together under None: for each measure how
    many pictures it is known of, the median, the 95th percentile. A measure that is known of none is left out."""
    sent = Draw.objects.filter(image=OuterRef("pk"), sent_at__isnull=False).order_by("sent_at").values("sent_at")[:1]
    ordered_at, stored_at = F("generation__created_at"), F("status_at")
    rows = images.filter(status=Status.STORED).order_by().values_list(
        "image_model", F("draw__drawn_ms"), Millis(stored_at, ordered_at), Millis(Subquery(sent), ordered_at),
        Millis(F("draw__completed_at"), F("draw__sent_at")), Millis(stored_at, F("draw__completed_at")),
    )  # fmt: skip
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_ranked(sql), params)
        found: dict[str | None, dict[str, list[int]]] = {}
        for model, is_of_all, measure, number, rank, value in cursor.fetchall():
            known = found.setdefault(None if is_of_all else model, {}).setdefault(measure, [number, 0, 0])
            for place, share in enumerate(SHARES, start=1):
                if rank == _rank(number, share):
                    known[place] = value
    return found


def _rank(number: int, share: int) -> int:
    """The nearest rank, counted from 1."""
    return -(-number * share // 100)


def _ranked(pictures: str) -> str:
    """For each measure, of all pictures and of each image model: the rows that stand at the ranks of SHARES."""
    columns = ", ".join(f"CASE WHEN {value} < 0 THEN 0 ELSE {value} END AS {name}" for name, value in _VALUES.items())
    parts = [_places(name, is_of_all) for name in MEASURES for is_of_all in (True, False)]
    return (
        "WITH pictures (image_model, drawing, whole, here, at_fal, storing) AS MATERIALIZED "
        f"({pictures}), measured AS MATERIALIZED (SELECT image_model, {columns} FROM pictures) "
        f"{' UNION ALL '.join(parts)}"
    )


def _places(measure: str, is_of_all: bool) -> str:
    partition = "" if is_of_all else "PARTITION BY image_model"
    ranks = ", ".join(f"(number * {share} + 99) / 100" for share in SHARES)
    return (
        f"SELECT image_model, {int(is_of_all)}, '{measure}', number, place, value FROM ("
        f"SELECT image_model, {measure} AS value, COUNT(*) OVER ({partition}) AS number, "
        f"ROW_NUMBER() OVER ({partition} ORDER BY {measure}) AS place FROM measured WHERE {measure} IS NOT NULL"
        f") AS ranked WHERE place IN ({ranks})"
    )
