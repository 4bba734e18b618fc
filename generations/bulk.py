"""Many pictures at once: favourites, deleting, comparing, downloading. One form, one button for each.

Each slice is a transaction of its own, sorted by id: whoever dies in the middle, or has no more time, has done a part,
and pressing again does the rest.
"""

import json
import time
from collections.abc import Callable
from itertools import chain, islice
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from . import bin, downloads, favourites
from .gallery_filters import Filters
from .notices import with_undo
from .selections import BadSelection, Selection
from .visits import Visit, page
from .way_back import back

SAME = "They were so already."
LONGEST_S = 10.0  # of work for one press, which holds a page thread
FEWEST_COMPARED, MOST_COMPARED = 2, 4


@page
@require_POST
def bulk(request: Visit) -> HttpResponse:
    """`do` is one of ACTIONS. What is wrong with the selection is said where it was made; nothing is changed then."""
    act = ACTIONS.get(request.POST.get("do", ""))
    try:
        if act is None:
            raise BadSelection(f"Choose what to do: {', '.join(ACTIONS)}.")
        selection = Selection.read(request.user, request.POST)
        if selection.slice(None) is None:
            raise BadSelection("These pictures are not in the history any more.")
        return act(request, selection)
    except BadSelection as bad:
        return _say(request, str(bad), level=messages.ERROR)


@page
@require_safe
def count(request: Visit) -> HttpResponse:
    """How many pictures a filter lets through, for whoever is about to select them all."""
    return JsonResponse({"count": Filters.read(request.GET.dict()).apply(request.user).count()})


def favourite(request: Visit, selection: Selection) -> HttpResponse:
    number, more = _each(selection, lambda ids: favourites.mark(request.user, ids, on=True))
    return _done(request, "favourite", (f"{_pictures(number)} made {_one(number)}." if number else SAME) + more)


def unfavourite(request: Visit, selection: Selection) -> HttpResponse:
    number, more = _each(selection, lambda ids: favourites.mark(request.user, ids, on=False))
    verb = "is no favourite" if number == 1 else "are no favourites"
    return _done(request, "unfavourite", (f"{_pictures(number)} {verb} any more." if number else SAME) + more)


def delete(request: Visit, selection: Selection) -> HttpResponse:
    moment = timezone.now()
    number, more = _each(selection, lambda ids: bin.put(request.user, ids, at=moment))
    is_part = bool(request.htmx) and selection.filters is None
    words = with_undo(request, number, moment, of_form=is_part) if number else "They were deleted already."
    words = format_html("{}{}", words, more)
    if request.htmx and selection.filters is not None:  # there is more to take away than what the page shows
        messages.success(request, words)
        return HttpResponse(headers={"HX-Redirect": f"{reverse('history')}?{selection.filters.query}".rstrip("?")})
    return _done(request, "delete", words)


def compare(request: Visit, selection: Selection) -> HttpResponse:
    ids = list(islice(chain.from_iterable(selection.slices()), MOST_COMPARED + 1))
    if not FEWEST_COMPARED <= len(ids) <= MOST_COMPARED:
        raise BadSelection(f"Select {FEWEST_COMPARED} to {MOST_COMPARED} pictures to compare them.")
    return redirect(f"/compare/?{urlencode([('image', id) for id in ids])}")


ACTIONS: dict[str, Callable[[Visit, Selection], HttpResponse]] = {
    "favourite": favourite,
    "unfavourite": unfavourite,
    "delete": delete,
    "download": downloads.download,
    "compare": compare,
}


def _each(selection: Selection, work: Callable[[list[UUID]], int]) -> tuple[int, str]:
    """How many were changed, and what to add where time was over before all that match were looked at. What was ticked
    is not so many that it has to be done in parts."""
    ends_at, number = time.monotonic() + LONGEST_S, 0
    for ids in selection.slices():
        if selection.filters is not None and number and time.monotonic() >= ends_at:
            return number, " That is not all yet: press again to go on."
        number += work(ids)
    return number, ""


def _one(number: int) -> str:
    return "a favourite" if number == 1 else "favourites"


def _pictures(count: int) -> str:
    return f"{count:,} picture{'' if count == 1 else 's'}"


def _done(request: Visit, act: str, words: str) -> HttpResponse:
    answer = _say(request, words)
    if request.htmx:
        answer["HX-Trigger"] = json.dumps({"bulk-done": {"act": act}})
    return answer


def _say(request: Visit, words: str, *, level: int = messages.SUCCESS) -> HttpResponse:
    """On the page where the button was pressed: as a part of it, or after going back to it."""
    if request.htmx:
        is_bad = level == messages.ERROR
        context = {"words": words, "tags": messages.DEFAULT_TAGS[level]}
        return render(request, "gallery/said.html", context, status=422 if is_bad else 200)
    messages.add_message(request, level, words)
    return back(request, otherwise="history")
