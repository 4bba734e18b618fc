"""Erase what a person asked for and got. What the ledger's rows are about stays: image model, quantity, price, times.

Everything is done in slices, each a transaction of its own, and may be said again at any time.
"""

from typing import Any

from django.db import transaction

from . import doomed
from .models import Customer, Draw, Event, Generation, Image, Status, Upload

A_SLICE = 100
EVENTS_AT_ONCE = 2000
ERASED = "erased"  # in place of a picture's hash


@transaction.atomic
def erase_generations(user_id: int) -> bool:
    """Empty some finished generations of a user: prompt, settings, references, what fal answered, the pictures' names.
    The files go to the list of the doomed. False when there was none left; a running one is left alone."""
    mine = Generation.objects.filter(user_id=user_id).exclude(outcome=None).exclude(input={})
    ids = list(mine.order_by("id").values_list("pk", flat=True)[:A_SLICE])
    if not ids:
        return False
    images = Image.objects.select_for_update().filter(generation__in=ids).order_by("id")
    names = [name for image in images for name in _files(image)]
    Image.objects.filter(generation__in=ids).update(name="", variants={}, error_message="")
    Image.objects.filter(generation__in=ids, status=Status.STORED).update(sha256=ERASED)
    Draw.objects.filter(image__generation__in=ids).update(result=None)
    Generation.objects.filter(pk__in=ids).update(input={}, references=[], wish=None, error_message="")
    doomed.doom(names)
    return True


@transaction.atomic
def erase_uploads(user_id: int) -> bool:
    """Delete some of a user's style references; False when there was none left."""
    rows = list(Upload.objects.select_for_update().filter(user_id=user_id).order_by("id")[:A_SLICE])
    Upload.objects.filter(pk__in=[row.pk for row in rows]).delete()
    doomed.doom(row.name for row in rows)
    return bool(rows)


def erase_events(user_id: int) -> bool:
    """Delete some of a user's events, and at last the sequence that counts them; False when there was none left."""
    ids = list(Event.objects.filter(user_id=user_id).order_by("seq").values_list("pk", flat=True)[:EVENTS_AT_ONCE])
    Event.objects.filter(pk__in=ids).delete()
    if not ids:
        Customer.objects.filter(user_id=user_id).delete()
    return bool(ids)


def _files(image: Image) -> list[str]:
    variants: dict[str, Any] = image.variants
    return [image.name, *(variant["name"] for variant in variants.values())]
