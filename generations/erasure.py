"""Erase what a person asked for and got. What the ledger's rows are about stays: image model, quantity, price, times.

Everything is done in slices, each a transaction of its own, and may be said again at any time.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from . import doomed, fal_erasures, search
from .models import (
    Customer,
    Draft,
    Draw,
    Event,
    FalErasure,
    Generation,
    Image,
    KeptFile,
    SavedLora,
    Share,
    Status,
    Upload,
    UploadUse,
)
from .signals import generations_erased

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
    _empty_generations(ids)
    return True


@transaction.atomic
def erase_images(rows: "QuerySet[Image]") -> int:
    """Empty some pictures that lie in the bin: their files go to the list of the doomed. How many; who was taken out
    of the bin meanwhile stays. A generation of which nothing is left counts as deleted."""
    ids = list(rows.values_list("pk", flat=True))
    images = list(Image.objects.select_for_update().filter(pk__in=ids).binned().order_by("id"))
    _empty_images(images)
    close({image.generation_id for image in images})
    return len(images)


@transaction.atomic
def delete_generation(generation: Generation) -> None:
    """Hide a generation for good and empty its pictures; prompt and settings go with the next sweep, once nothing of it
    is under way."""
    images = list(Image.objects.select_for_update().filter(generation=generation, erased_at=None).order_by("id"))
    Generation.objects.filter(pk=generation.pk, deleted_at=None).update(deleted_at=timezone.now())
    _empty_images(images)


def close(generation_ids: Collection[UUID]) -> None:
    """Delete those generations of which no picture is left. Locks them, so of two last pictures one finds it out."""
    wanted = Generation.objects.filter(pk__in=list(generation_ids), deleted_at=None)
    ids = list(wanted.select_for_update().order_by("id").values_list("pk", flat=True))
    left = Image.objects.filter(generation=OuterRef("pk"), erased_at=None)
    Generation.objects.filter(~Exists(left), pk__in=ids).update(deleted_at=timezone.now())


@transaction.atomic
def sweep() -> None:
    """Empty some deleted generations whose pictures have all come to their end: with what came late, or was deleted
    before files went too."""
    deleted = Generation.objects.filter(deleted_at__isnull=False, erased_at=None).exclude(outcome=None)
    _empty_generations(list(deleted.order_by("deleted_at").values_list("pk", flat=True)[:A_SLICE]))


@transaction.atomic
def erase_uploads(user_id: int) -> bool:
    """Delete some of a user's style references and kept files; False when there was none left."""
    names: list[str] = []
    for model in (Upload, KeptFile):
        mine = model._default_manager.select_for_update().filter(user_id=user_id).order_by("id")
        rows = dict(mine.values_list("pk", "name")[:A_SLICE])
        model._default_manager.filter(pk__in=rows).delete()
        names += rows.values()
    doomed.doom(names)
    return bool(names)


def erase_workbench(user_id: int) -> bool:
    """Delete what the studio kept and what was shared; False when there was none."""
    gone = [each._default_manager.filter(user_id=user_id).delete()[0] for each in (Draft, SavedLora, Share)]
    return any(gone)


def erase_events(user_id: int) -> bool:
    """Delete some of a user's events, and at last the sequence that counts them; False when there was none left."""
    ids = list(Event.objects.filter(user_id=user_id).order_by("seq").values_list("pk", flat=True)[:EVENTS_AT_ONCE])
    Event.objects.filter(pk__in=ids).delete()
    if not ids:
        Customer.objects.filter(user_id=user_id).delete()
    return bool(ids)


def _empty_generations(ids: Sequence[UUID]) -> None:
    """All of finished generations: pictures, prompt, settings, references, what fal answered."""
    if not ids:
        return
    _empty_images(list(Image.objects.select_for_update().filter(generation__in=ids).order_by("id")))
    Generation.objects.filter(pk__in=ids).update(
        input={}, references=[], wish=None, error_message="", erased_at=timezone.now()
    )
    UploadUse.objects.filter(generation__in=ids).delete()
    search.forget(ids)
    generations_erased.send(sender=Generation, generation_ids=ids)


def _empty_images(images: Sequence[Image]) -> None:
    """Of locked rows. What is still under way is only marked: it will keep no file."""
    names = [name for image in images for name in files_of(image)]
    ids = [image.pk for image in images]
    final = [image.pk for image in images if image.is_final]
    Draw.objects.filter(image__in=final).update(result=None)
    fal_erasures.ask(final, FalErasure.Cause.DELETED)
    Image.objects.filter(pk__in=ids, erased_at=None).update(erased_at=timezone.now())
    Image.objects.filter(pk__in=ids).update(name="", variants={}, error_message="", favourite_at=None)
    Image.objects.filter(pk__in=ids, status=Status.STORED).update(sha256=ERASED)
    doomed.doom(names)


def files_of(image: Image) -> list[str]:
    """The stored original first, then its thumbnails."""
    variants: dict[str, Any] = image.variants
    return [image.name, *(variant["name"] for variant in variants.values())]
