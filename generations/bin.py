"""The bin: a deleted picture lies there for a week and can be taken out again; then it goes with its files.

A picture that is still under way is cancelled as far as that goes, and keeps no file should it come all the same
(`collect`). Nothing here moves money. What is deleted together carries one moment, by which it is taken out together.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from . import erasure, lifecycle
from .models import FINAL, Image, ImageQuerySet

LASTS = timedelta(days=7)
AT_ONCE = 500  # rows in one transaction; SQLite takes at most 999 values in one IN


def of(user: Any) -> ImageQuerySet:
    """What lies in a user's bin, the latest first."""
    return Image.objects.filter(user=user).binned().order_by("-binned_at", "-id")


def put(user: Any, ids: Sequence[UUID], *, at: datetime | None = None) -> int:
    """Delete at most AT_ONCE pictures of a user; how many were not deleted before. `at` names the moment of an
    undertaking of several calls."""
    moment = at or timezone.now()
    mine = Image.objects.filter(user=user, pk__in=list(ids)).kept()
    # Those under way first: one that comes to its end meanwhile is taken there, or among the finished ones.
    count = sum(_put_running(image, moment) for image in mine.exclude(status__in=FINAL).order_by("id"))
    return count + mine.filter(status__in=FINAL).change(binned_at=moment)


@transaction.atomic
def _put_running(image: Image, moment: datetime) -> int:
    """One picture to a transaction: to cancel it may take its generation's lock and the wallet's."""
    changed = Image.objects.filter(pk=image.pk).kept().update(binned_at=moment)
    if changed:
        lifecycle.cancel_image(image)
    return changed


def restore(user: Any, ids: Sequence[UUID]) -> int:
    """Take at most AT_ONCE pictures of a user out of the bin; how many there were."""
    return Image.objects.filter(user=user, pk__in=list(ids)).binned().change(binned_at=None)


def undo(user: Any, moment: datetime) -> int:
    """Take out what was deleted together at `moment`; how many pictures."""
    together = of(user).filter(binned_at=moment).order_by("id")
    count = 0
    while ids := list(together.values_list("pk", flat=True)[:AT_ONCE]):
        count += restore(user, ids)
    return count


def purge(user: Any, ids: Sequence[UUID]) -> int:
    """Delete for good what lies in a user's bin, with its files; how many pictures."""
    return erasure.erase_images(Image.objects.filter(user=user, pk__in=list(ids)).binned())


def empty(user: Any, *, within: timedelta) -> int:
    """Delete for good all that lies in a user's bin now, or as much as there is time for; how many pictures."""
    now = timezone.now()
    all_of_it = Image.objects.filter(user=user, binned_at__lte=now).binned().order_by("id")
    count = 0
    while gone := erasure.erase_images(all_of_it[: erasure.A_SLICE]):
        count += gone
        if timezone.now() - now >= within:
            break
    return count


def sweep() -> None:
    """Delete for good some of what has lain there for a week."""
    due = Image.objects.binned().filter(binned_at__lte=timezone.now() - LASTS)
    erasure.erase_images(due.order_by("binned_at")[: erasure.A_SLICE])


def days_left(image: Image) -> int:
    """In how many days a picture goes for good, rounded up; 0 where it is due."""
    if image.binned_at is None:
        return LASTS.days
    left = image.binned_at + LASTS - timezone.now()
    return max(0, -(-left // timedelta(days=1)))
