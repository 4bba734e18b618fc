"""The generations' half of the audit: each finished one is settled once, for exactly what was delivered.

Read in pages, so that the memory it takes does not grow with history.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum

from billing.models import Hold

from .models import FINAL, Generation, Image, Status

PAGE = 500  # SQLite takes at most 999 values in one IN
KEY = "generation:"


def findings() -> Iterator[str]:
    """One sentence for each generation whose rows and hold do not say the same."""
    for page in _pages():
        holds = {hold.key: hold for hold in Hold.objects.filter(key__in=[row.key for row in page])}
        for row in page:
            yield from _counts(row)
            yield from _hold(row, holds.get(row.key))
    yield from _strange_holds()
    yield from _images()


def _pages() -> Iterator[list[Any]]:
    """Every generation with its counts: `there`, `still_open`, `delivered`, `refunded`."""
    rows = Generation.objects.annotate(
        there=Count("images"),
        still_open=Count("images", filter=~Q(images__status__in=FINAL)),
        delivered=Sum("images__price", filter=Q(images__status=Status.STORED), default=0),
        refunded=Sum("images__price", filter=Q(images__refunded_at__isnull=False), default=0),
    ).order_by("id")
    page = list(rows[:PAGE])
    while page:
        yield page
        page = list(rows.filter(id__gt=page[-1].id)[:PAGE])


def _counts(row: Any) -> Iterator[str]:
    if row.there != row.quantity:
        yield f"generation {row}: {row.quantity} images were ordered, {row.there} are there"
    if row.unfinished != row.still_open:
        yield f"generation {row}: unfinished is {row.unfinished}, {row.still_open} are"
    if (row.outcome is None) != (row.unfinished > 0):
        yield f"generation {row}: outcome is {row.outcome or 'none'} with {row.unfinished} unfinished"


def _hold(row: Any, hold: Hold | None) -> Iterator[str]:
    if hold is None:
        if row.quoted:
            yield f"generation {row} has no hold"
    elif hold.amount != row.quoted:
        yield f"generation {row}: {hold.amount} is held for a price of {row.quoted}"
    elif row.outcome is None and hold.settled_at is not None:
        yield f"generation {row} is settled before it is finished"
    elif row.outcome is not None and hold.settled_at is None:
        yield f"generation {row} is finished, and its hold is still open"
    elif row.outcome is not None and hold.captured != row.delivered:
        yield f"generation {row}: {hold.captured} was captured, {row.delivered} was delivered"
    elif hold.returned != row.refunded:
        yield f"generation {row}: {hold.returned} was given back, its images say {row.refunded}"


def _strange_holds() -> Iterator[str]:
    """A hold named for a generation that is not there."""
    named = Hold.objects.filter(key__startswith=KEY).order_by("pk")
    page = list(named[:PAGE])
    while page:
        ids = {hold.key: _id(hold.key) for hold in page}
        known = set(Generation.objects.filter(pk__in=[id for id in ids.values() if id]).values_list("pk", flat=True))
        yield from (f"hold {key} belongs to no generation" for key, id in ids.items() if id not in known)
        page = list(named.filter(pk__gt=page[-1].pk)[:PAGE])


def _id(key: str) -> UUID | None:
    try:
        return UUID(key.removeprefix(KEY))
    except ValueError:
        return None


def _images() -> Iterator[str]:
    """A picture that was paid for was drawn, for this image and at its price."""
    stored = Image.objects.filter(status=Status.STORED)
    for image in stored.filter(draw=None).iterator():
        yield f"image {image} is stored and was never drawn"
    for image in stored.exclude(draw__image=F("id")).exclude(draw=None).iterator():
        yield f"image {image} is stored with the draw of another image"
    for image in Image.objects.filter(refunded_at__isnull=False).exclude(status=Status.STORED).iterator():
        yield f"image {image} was paid back and is {image.status}"
    for image in Image.objects.exclude(price=F("generation__image_price")).iterator():
        yield f"image {image} costs {image.price}, its generation says otherwise"
