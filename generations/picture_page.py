"""One picture: all that is known about it, its neighbours in the gallery, and the same in short for the full-screen
view.

The address carries the filter of the history that somebody came from, so that newer and older stay within it. Other
people's pictures do not exist here, nor do those that are gone for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import bin, compare, parameters, presentation, shares
from .gallery_filters import Filters
from .models import Image, ImageQuerySet, Status
from .pictures import store
from .presentation import Tile
from .visits import Visit, page

FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP"}


@dataclass(frozen=True)
class Neighbours:
    """The pictures before and after one in the gallery; None at its ends."""

    newer: UUID | None
    older: UUID | None


@page
@require_safe
def image(request: Visit, id: UUID) -> HttpResponse:
    """The page, or for htmx what changes on it while the picture is under way; nothing where that is `seen`."""
    found = mine(request, id)
    filters = Filters.read(request.GET)
    card = presentation.card(found.generation)
    if request.htmx and request.GET.get("seen") == card.mark:
        return HttpResponse(status=204)
    tile = _tile(card.tiles, found)
    context = {
        "card": card,
        "tile": tile,
        "siblings": card.shown if len(card.shown) > 1 else [],
        "image": found,
        "is_lost": is_lost(found),
        "file_format": FORMATS.get(found.content_type, found.content_type),
        "parameters": parameters.of(found.generation),
        "references": parameters.references(found.generation),
        "road": parameters.road(found),
        "took": parameters.took(found),
        "comparison": compare.with_siblings(found, card.shown),
        "sharing": shares.panel(found),
        "days_left": bin.days_left(found),
        "waits": not found.is_final,
        "neighbours": neighbours(filters.apply(request.user), found),
        "suffix": _suffix(filters),
        "is_part": bool(request.htmx),
    }
    return render(request, "gallery/image_view.html" if request.htmx else "gallery/image.html", context)


@page
@never_cache
@require_safe
def view(request: Visit, id: UUID) -> HttpResponse:
    """What the full-screen view shows of one picture, as JSON. Its neighbours are those that can be looked at."""
    found = mine(request, id)
    filters = Filters.read(request.GET)
    tile = _tile(presentation.tiles(found.generation), found)
    suffix = _suffix(filters)
    beside = neighbours(filters.apply(request.user).filter(status=Status.STORED).exclude(name=""), found)
    told = {
        "id": str(found.pk),
        "page": found.get_absolute_url() + suffix,
        "alt": tile.alt,
        "words": "" if tile.is_ready else f"{tile.stage}. {tile.reason}".strip(),
        "src": tile.full if tile.is_ready else "",
        "srcset": tile.srcset if tile.is_ready else "",
        "width": found.width or tile.width,
        "height": found.height or tile.height,
        "favourite": found.favourite_at is not None,
        "newer": _view_address(beside.newer, suffix),
        "older": _view_address(beside.older, suffix),
    }
    return JsonResponse(told)


def mine(request: Visit, id: UUID) -> Image:
    rows = Image.objects.select_related("generation", "draw").prefetch_related("generation__images")
    return get_object_or_404(rows, pk=id, user=request.user, generation__deleted_at=None, erased_at=None)


def neighbours(rows: ImageQuerySet, image: Image) -> Neighbours:
    """Those of one picture among `rows`, which are in the gallery's order."""
    place = image.generation_id, image.index
    older = rows.after(*place).values_list("pk", flat=True).first()
    newer = rows.before(*place).order_by("generation_id", "-index").values_list("pk", flat=True).first()
    return Neighbours(newer, older)


def is_lost(image: Image) -> bool:
    """Whether it was stored and its file is not there. Of files in object storage only the row can tell."""
    if image.status != Status.STORED or image.is_taken_down:
        return False
    return not image.name or store.is_missing_here(image.name)


def _tile(tiles: Sequence[Tile], image: Image) -> Tile:
    return next(tile for tile in tiles if tile.image.pk == image.pk)


def _suffix(filters: Filters) -> str:
    return f"?{filters.query}" if filters.query else ""


def _view_address(id: UUID | None, suffix: str) -> str | None:
    return reverse("image-view", args=[id]) + suffix if id else None
