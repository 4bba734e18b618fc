"""Takedowns: a picture is removed for good for everybody, as a row with steps that can be taken up again wherever a
process died.

`begin` removes the reported picture itself, bans its file and closes what was reported of it, in one transaction; a
task does the rest: every other image that has the same file, the files, and what fal has. Each step may be said again
at any time.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from billing import overdue
from generations import banned, erasure, fal_erasures, takedowns
from generations.models import FalErasure, Image, ImageQuerySet, Share
from generations.nudge import nudge
from krea_site import mails, reports
from krea_site.models import Decision, Reason, Report, Takedown
from krea_site.nudges import TAKE_DOWN

logger = logging.getLogger(__name__)

Step = Takedown.Step
LEASE: Final = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
STORAGE_AGAIN_IN: Final = timedelta(minutes=1)
FAL_AGAIN_IN: Final = timedelta(minutes=1)
MANY_TRIES: Final = 20

Wait = timedelta | None  # None: the step is done; zero: there is more of it; else: look again after this


class NoPicture(Exception):
    """There is nothing to take down: it was never stored, is gone, or was taken down before."""


class Overtaken(Exception):
    """More or fewer images have this file than staff was shown; nothing was done."""


@dataclass(frozen=True)
class Outlook:
    """What a takedown would remove, said before. `others` are images of the same file of other owners, `own` those of
    the same owner, the reported one included."""

    own: int
    others: int
    other_owners: int
    links: int
    reports: int

    @property
    def mark(self) -> str:
        """Changes with what is removed."""
        return f"{self.own}.{self.others}.{self.other_owners}"


def outlook(image: Image) -> Outlook:
    same = takedowns.showing(image.name)
    others = same.exclude(user_id=image.user_id)
    return Outlook(
        own=same.filter(user_id=image.user_id).count(),
        others=others.count(),
        other_owners=others.values("user_id").distinct().count(),
        links=Share.objects.standing().filter(image__in=same.values("pk")).count(),
        reports=Report.objects.open().filter(image_id=image.pk).count(),
    )


@transaction.atomic
def begin(image_id: UUID, *, by: Any, reason: Reason, why: str, is_for_all: bool, mark: str) -> Takedown:
    """The picture itself is gone from here on, and what was reported of it is closed. `mark` is that of the outlook
    that staff saw. Raises NoPicture and Overtaken; of two presses one finds nothing any more."""
    image = Image.objects.select_for_update().filter(pk=image_id).first()
    if image is None or not image.name:
        raise NoPicture
    if outlook(image).mark != mark:
        raise Overtaken
    row = Takedown.objects.create(
        image_id=image.pk, owner_id=image.user_id, sha256=image.sha256, reason=reason, why=why, is_for_all=is_for_all,
        names=erasure.files_of(image),
    )  # fmt: skip
    banned.ban([image.name], _whose(row))
    _take(row, [image.pk], by=by)
    nudge(TAKE_DOWN, str(row.pk), takes_long=True)
    return row


def go_on(takedown_id: UUID) -> None:
    """Take steps until the last one, or until one has to wait."""
    if not _claim(takedown_id):
        return
    while True:
        row = Takedown.objects.get(pk=takedown_id)
        if row.step == Step.DONE:
            return
        wait = STEPS[row.step](row)
        if wait is None:
            _next(row)
        elif wait:
            Takedown.objects.unfinished().filter(pk=takedown_id).update(due_at=timezone.now() + wait)
            return


def sweep() -> None:
    """Have a worker take up what waits, and what a worker died over."""
    for takedown_id in overdue.take(Takedown.objects.unfinished()):
        nudge(TAKE_DOWN, str(takedown_id), takes_long=True)


def images(row: Takedown) -> Wait:
    """Every other image that has the file, some at a time, and those that are being stored at this moment; then the
    references and kept files that are this picture."""
    banned.wait_out(row.names[:1])
    with transaction.atomic():
        ids = list(_same(row).order_by("pk").values_list("pk", flat=True)[: takedowns.A_SLICE])
        if ids:
            _take(row, ids)
            return timedelta()
    return _uploads(row)


def files(row: Takedown) -> Wait:
    """The files themselves, which others' rows may keep where they were not to go; the list of files to delete stands
    behind."""
    try:
        takedowns.remove_files(row.names)
    except DatabaseError:
        raise
    except Exception as error:  # whatever the storage's library raises
        return _storage_is_down(row, error)
    return None


def fal(row: Takedown) -> Wait:
    """Until fal has said of each request that it is gone. What it refuses for good waits for staff."""
    left = FalErasure.objects.filter(request_id__in=row.requests, gone_at=None)
    return FAL_AGAIN_IN if left.exists() else None


STEPS: dict[str, Callable[[Takedown], Wait]] = {Step.IMAGES: images, Step.FILES: files, Step.FAL: fal}


def _uploads(row: Takedown) -> Wait:
    try:
        names = [row.names[0], *takedowns.copies_of(row.names[0])]
    except Exception as error:  # whatever the storage's library raises
        return _storage_is_down(row, error)
    banned.ban(names, _whose(row))
    banned.wait_out(names)
    with transaction.atomic():
        gone = takedowns.take_uploads(names, _whose(row))
        now = Takedown.objects.select_for_update().get(pk=row.pk)
        now.names = list(dict.fromkeys([*now.names, *names]))
        now.uploads += gone
        now.save(update_fields=["names", "uploads"])
    return None


def _storage_is_down(row: Takedown, error: Exception) -> Wait:
    """It is asked again."""
    logger.error("takedown %s: its files are out of reach (%s); again later", row.pk, type(error).__name__)
    return STORAGE_AGAIN_IN


def _whose(row: Takedown) -> int | None:
    """Whose pictures go; None: everybody's."""
    return None if row.is_for_all else row.owner_id


