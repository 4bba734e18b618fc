"""What is erased here is erased at fal too: rows that wait until fal says so.

`ask` writes the rows in the transaction that empties the pictures; the sweep has workers take them up. What fal does
not do is tried again on LADDER; after its last rung staff sees it and may say `again`.
"""

import logging
from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from billing import overdue

from .fal import payloads
from .models import Draw, FalErasure, Image
from .nudge import ERASE_AT_FAL, nudge, waiting_jobs

logger = logging.getLogger(__name__)

Cause = FalErasure.Cause
LEASE: Final = timedelta(seconds=settings.TASK_TIMEOUT_S + 30)
LADDER: Final = (
    timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1),
    timedelta(days=2),
)  # fmt: skip
GONE_LASTS: Final = timedelta(days=30)
AT_ONCE: Final = 2000


def ask(image_ids: Collection[UUID], cause: FalErasure.Cause) -> int:
    """Have everything erased that fal has of these images, whose draws have ended; how many requests of fal that are.
    Belongs into the transaction that empties them; saying it twice asks once."""
    rows = [FalErasure(request_id=request_id, cause=cause) for request_id in requests_of(image_ids)]
    FalErasure.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def came_late(image: Image) -> None:
    """fal answered for an image that is erased or taken down already."""
    if image.erased_at is None and not image.is_taken_down:
        return
    Draw.objects.filter(image=image).update(result=None)
    ask([image.pk], Cause.TAKEN_DOWN if image.is_taken_down else Cause.DELETED)


def requests_of(image_ids: Collection[UUID]) -> list[str]:
    """fal's ids of all that was drawn for these images."""
    draws = Draw.objects.filter(image__in=list(image_ids)).exclude(request_id=None).order_by("pk")
    return [str(request_id) for request_id in draws.values_list("request_id", flat=True)]


def work(id: UUID) -> None:
    """One call at fal; a second worker finds nothing to do."""
    now = timezone.now()
    due = FalErasure.objects.waiting().filter(pk=id, due_at__lte=now)
    if not due.update(due_at=now + LEASE, tries=F("tries") + 1):
        return
    row = FalErasure.objects.get(pk=id)
    try:
        said = payloads.erase(row.request_id)
    except payloads.Unavailable as trouble:
        _not_yet(row, trouble.reason)
        return
    if isinstance(said, payloads.NotYet):
        _not_yet(row, said.reason)
        return
    FalErasure.objects.waiting().filter(pk=id).update(gone_at=timezone.now(), error="")


def again(ids: Collection[UUID]) -> int:
    """From the lowest rung, now: what was given up, and what waits for a later try; how many."""
    rows = FalErasure.objects.filter(pk__in=list(ids), gone_at=None)
    return rows.update(due_at=timezone.now(), nudged_at=None, tries=0, given_up_at=None)


def sweep() -> None:
    """Have workers take up what is due, while they are not busy with more urgent things."""
    if waiting_jobs(ERASE_AT_FAL) > settings.WORKERS * 2:
        return
    for id in overdue.take(FalErasure.objects.waiting()):
        nudge(ERASE_AT_FAL, str(id))


def prune() -> int:
    """Forget what has long been gone; how many."""
    old = FalErasure.objects.filter(gone_at__lt=timezone.now() - GONE_LASTS)
    deleted = 0
    while ids := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        deleted += FalErasure.objects.filter(pk__in=ids).delete()[0]
    return deleted


def _not_yet(row: FalErasure, reason: str) -> None:
    now = timezone.now()
    mine = FalErasure.objects.waiting().filter(pk=row.pk, tries=row.tries)  # unless staff said `again` meanwhile
    if row.tries > len(LADDER):
        logger.error("request %s could not be erased at fal: %s", row.request_id, reason)
        mine.update(given_up_at=now, error=reason[:200])
        return
    logger.warning("request %s is not erased at fal yet: %s", row.request_id, reason)
    mine.update(due_at=now + LADDER[row.tries - 1], error=reason[:200])
