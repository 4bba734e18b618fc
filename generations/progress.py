"""One generation under way: its card, for the studio and as a page of its own, and its cancelling."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from . import lifecycle, presentation, stream
from .models import Generation
from .visits import Visit, page


@page
@require_safe
def generation(request: Visit, id: UUID) -> HttpResponse:
    """The card alone for htmx, nothing where it still is as `?seen=` says; else a page that looks again by itself while
    the pictures are on their way."""
    found = _mine(request, id)
    if found.deleted_at is not None and request.htmx:
        return HttpResponse()
    if found.deleted_at is not None:
        return render(request, "studio/deleted.html", {"generation": found}, status=410)
    return _show(request, found)


@page
@require_POST
def cancel(request: Visit, id: UUID) -> HttpResponse:
    """Wish all that is unfinished canceled; what becomes of each picture stands on the card."""
    found = get_object_or_404(Generation, pk=id, user=request.user, deleted_at=None)
    lifecycle.cancel(found)
    if not request.htmx:
        return redirect("generation", id)
    return _show(request, found)


@page
@require_safe
def logged_in(request: Visit) -> HttpResponse:
    """Where somebody lands who logged in beside a page of theirs that waits."""
    return render(request, "studio/logged_in.html")


@page
@require_safe
def notice(request: Visit) -> HttpResponse:
    """Whether our drawing service is away; a part of the page that asks again while it is."""
    return render(request, "studio/fal_notice.html", {"fal_is_away": presentation.fal_notice()})


def _show(request: Visit, found: Generation) -> HttpResponse:
    card = stream.card(found)
    if request.htmx and request.GET.get("seen") == card.mark:
        return HttpResponse(status=204)
    if request.htmx:
        return render(request, "studio/card.html", {"card": card, "is_watched": True})
    notice = presentation.fal_notice() if card.is_running else ""
    return render(request, "studio/generation.html", {"card": card, "fal_is_away": notice})


def _mine(request: Visit, id: UUID) -> Generation:
    return get_object_or_404(Generation, pk=id, user=request.user)
