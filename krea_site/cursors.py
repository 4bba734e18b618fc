"""Pages of a list by the last row that was seen: the newest first, by ids that grow with time."""

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404

Row = TypeVar("Row", bound=Model)


def before(rows: "QuerySet[Row]", cursor: str | None) -> "QuerySet[Row]":
    """The rows before the one whose id is `cursor`, all of them without one; Http404 for what is no id."""
    if not cursor:
        return rows
    try:
        return rows.filter(pk__lt=rows.model._meta.pk.to_python(cursor))
    except ValidationError:
        raise Http404("There is no such page.") from None
