"""The upkeep of uploads: how much a user may keep here, and until when.

An upload stays as long as a generation was ordered with it, or the draft names it; else it goes thirty days after it
was last known to be used, or when its owner deletes it. Against the quota counts what no generation uses, together with
the files that are kept for a day (`kept_files`).
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Sum
from django.utils import timezone

from billing import set_limits
from billing.set_limits import Limit

from . import doomed
from .models import Customer, Draft, Generation, KeptFile, Upload, UploadUse

UNUSED_LASTS = timedelta(days=30)
AT_ONCE = 100  # uploads in one sweep
MB = 1024 * 1024
FILES = Limit(
    "uploads", "Uploads kept", "files", "Those that no generation uses.",
    lambda: settings.UPLOADS_PER_USER, "UPLOADS_PER_USER", most=1_000_000,
)  # fmt: skip
MEGABYTES = Limit(
    "upload_mb", "Size of the uploads kept", "MB", "Of those that no generation uses, together.",
    lambda: settings.UPLOAD_MB_PER_USER, "UPLOAD_MB_PER_USER", most=1_000_000,
)  # fmt: skip


class InUse(Exception):
    """The upload stays: so many generations were ordered with it."""

    def __init__(self, generations: int) -> None:
        self.generations = generations
        many = "a generation uses" if generations == 1 else f"{generations} generations use"
        super().__init__(f"The upload stays, since {many} it. Delete what was drawn with it first.")


@dataclass(frozen=True)
class Room:
    """What a user keeps that counts, and the most of it; sizes in bytes."""

    files: int
    files_allowed: int
    bytes: int
    bytes_allowed: int


class QuotaReached(Exception):
    """There is no room for one more; nothing was kept."""

    def __init__(self, room: Room) -> None:
        self.room = room
        super().__init__(
            f"You keep {room.files} of {room.files_allowed} uploads with {room.bytes / MB:.1f} of "
            f"{room.bytes_allowed // MB} MB that no generation uses. Delete some, or wait: what nobody uses goes after "
            f"{UNUSED_LASTS.days} days."
        )


def room(user_id: int) -> Room:
    used, unused = UploadUse.objects.filter(upload=OuterRef("pk")), Upload.objects.filter(user_id=user_id)
    sums = {"files": Count("pk"), "size": Sum("bytes", default=0)}
    uploads = unused.exclude(Exists(used)).aggregate(**sums)
    files = KeptFile.objects.filter(user_id=user_id, ends_at__gt=timezone.now()).aggregate(**sums)
    return Room(
        files=uploads["files"] + files["files"],
        files_allowed=set_limits.amount(FILES, user_id),
        bytes=uploads["size"] + files["size"],
        bytes_allowed=set_limits.amount(MEGABYTES, user_id) * MB,
    )


def make_room(user_id: int, *, files: int = 1, bytes: int) -> None:
    """Make sure that there is room for so much more until the transaction ends. Raises QuotaReached."""
    Customer.objects.get_or_create(user_id=user_id)
    Customer.objects.select_for_update().get(user_id=user_id)  # one at a time: two at once could both be the last
    found = room(user_id)
    if found.files + files > found.files_allowed or found.bytes + bytes > found.bytes_allowed:
        raise QuotaReached(found)


def use(generation: Generation, uploads: Sequence[Upload]) -> list[UUID]:
    """Note that a generation is ordered with these; which of them were deleted meanwhile. Belongs into its transaction,
    before any other lock."""
    wanted = {upload.pk for upload in uploads}
    rows = Upload.objects.filter(pk__in=wanted).order_by("id").select_for_update()
    there = set(rows.values_list("pk", flat=True))
    Upload.objects.filter(pk__in=there).update(used_at=timezone.now())
    UploadUse.objects.bulk_create(UploadUse(upload_id=id, generation_id=generation.pk) for id in sorted(there))
    return sorted(wanted - there)


@transaction.atomic
def delete(upload: Upload) -> None:
    """Delete an upload that no generation uses. Raises InUse."""
    locked = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if locked is None:
        return
    uses = locked.uses.count()
    if uses:
        raise InUse(uses)
    _delete([locked])


@transaction.atomic
def sweep() -> None:
    """Delete some of the uploads that nobody used for thirty days. What a generation or a draft uses is looked at again
    in thirty days, so that a sweep does not grow with what is kept."""
    old = Upload.objects.filter(used_at__lt=timezone.now() - UNUSED_LASTS).order_by("used_at")
    rows = list(old.select_for_update()[:AT_ONCE])
    ordered = UploadUse.objects.filter(upload__in=[row.pk for row in rows]).values_list("upload", flat=True)
    used = {*ordered, *_in_drafts(rows)}
    Upload.objects.filter(pk__in=used).update(used_at=timezone.now())
    _delete([row for row in rows if row.pk not in used])


def _in_drafts(uploads: Sequence[Upload]) -> set[UUID]:
    """Which of them stand in their owner's draft, or in the one that was set aside."""
    texts: dict[int, str] = defaultdict(str)
    for draft in Draft.objects.filter(user_id__in={row.user_id for row in uploads}):
        texts[draft.user_id] = json.dumps([draft.typed, draft.aside])
    return {row.pk for row in uploads if str(row.pk) in texts[row.user_id]}


def _delete(rows: Sequence[Upload]) -> None:
    Upload.objects.filter(pk__in=[row.pk for row in rows]).delete()
    doomed.doom(row.name for row in rows)
