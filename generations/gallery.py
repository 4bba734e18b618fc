"""The gallery: all past generations, and one page per picture. Other people's pictures do not exist here."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from . import lifecycle, parameters, presentation
from .models import Generation, Image
from .visits import Visit, page

A_PAGE = 24


@page
@require_safe
def history(request: Visit) -> HttpResponse:
    """Newest first; `?cursor=` is the id of the last one of the page before."""
    mine = Generation.objects.filter(user=request.user, deleted_at=None).prefetch_related("images").order_by("-id")
    last = _uuid(request.GET.get("cursor", ""))
    found = list((mine.filter(id__lt=last) if last else mine)[: A_PAGE + 1])
    shown = found[:A_PAGE]
    context = {
        "cards": presentation.cards(shown),
        "following": shown[-1].pk if len(found) > A_PAGE else None,
        "is_first": last is None,
    }
    return render(request, "gallery/history.html", context)


@page
@require_safe
def image(request: Visit, id: UUID) -> HttpResponse:
    """One picture with every parameter, its cost and its road."""
    return render(request, "gallery/image.html", _context(_mine(request, id)))


@page
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Visit, id: UUID) -> HttpResponse:
    """Ask first (GET), then hide the picture's whole generation for good; what still runs is canceled."""
    found = _mine(request, id)
    if request.method != "POST":
        return render(request, "gallery/delete.html", _context(found))
    lifecycle.delete(found.generation)
    messages.success(request, "Deleted. What you paid for it stays on your statement, without the prompt.")
    return redirect("history")


def _context(found: Image) -> dict[str, object]:
    card = presentation.card(found.generation)
    tile = next(tile for tile in card.tiles if tile.image.pk == found.pk)
    return {
        "card": card,
        "tile": tile,
        "image": found,
        "parameters": parameters.of(found.generation),
        "references": parameters.references(found.generation),
        "road": parameters.road(found),
    }


def _mine(request: Visit, id: UUID) -> Image:
    rows = Image.objects.select_related("generation", "draw").prefetch_related("generation__images")
    return get_object_or_404(rows, pk=id, user=request.user, generation__deleted_at=None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
