"""The history: all of one's pictures, the newest first, narrowed by filters, on pages that follow one upon another.

A page is read in two steps: first the places of its pictures, from one index that holds all that is filtered by; then
the pictures themselves. So it costs the same at any depth, and what is filtered out is never fetched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from . import catalogue, presentation
from .gallery_filters import ALL, STATUSES, Filters
from .models import Image, ImageQuerySet, Status
from .presentation import Tile
from .visits import Visit, page
from .wall import Frame, frame

A_PAGE = 60
COUNTED = 1000  # more than these are "more than 1,000"
AT_ONCE = 8  # pictures that are fetched without waiting for the reader to come near


class Place(NamedTuple):
    """Where a picture hangs. As the cursor of a page, `"0197…c2.3"`, it stays good when the picture is gone."""

    generation: UUID
    nth: int

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """None for what is no cursor."""
        generation, _, index = text.partition(".")
        try:
            return cls(UUID(generation), int(index)) if index.isdecimal() and len(index) <= 5 else None
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.generation.hex}.{self.nth}"


@dataclass(frozen=True)
class Picture:
    """One of the wall. `number` is its place among the `of` pictures of its generation, from 1."""

    tile: Tile
    place: Place
    frame: Frame
    number: int
    of: int
    is_early: bool = False

    @property
    def is_running(self) -> bool:
        return not self.tile.image.is_final


@dataclass(frozen=True)
class Wall:
    """One page. `older` and `newer` are the addresses of the pages beside it, empty where there is none; `count` is
    how many pictures there are in all, None where that was not asked."""

    pictures: Sequence[Picture]
    older: str
    newer: str
    count: int | None

    @property
    def counted(self) -> str:
        """`"1 picture"`, `"more than 1,000 pictures"`"""
        if self.count is None:
            return ""
        if self.count > COUNTED:
            return f"More than {COUNTED:,} pictures"
        return f"{self.count:,} picture{'' if self.count == 1 else 's'}"


@page
@require_safe
def history(request: Visit) -> HttpResponse:
    """`?cursor=` and `?before=` name a place: what is older than it, or newer. htmx asks for a part of the page alone:
    the pictures that follow."""
    filters = Filters.read(request.GET.dict())
    wall = _wall(filters.apply(request.user), filters, request)
    context = {"wall": wall, "filters": filters}
    if request.htmx:
        return render(request, "gallery/history_more.html", context)
    context |= {
        "image_models": catalogue.all(),
        "statuses": [(value, label) for value, (label, _) in STATUSES.items()],
        "chips": _chips(filters),
        "is_narrowed": bool(filters.without("q").query),
        "has_others": not wall.pictures and not filters.query and _has_any(request),
    }
    return render(request, "gallery/history.html", context, status=400 if filters.errors else 200)


@page
@require_safe
def pictures(request: Visit) -> HttpResponse:
    """Some pictures as they are now, `?image=` once for each: for a page that shows them under way."""
    ids = [id for text in request.GET.getlist("image")[:A_PAGE] if (id := _uuid(text))]
    places = Image.objects.in_gallery(request.user).filter(pk__in=ids).values_list("generation_id", "index")
    return render(request, "gallery/history_tiles.html", {"pictures": _pictures([Place(*each) for each in places])})


def _wall(rows: ImageQuerySet, filters: Filters, request: Visit) -> Wall:
    before, cursor = (Place.read(request.GET.get(name, "")) for name in ("before", "cursor"))
    if before and (places := _places(rows.before(*before).reverse(), A_PAGE + 1))[A_PAGE:]:
        shown = places[A_PAGE - 1 :: -1]
        return _hung(shown, filters, older=shown[-1], newer=shown[0])
    if cursor and not before:
        places = _places(rows.after(*cursor), A_PAGE + 1)
        shown = places[:A_PAGE]
        older = shown[-1] if len(places) > A_PAGE else None
        return _hung(shown, filters, older=older, newer=shown[0] if shown else None)
    # From the newest on, as also where there is less than a page before a place: then this is as good, and full.
    places = _places(rows, COUNTED + 1)
    shown = places[:A_PAGE]
    return _hung(shown, filters, older=shown[-1] if len(places) > A_PAGE else None, count=len(places))


def _places(rows: ImageQuerySet, most: int) -> list[Place]:
    return [Place(*each) for each in rows.values_list("generation_id", "index")[:most]]


def _hung(
    places: Sequence[Place],
    filters: Filters,
    *,
    older: Place | None = None,
    newer: Place | None = None,
    count: int | None = None,
) -> Wall:
    return Wall(
        _pictures(places), _address(filters, cursor=older), _address(filters, before=newer), None if newer else count
    )


def _address(filters: Filters, **at: Place | None) -> str:
    """Of the page at a place, from the question mark on; empty where there is no place."""
    named = urlencode({name: str(place) for name, place in at.items() if place})
    return f"?{'&'.join(filter(None, [filters.query, named]))}" if named else ""


def _pictures(places: Sequence[Place]) -> list[Picture]:
    """The pictures of some places, in their order; all of their generations in one query."""
    rows = Image.objects.filter(generation__in={place.generation for place in places}).select_related("generation")
    by_place = {Place(row.generation_id, row.index): row for row in rows}
    found = [(place, by_place[place]) for place in places if place in by_place]
    return [_picture(place, row, is_early=number < AT_ONCE) for number, (place, row) in enumerate(found)]


def _picture(place: Place, row: Image, *, is_early: bool) -> Picture:
    size = (row.width, row.height) if row.status == Status.STORED else presentation.expected_size(row.generation)
    width, height = (size[0] or 1, size[1] or 1)
    tile = Tile(row, width, height, presentation.alt_text(row.generation))
    return Picture(tile, place, frame(width, height), row.index + 1, row.generation.quantity, is_early)


def _chips(filters: Filters) -> Iterable[tuple[str, str]]:
    """What narrows the list, in words, each with the address of the page without it."""
    words = {
        "q": f"“{filters.q}”" if filters.q else "",
        "image_model": next((each.name for each in catalogue.all() if each.id == filters.image_model), ""),
        "status": STATUSES[filters.status][0] if filters.status else "",
        "favourite": "Favourites" if filters.favourite else "",
        "since": f"from {filters.since:%-d %b %Y}" if filters.since else "",
        "until": f"to {filters.until:%-d %b %Y}" if filters.until else "",
    }
    return [(label, filters.without(name).query) for name, label in words.items() if label]


def _has_any(request: Visit) -> bool:
    """Whether there is anything that no filter was asked for and the list leaves out all the same."""
    return Filters(status=ALL).apply(request.user).exists()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
