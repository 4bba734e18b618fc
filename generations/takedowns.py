"""Taking pictures down: the operator removes a picture for good, and its owner is told why.

The row stays as it was paid for, stored and final, with the code TAKEN_DOWN in place of its picture. Files go with the
list of the doomed, and at once by `remove_files`; what fal has goes by `fal_erasures`.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from . import doomed, erasure, events, fal_erasures, references, search
from .models import TAKEN_DOWN, Draw, FalErasure, Generation, Image, ImageQuerySet, KeptFile, Share, Status, Upload
from .pictures import store
from .pictures.verify import BadPicture
from .signals import generation_changed

A_SLICE: Final = 100
WORDS: Final = "This picture was taken down: {why}"
LONGEST: Final = 500


def showing(name: str) -> ImageQuerySet:
    """Every image, of whichever owner and in the bin too, that has this very file."""
    return Image.objects.filter(status=Status.STORED, name=name).exclude(name="")


def copies_of(name: str) -> list[str]:
    """The names under which this very picture may be kept besides: as a program's file, and as the style reference that
    is made of it. Reads the file, outside of any transaction; raises whatever the storage raises, but where it is gone
    already."""
    match = store.NAME.fullmatch(name)
    kept = store.name_of(match["sha256"], store.ANYTHING) if match else ""
    try:
        reader = store.open_range(name)
    except FileNotFoundError:
        return [kept]
    try:
        return [kept, references.clean(reader.read(references.MOST_BYTES))[0].name]
    except BadPicture:
        return [kept]
    finally:
        reader.close()


@transaction.atomic
def take_down(ids: Collection[UUID], *, why: str) -> list[Image]:
    """Empty some stored pictures, end their links, and have fal asked to erase them; those that this call took down,
    as they were before. Saying it twice does it once. Their owners hear of it as of every change."""
    rows = Image.objects.select_for_update().filter(pk__in=list(ids), status=Status.STORED).exclude(name="")
    images = list(rows.order_by("id"))
    taken = [image.pk for image in images]
    Draw.objects.filter(image__in=taken).update(result=None)
    fal_erasures.ask(taken, FalErasure.Cause.TAKEN_DOWN)
    Share.objects.filter(image__in=taken, revoked_at=None).update(revoked_at=timezone.now())
    Image.objects.filter(pk__in=taken).update(
        name="", variants={}, sha256=erasure.ERASED, favourite_at=None,
        error_code=TAKEN_DOWN, error_message=WORDS.format(why=why)[:LONGEST],
    )  # fmt: skip
    doomed.doom(name for image in images for name in erasure.files_of(image))
    _forget_words({image.generation_id for image in images})
    for image in sorted(images, key=lambda each: (each.user_id, each.pk)):
        events.write(
            image.user_id, events.IMAGE_UPDATED, image.pk, generation=str(image.generation_id), status=image.status,
            code=TAKEN_DOWN,
        )  # fmt: skip
        generation_changed.send(sender=Generation, generation_id=image.generation_id)
    return images


@transaction.atomic
def take_uploads(names: Collection[str], user_id: int | None = None) -> int:
    """Delete the style references and kept files that are one of these files: of this user, or of all. How many."""
    gone: int = sum(_mine(model, names, user_id).delete()[1].get(model._meta.label, 0) for model in (Upload, KeptFile))
    if gone:
        doomed.doom(names)
    return gone


def remove_files(names: Iterable[str]) -> None:
    """Delete those that no row uses, now and not when their time on the list has come: what is written anew meanwhile
    is found by the list. Raises whatever the storage raises; may be said again."""
    for name in names:
        if name and not doomed.is_used(name):
            store.delete(name)


def _forget_words(generation_ids: Collection[UUID]) -> None:
    """A prompt of which no picture is left is found no more."""
    left = Image.objects.filter(generation__in=list(generation_ids)).exclude(name="")
    kept = set(left.values_list("generation_id", flat=True))
    search.forget([id for id in generation_ids if id not in kept])


def _mine(model: type[Upload] | type[KeptFile], names: Collection[str], user_id: int | None) -> Any:
    rows = model._default_manager.filter(name__in=list(names))
    return rows if user_id is None else rows.filter(user_id=user_id)
