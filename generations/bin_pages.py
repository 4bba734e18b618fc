"""The pages of the bin: delete one picture, take it back, look at what lies there, delete it for good."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import bin, presentation
from .models import Image, ImageQuerySet
from .notices import with_undo
from .visits import Visit, page

A_PAGE = 60
LONGEST = timedelta(seconds=10)  # of work for one press, which holds a page thread
ASK_FIRST = ["GET", "HEAD", "POST"]
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


@page
@require_http_methods(ASK_FIRST)
def delete(request: Visit, id: UUID) -> HttpResponse:
    """Ask first (GET), then put the picture into the bin; what is under way of it is cancelled."""
    image = _mine(request, id)
    if request.method != "POST":
        return render(request, "gallery/delete.html", _context(image))
    moment = timezone.now()
    if bin.put(request.user, [id], at=moment):
        messages.success(request, with_undo(request, 1, moment, was_running=not image.is_final))
    else:
        messages.success(request, "It is in the bin already.")
    return redirect("history")


@page
@require_POST
def restore(request: Visit, id: UUID) -> HttpResponse:
    """Take a picture out of the bin, and go to its page."""
    bin.restore(request.user, [id])
    image = _mine(request, id)
    messages.success(request, "It is back in your history." if image.binned_at is None else "It is gone for good.")
    return redirect(image)


@page
@require_POST
def undo(request: Visit) -> HttpResponse:
    """Take back what was deleted together at `moment`."""
    moment = _moment(request.POST.get("moment", ""))
    count = bin.undo(request.user, moment) if moment else 0
    words = (
        f"{count:,} picture{'' if count == 1 else 's'} put back." if count else "There is nothing to put back any more."
    )
    messages.success(request, words)
    return HttpResponse(headers={"HX-Refresh": "true"}) if request.htmx else redirect("history")


@page
@require_safe
def bin_page(request: Visit) -> HttpResponse:
    """What was deleted last stands first; `?before=` is the place of the last one of the page before."""
    found = list(_after(bin.of(request.user), request.GET.get("before", "")).select_related("generation")[: A_PAGE + 1])
    shown = found[:A_PAGE]
    context = {
        "rows": [(presentation.tile(image), bin.days_left(image)) for image in shown],
        "following": _place(shown[-1]) if len(found) > A_PAGE else "",
        "is_first": not request.GET.get("before"),
    }
    return render(request, "gallery/bin.html", context)


@page
@require_http_methods(ASK_FIRST)
def purge(request: Visit, id: UUID) -> HttpResponse:
    """Ask first, then delete a picture of the bin for good."""
    image = get_object_or_404(bin.of(request.user).select_related("generation"), pk=id)
    if request.method != "POST":
        return render(request, "gallery/purge.html", _context(image))
    bin.purge(request.user, [id])
    messages.success(request, "Deleted for good. What you paid for it stays on your statement, without the prompt.")
    return redirect("bin")


@page
@require_http_methods(ASK_FIRST)
def empty(request: Visit) -> HttpResponse:
    """Ask first, then delete all that lies in the bin for good."""
    if request.method != "POST":
        return render(request, "gallery/empty_bin.html", {"count": bin.of(request.user).count()})
    count = bin.empty(request.user, within=LONGEST)
    words = f"{count:,} picture{'' if count == 1 else 's'} deleted for good."
    if count and bin.of(request.user).exists():
        messages.success(request, f"{words} There are more; go on below.")
        return redirect("bin-empty")
    messages.success(request, words if count else "The bin was empty already.")
    return redirect("bin")


def _mine(request: Visit, id: UUID) -> Image:
    rows = Image.objects.select_related("generation").filter(erased_at=None, generation__deleted_at=None)
    return get_object_or_404(rows, pk=id, user=request.user)


def _context(image: Image) -> dict[str, object]:
    return {"image": image, "tile": presentation.tile(image), "days": bin.LASTS.days}


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _place(image: Image) -> str:
    """`"1795276947123456.<id>"`: the microsecond at which it was deleted, and which of those together."""
    return f"{((image.binned_at or _ZERO) - _ZERO) // timedelta(microseconds=1)}.{image.pk}"


def _after(rows: ImageQuerySet, place: str) -> ImageQuerySet:
    """What stands behind a place; all where it is none."""
    micros, _, id = place.partition(".")
    try:
        moment, last = _ZERO + timedelta(microseconds=int(micros)), UUID(id)
    except (ValueError, OverflowError):
        return rows
    return rows.filter(Q(binned_at__lt=moment) | Q(binned_at=moment, pk__lt=last))
