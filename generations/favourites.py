"""Favourites: the heart on a picture. A press says what is wished, not "the other one": twice is the same as once."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from .models import Image
from .visits import Visit, page
from .way_back import back


def mark(user: Any, ids: Iterable[UUID], *, on: bool) -> int:
    """Make pictures of a user favourites, or none any more; how many are so now that were not before.

    What lies in the bin stays as it is. A picture keeps the moment at which it became a favourite."""
    mine = Image.objects.filter(user=user, pk__in=list(ids)).kept()
    return mine.filter(favourite_at__isnull=on).change(favourite_at=timezone.now() if on else None)


@page
@require_POST
def favourite(request: Visit, id: UUID) -> HttpResponse:
    """`favourite=yes` or `favourite=no`; answers with the heart as it is now, or goes back to where it was pressed."""
    mark(request.user, [id], on=request.POST.get("favourite") == "yes")
    image = get_object_or_404(Image.objects.filter(user=request.user).kept(), pk=id)
    if request.htmx:
        return render(request, "gallery/heart.html", {"image": image})
    return back(request, otherwise="history")
