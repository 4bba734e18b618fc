"""Collect: download what fal drew, verify, mark and store it, then finish the image. Slow work, in no transaction."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from . import banned, doomed, draws, erasure, fal_erasures, lifecycle, trace
from .fal import media
from .fal.delivered import Delivered, delivered
from .models import Draw, FalErasure, Generation, Image, Status
from .pictures import store
from .pictures.develop import Developed, develop
from .pictures.store import Stored
from .pictures.verify import BadPicture

logger = logging.getLogger(__name__)

MOST_BYTES = 40 * 1024 * 1024
LEASE_S = settings.TASK_TIMEOUT_S + 30  # nobody else fetches the same picture meanwhile
PATIENCE = timedelta(hours=2)  # how long a file that fal's CDN does not give is asked for; it lives a day
LONGEST_PAUSE_S = 60
FLAGGED = (
    "content_blocked",
    "The safety checker stopped this picture. You were not charged. "
    "Please change the prompt; the same input would be stopped again.",
)
TAKEN_DOWN = (
    "content_blocked",
    "This very picture was taken down before. You were not charged. "
    "Please change the prompt or the seed; the same input would draw it again.",
)


def collect(draw_id: UUID) -> None:
    """Fetch one drawn picture; a second caller finds nothing to do."""
    draw = Draw.objects.select_related("image__generation").get(pk=draw_id)
    with trace.about(**trace.of_draw(draw)):
        if _claim(draw):
            _collect(draw)


def _collect(draw: Draw) -> None:
    picture = delivered(draw.result)
    if picture is None:
        draws.file_wrong(draw, "no_picture_in_result")
    elif picture.nsfw:
        draws.blocked(draw, *FLAGGED)
    else:
        _fetch_and_store(draw, picture)


def _fetch_and_store(draw: Draw, picture: Delivered) -> None:
    try:
        data = media.download(picture.url, max_bytes=MOST_BYTES)
        developed = develop(data, draw.image.generation.output_format)
    except media.MediaUnavailable as error:
        _later(draw, str(error))
    except (media.MediaGone, media.MediaWrong) as error:
        logger.warning("draw %s: the picture is not to be had (%s)", draw.pk, error)
        draws.file_wrong(draw, type(error).__name__)
    except BadPicture as error:
        logger.warning("draw %s: fal's file is no picture (%s)", draw.pk, error.code)
        draws.file_wrong(draw, error.code)
    else:
        if developed.black:
            draws.blocked(draw, *FLAGGED)
        else:
            _deliver(draw, developed)


def _deliver(draw: Draw, developed: Developed) -> None:
    """Files first, then the step: a crash between leaves files under names that the next try finds again."""
    stored = _write(developed) if _is_wanted(Image.objects.get(pk=draw.image_id)) else None  # as it is now
    while not _finish(draw, developed, stored):
        stored = _write(developed)


def _write(developed: Developed) -> Stored:
    doomed.spare(store.names(developed))
    return store.write(developed)


@transaction.atomic
def _finish(draw: Draw, developed: Developed, stored: Stored | None) -> bool:
    """The last step, with the files or without them, as its owner wishes it at this moment. False when there are none
    and they are wanted: it was deleted, and taken out of the bin while we looked."""
    image = Image.objects.select_for_update().get(pk=draw.image_id)
    picture, is_wanted = developed.original, _is_wanted(image)
    if is_wanted and banned.is_banned(store.names(developed)[0], image.user_id):
        draws.blocked(draw, *TAKEN_DOWN)
        _leave_nothing(draw, developed, FalErasure.Cause.TAKEN_DOWN)
        return True
    if is_wanted and stored is None:
        return False
    kept: dict[str, Any]
    if is_wanted and stored is not None:
        kept = {"name": stored.name, "variants": stored.variants, "sha256": picture.sha256}
    else:
        kept = {"name": "", "variants": {}, "sha256": erasure.ERASED, "erased_at": timezone.now()}
    lifecycle.finish(
        image, Status.STORED, draw=draw, content_type=picture.content_type,
        width=picture.width, height=picture.height, bytes=len(picture.data), not_before=None, **kept,
    )  # fmt: skip
    if not is_wanted:
        erasure.close([image.generation_id])
        _leave_nothing(draw, developed, FalErasure.Cause.DELETED)
    return True


def _leave_nothing(draw: Draw, developed: Developed, cause: FalErasure.Cause) -> None:
    """Of a picture that nobody is to have: what fal has, and files written just now, or by an earlier try that died."""
    Draw.objects.filter(image=draw.image_id).update(result=None)
    fal_erasures.ask([draw.image_id], cause)
    doomed.doom(store.names(developed))


def _is_wanted(image: Image) -> bool:
    """Whether its files are to be kept: its owner has not deleted it, alone or with its generation."""
    is_kept = image.binned_at is None and image.erased_at is None
    return is_kept and Generation.objects.filter(pk=image.generation_id, deleted_at=None).exists()


def _claim(draw: Draw) -> bool:
    now = timezone.now()
    free = Q(not_before=None) | Q(not_before__lte=now)
    rows = Image.objects.filter(free, pk=draw.image_id, status=Status.STORING, draw=draw)
    return bool(rows.update(not_before=now + timedelta(seconds=LEASE_S)))


def _later(draw: Draw, reason: str) -> None:
    """fal's CDN does not answer: again with growing pauses, since fal was paid for this picture and still has it."""
    if draw.completed_at and timezone.now() - draw.completed_at > PATIENCE:
        draws.file_wrong(draw, "unreachable")
        return
    pause = min(2.0 ** min(draw.fetches, 6), LONGEST_PAUSE_S)
    logger.info("draw %s: fetching failed (%s), again in %.0f s", draw.pk, reason, pause)
    Draw.objects.filter(pk=draw.pk).update(fetches=F("fetches") + 1)
    Image.objects.filter(pk=draw.image_id, status=Status.STORING, draw=draw).update(
        not_before=timezone.now() + timedelta(seconds=pause)
    )


def restore(name: str) -> bool:
    """Bring back a picture's or thumbnail's file that was lost, while fal still has the picture; True when it is there.

    The same bytes are converted, marked and made small in the same way, so the files stand under the same names.
    """
    if store.exists(name):
        return True
    image = _owner_of(name)
    picture = delivered(image.draw.result) if image is not None and image.draw is not None else None
    if image is None or picture is None:
        return False
    try:
        data = media.download(picture.url, max_bytes=MOST_BYTES)
        store.write(develop(data, image.generation.output_format))
    except (media.MediaUnavailable, media.MediaGone, media.MediaWrong, BadPicture) as error:
        logger.error("the lost file %s is not to be had any more (%s)", name, type(error).__name__)
        return False
    return store.exists(name)


def _owner_of(name: str) -> Image | None:
    return Image.objects.showing([name]).select_related("draw", "generation").first()
