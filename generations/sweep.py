"""The sweep: take up whatever stands still. Enqueueing is a nudge, never the truth; the rows are.

Every kind of standing still has one function here, and its age derives from the other waits in settings.
"""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from . import (
    bin,
    cancels,
    doomed,
    draws,
    erasure,
    fal_erasures,
    fal_state,
    kept_files,
    lifecycle,
    pauses,
    switches,
    unknowns,
    upkeep,
)
from .models import Generation, Image, Status, Switch
from .nudge import CANCEL, COLLECT, PROBE, RESOLVE, SEND, nudge, waiting_jobs

logger = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(hours=24)
NO_SLOT = (
    "no_slot",
    "No slot came free within 24 hours. You were not charged; please try again when it is quieter.",
)
LOST_NUDGE_AGE_S = 10  # asked for, and no task has begun
MOST_AT_ONCE = 200
GIVING_BACK_LASTS_S = 1.5  # in one round, which the follower's lease outlives


def run() -> None:
    for look in (
        unsent,
        unanswered,
        unknown,
        uncanceled,
        unstored,
        withheld,
        too_long_queued,
        overdue,
        idle_and_not_well,
        unsettled,
        lifecycle.cancel_deleted,
        bin.sweep,
        erasure.sweep,
        upkeep.sweep,
        kept_files.sweep,
        doomed.sweep,
        fal_erasures.sweep,
    ):
        try:
            look()
        except DatabaseError:
            raise
        except Exception:
            logger.exception("the sweep for what is %s failed; the others go on", look.__name__)


def unsent() -> None:
    """Dispatched, but the task that sends it was lost."""
    for image in _forgotten(_still(Status.SENDING, 0).filter(draw__sent_at=None), SEND):
        nudge(SEND, str(image.draw_id))


def unanswered() -> None:
    """The sender died between its call and writing down the answer: fal may have it."""
    for image in _still(Status.SENDING, settings.TASK_TIMEOUT_S).exclude(draw__sent_at=None):
        if image.draw is None:
            continue
        if image.draw.request_id:
            draws.accepted(image.draw, image.draw.request_id)
        elif image.draw.sent_at and image.draw.sent_at < _ago(settings.TASK_TIMEOUT_S):
            draws.lost(image.draw)


def unknown() -> None:
    """Sends whose answer was lost: asked about in fal's history, by a task since that may take a while."""
    for image in _forgotten(_still(Status.UNKNOWN, 0), RESOLVE, at_once=True):
        if image.draw is not None and unknowns.is_due(image.draw):
            nudge(RESOLVE, str(image.draw.pk))


def uncanceled() -> None:
    """A wish to cancel that fal was not asked about, or did not answer."""
    rows = _still(Status.DRAWING, 0).filter(cancel_requested_at__isnull=False)
    unasked = Q(draw__cancel_asked_at=None) | Q(draw__cancel_asked_at__lt=_ago(cancels.ASK_AGAIN_AFTER_S))
    for image in _forgotten(rows.filter(unasked), CANCEL, at_once=True):
        nudge(CANCEL, str(image.pk))


def unstored() -> None:
    """fal's result is saved, but nobody fetches the picture now."""
    rows = Image.objects.select_related("draw").filter(status=Status.STORING)
    for image in _forgotten(rows.due(), COLLECT):
        nudge(COLLECT, str(image.draw_id))


def withheld() -> None:
    """Waits for an image model that staff has switched off and whose work is given back. The switch is the row of it:
    whoever dies leaves the rest to the next round, and what comes back into the queue later is found as well."""
    ends_at = time.monotonic() + GIVING_BACK_LASTS_S
    for switch in Switch.objects.filter(off_at__isnull=False, gives_back=True).order_by("name"):
        words = f"{switches.notice_of(switch.name, switch.notice)} You were not charged."
        for image in Image.objects.queued().filter(image_model=switch.name).in_turn()[:MOST_AT_ONCE]:
            lifecycle.give_back(image, words)
            if time.monotonic() > ends_at:
                return


def too_long_queued() -> None:
    """Since before the longest wait, without the times in which staff had stopped sending."""
    before = pauses.before(timezone.now(), LONGEST_WAIT)
    for image in Image.objects.queued().filter(generation__created_at__lt=before)[:MOST_AT_ONCE]:
        code, message = NO_SLOT
        lifecycle.finish(image, Status.FAILED, only_from=[Status.QUEUED], error_code=code, error_message=message)


def overdue() -> None:
    """Tried, refused, and back in the queue until the deadline. While staff has stopped sending, no deadline passes."""
    if pauses.is_on():
        return
    for image in Image.objects.queued().filter(deadline_at__lt=timezone.now())[:MOST_AT_ONCE]:
        code, message = draws.TIMED_OUT if image.draws_made else draws.FAL_BUSY
        lifecycle.finish(image, Status.FAILED, only_from=[Status.QUEUED], error_code=code, error_message=message)


def idle_and_not_well() -> None:
    """fal's account is locked or fal is down, and no picture waits that would find out when that is over."""
    if not Image.objects.queued().exists() and fal_state.is_probe_due():
        nudge(PROBE)


def unsettled() -> None:
    """All images are final, yet the hold is open: cannot come from our own transactions, so it is loud."""
    for generation in Generation.objects.running().filter(unfinished=0)[:MOST_AT_ONCE]:
        logger.error("generation %s was finished and not settled", generation.pk)
        lifecycle.settle_late(generation)


def _forgotten(rows: "QuerySet[Image]", task: str, *, at_once: bool = False) -> list[Image]:
    """Those that no worker took up in time, each at most once in that time; `at_once` where nobody was asked before.
    While jobs wait in the task's lane, nothing is lost, only slow: then the time is that after which the queue itself
    would repeat a job."""
    age = _ago(LOST_NUDGE_AGE_S if waiting_jobs(task) <= settings.WORKERS * 2 else settings.SWEEP_AGE_S)
    old = rows.filter(Q(nudged_at=None) | Q(nudged_at__lt=F("status_at")) | Q(nudged_at__lt=age))
    if not at_once:
        old = old.filter(status_at__lt=age)
    taken = [image for image in old.order_by("status_at")[:MOST_AT_ONCE] if image.draw_id]
    Image.objects.filter(pk__in=[image.pk for image in taken]).update(nudged_at=timezone.now())
    return taken


def _still(status: Status, age_s: float) -> "QuerySet[Image]":
    rows = Image.objects.select_related("draw").filter(status=status, status_at__lt=_ago(age_s))
    return rows.order_by("status_at")


def _ago(seconds: float) -> datetime:
    return timezone.now() - timedelta(seconds=seconds)