def _same(row: Takedown) -> ImageQuerySet:
    rows = takedowns.showing(row.names[0])
    return rows if row.is_for_all else rows.filter(user_id=row.owner_id)


def _take(row: Takedown, ids: Collection[UUID], *, by: Any = None) -> None:
    """Some images, with the reports about them and a mail to each owner; in the caller's transaction. Images are
    locked before the row of the takedown, as everywhere."""
    told = f"{row.get_reason_display()}. {row.why}"
    taken = takedowns.take_down(ids, why=told)
    requests = fal_erasures.requests_of([image.pk for image in taken])
    now = Takedown.objects.select_for_update().get(pk=row.pk)
    now.names = list(dict.fromkeys([*now.names, *(name for image in taken for name in erasure.files_of(image))]))
    now.requests = [*now.requests, *(each for each in requests if each not in now.requests)]
    now.taken += len(taken)
    now.save(update_fields=["names", "requests", "taken"])
    for report in Report.objects.open().filter(image_id__in=[image.pk for image in taken]).order_by("pk"):
        reports.close(report, by=by, decision=Decision.TAKEN_DOWN, done=row.why)
    for user in get_user_model().objects.filter(pk__in={image.user_id for image in taken}, is_active=True):
        mails.send(user.email, "taken_down", {"why": told}, key=f"takedown:{row.pk}:{user.pk}")


def _claim(takedown_id: UUID) -> bool:
    now = timezone.now()
    due = Takedown.objects.unfinished().filter(pk=takedown_id, due_at__lte=now)
    if not due.update(due_at=now + LEASE, tries=F("tries") + 1):
        return False
    stuck = Takedown.objects.filter(pk=takedown_id, tries=MANY_TRIES).exclude(step=Step.FAL).first()
    if stuck is not None:
        logger.error("takedown %s was tried %d times at step %s", takedown_id, MANY_TRIES, stuck.step)
    return True


def _next(row: Takedown) -> None:
    """Two workers at one step come to the same: only the first of them moves the row."""
    steps = list(Step)
    to = steps[steps.index(Step(row.step)) + 1]
    ended = {"finished_at": timezone.now()} if to == Step.DONE else {}
    Takedown.objects.filter(pk=row.pk, step=row.step).update(step=to, tries=0, **ended)
