"""Acts of staff on many generations: a row, and a task that walks from the newest to the oldest in bounded time.

What is done to one generation, and the step of the row beyond it, are one transaction: a worker that dies loses one of
them at most, and of two workers at one act, each generation is done by one. The sweep takes up what nobody works on.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from billing import overdue
from generations.models import Generation
from generations.nudge import nudge
from krea_site import reasons, retries, steering
from krea_site.models import BulkAct, BulkRefusal
from krea_site.nudges import DO_MANY
from krea_site.picture_filters import Filters
from krea_site.steering import Outcome, Refused

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
WORKING_S = settings.TASK_TIMEOUT_S * 2 // 3
LOST_NUDGE_AGE = timedelta(seconds=10)
AT_ONCE = 200  # ids read at a time
MOST_IDS = 500
FAULT = "A fault of ours, which is in the log. Nothing was changed."
MOST = 10_000  # generations of one act by a filter: so many are summed up within a second
What = BulkAct.What


def begin(
    what: What,
    *,
    id: UUID,
    by: Any,
    why: str,
    counted: int,
    filter: Mapping[str, str] | None = None,
    ids: list[UUID] | None = None,
    newest: UUID,
    at_house_cost: bool = False,
) -> BulkAct:
    """Write an act down and have a worker take it up. Belongs into the transaction of its entry in the audit log.
    IntegrityError where it was begun before."""
    act = BulkAct.objects.create(
        id=id, what=what, by=by, why=why, counted=counted, filter=dict(filter or {}), newest=newest,
        ids=sorted((str(each) for each in ids or []), reverse=True), at_house_cost=at_house_cost,
    )  # fmt: skip
    nudge(DO_MANY, str(act.pk), takes_long=True)
    return act


def stop(act_id: UUID) -> bool:
    """Ask an act to stop; False when it is over, or somebody asked before. What is done stays done."""
    return bool(BulkAct.objects.unfinished().filter(pk=act_id, stopped_at=None).update(stopped_at=timezone.now()))


def go_on(act_id: UUID) -> None:
    """Do as many as one task has time for; then another one goes on."""
    now = timezone.now()
    if not BulkAct.objects.unfinished().filter(pk=act_id, due_at__lte=now).update(due_at=now + LEASE):
        return
    act = BulkAct.objects.select_related("by").get(pk=act_id)
    ends_at = time.monotonic() + WORKING_S
    for generation_id in _rest(act):
        if time.monotonic() > ends_at:
            if BulkAct.objects.unfinished().filter(pk=act_id).update(due_at=timezone.now()):
                nudge(DO_MANY, str(act_id), takes_long=True)
            return
        if not _do(act, generation_id):
            break
        act.last = generation_id
    mine = BulkAct.objects.unfinished().filter(pk=act_id)
    if mine.exclude(stopped_at=None).update(finished_at=timezone.now()):
        return
    mine.filter(last=act.last).update(finished_at=timezone.now())


def sweep() -> None:
    """Have a worker take up what nobody works on."""
    for act_id in overdue.take(BulkAct.objects.unfinished(), patience=LOST_NUDGE_AGE):
        nudge(DO_MANY, str(act_id), takes_long=True)


def chosen(act: BulkAct) -> "QuerySet[Generation]":
    """The generations that it is about, the newest first, as they are now; but those that were ordered later."""
    rows = Generation.objects.filter(pk__in=act.ids) if act.ids else Filters.read(act.filter).generations()
    return rows.filter(pk__lte=act.newest).order_by("-pk")


def _rest(act: BulkAct) -> Iterator[UUID]:
    """From behind the last one on, read anew from time to time."""
    last = act.last
    while True:
        rows = chosen(act) if last is None else chosen(act).filter(pk__lt=last)
        found = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        yield from found
        if len(found) < AT_ONCE:
            return
        last = found[-1]


@transaction.atomic
def _do(act: BulkAct, generation_id: UUID) -> bool:
    """One generation and the step beyond it; False when the act was stopped, or another worker is ahead."""
    mine = BulkAct.objects.unfinished().filter(pk=act.pk, last=act.last, stopped_at=None)
    if not mine.update(last=generation_id, seen=F("seen") + 1, due_at=timezone.now() + LEASE):
        return False
    row = BulkAct.objects.filter(pk=act.pk)
    try:
        with transaction.atomic():
            outcome = _ACTS[What(act.what)](act, generation_id)
    except Refused as refusal:
        _refuse(act, generation_id, str(refusal))
        return True
    except DatabaseError:
        raise
    except Exception:  # else one generation would hold up all that come behind it, for good
        logger.exception("bulk act %s: generation %s was left out", act.pk, generation_id)
        _refuse(act, generation_id, FAULT)
        return True
    if outcome.images:
        row.update(
            done=F("done") + 1, images=F("images") + outcome.images, amount=F("amount") + outcome.amount
        )  # fmt: skip
    return True


def _refuse(act: BulkAct, generation_id: UUID, words: str) -> None:
    BulkRefusal.objects.create(act=act, generation_id=generation_id, words=words[:300])
    BulkAct.objects.filter(pk=act.pk).update(refused=F("refused") + 1)


def _retry(act: BulkAct, generation_id: UUID) -> Outcome:
    made = retries.retry(generation_id, at_house_cost=act.at_house_cost, by=act.by, why=act.why, bulk=act)
    return Outcome(sum(each.again.quantity for each in made), sum(each.amount for each in made))


def _cancel(act: BulkAct, generation_id: UUID) -> Outcome:
    return steering.cancel(generation_id)


def _refund(act: BulkAct, generation_id: UUID) -> Outcome:
    return steering.refund(generation_id, actor=reasons.actor(act.by))


_ACTS: dict[What, Callable[[BulkAct, UUID], Outcome]] = {
    What.RETRY: _retry,
    What.CANCEL: _cancel,
    What.REFUND: _refund,
}
