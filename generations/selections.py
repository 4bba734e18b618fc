"""Which pictures a press of a button is about: those that were ticked, or all that a filter lets through."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.http import QueryDict

from .gallery_filters import Filters
from .models import Image

AT_ONCE = 500  # rows in one transaction; SQLite takes at most 999 values in one IN
MOST_TICKED = 20_000


class BadSelection(Exception):
    """What was sent names no pictures; the words say what to do."""


class Slice(NamedTuple):
    """Some of a selection, in the order of the history; `rest` names where the next slice begins."""

    ids: list[UUID]
    rest: "Rest"


Rest = int | tuple[UUID, int]  # so many of the ids are done; or the place of the last picture in the gallery


@dataclass(frozen=True)
class Selection:
    """`ids` were ticked; or `filters` let all through that is meant. What arrives meanwhile is newer than where the
    reading began, and left out."""

    user: Any
    ids: tuple[UUID, ...] = ()
    filters: Filters | None = None

    @classmethod
    def read(cls, user: Any, sent: QueryDict) -> "Selection":
        """From a form: `image`, once for each that is ticked, or `images`, all ids in one field, or `everything=yes`
        with the address of the `filter`. Raises BadSelection."""
        if sent.get("everything") == "yes":
            filters = Filters.read(QueryDict(sent.get("filter", "")).dict())
            if filters.errors:
                raise BadSelection(" ".join(filters.errors.values()))
            return cls(user, filters=filters)
        named = [*sent.getlist("image"), *sent.get("images", "").split()]
        if len(named) > MOST_TICKED:
            raise BadSelection(
                f"At most {MOST_TICKED:,} pictures can be ticked at once. Choose all that match instead."
            )
        try:
            ids = sorted({UUID(each) for each in named}, reverse=True)
        except ValueError:
            raise BadSelection("This selection cannot be read. Please tick the pictures again.") from None
        if not ids:
            raise BadSelection("No picture is selected. Tick one or more first.")
        return cls(user, ids=tuple(ids))

    def slices(self) -> Iterator[list[UUID]]:
        """The ids, at most AT_ONCE at a time."""
        found = self.slice(None)
        while found:
            yield found.ids
            found = self.slice(found.rest)

    def slice(self, rest: Rest | None) -> Slice | None:
        """At most AT_ONCE ids of the user's own from a place on; None at the end. What somebody else owns, or went into
        the bin meanwhile, is left out."""
        if self.filters is not None:
            return self._of_all(self.filters, rest if isinstance(rest, tuple) else None)
        done = rest if isinstance(rest, int) else 0
        mine = Image.objects.in_gallery(self.user).values_list("pk", flat=True)
        for start in range(done, len(self.ids), AT_ONCE):
            if ids := list(mine.filter(pk__in=self.ids[start : start + AT_ONCE])):
                return Slice(ids, start + AT_ONCE)
        return None

    def _of_all(self, filters: Filters, last: tuple[UUID, int] | None) -> Slice | None:
        rows = filters.apply(self.user)
        rows = rows.after(*last) if last else rows
        found = list(rows.values_list("pk", "generation_id", "index")[:AT_ONCE])
        return Slice([id for id, _, _ in found], found[-1][1:]) if found else None
