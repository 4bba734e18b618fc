"""Farewell: the deletion of an account, as a row with steps that can be taken up again wherever a process died.

`begin` shuts the person out and hides everything, in one transaction; a task does the rest. Each step may be said again
at any time; the row moves to the next one by an UPDATE that names the step it was in. What the ledger and the road's
rows are about stays, under a user's row that is empty: see docs/decisions/0010.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import erasure as accounts_erasure
from accounts import portrait
from accounts.models import User
from billing import leaving, ledger, overdue, set_limits
from billing.credits import show
from billing.errors import StillHeld
from billing.models import Account
from billing.stripe_values import StripeUnavailable
from generations import erasure, lifecycle
from generations.models import FINAL, Generation, Image, Status
from generations.nudge import nudge
from krea_site import exports, mails, trial
from krea_site.models import Export, Farewell, Mail, Report, StaffMember
from krea_site.nudges import SAY_FAREWELL
from partners import erasure as partners_erasure
from partners.models import Key

logger = logging.getLogger(__name__)

Step = Farewell.Step
_STEPS = list(Step)
WORKING_S = settings.TASK_TIMEOUT_S * 2 // 3
LEASE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
STRIPE_AGAIN_IN = timedelta(minutes=1)
PICTURES_END_IN = timedelta(seconds=5)  # the next look at what is being cancelled
LATECOMERS = timedelta(seconds=settings.SWEEP_AGE_S)  # whatever began before the farewell has ended by then
MAILS_END_IN = timedelta(minutes=10)
MAILS_LAST = timedelta(days=2)
MANY_TRIES = 20

Wait = timedelta | None  # None: the step is done; zero: there is more of it; else: look again after this


@dataclass(frozen=True)
class Outlook:
    """What deleting an account means, said before; credits in 1/100."""

    available: int
    held: int
    debt: int
    pictures: int
    running: int
    keys: int


def outlook(user: User) -> Outlook:
    purse = Account.objects.filter(user=user).first() or Account()
    images = Image.objects.filter(user=user, generation__deleted_at=None)
    return Outlook(
        available=purse.available,
        held=purse.held,
        debt=purse.debt,
        pictures=images.filter(status=Status.STORED).count(),
        running=images.exclude(status__in=FINAL).count(),
        keys=Key.objects.of(user).valid().count(),
    )


@transaction.atomic
def begin(user: User) -> Farewell:
    """From here on nobody is logged in as this user, none of their keys opens anything, and nothing is shown."""
    farewell, is_new = Farewell.objects.get_or_create(user=user, defaults={"address": user.email})
    if is_new:
        accounts_erasure.lock_out(user.pk)
        Generation.objects.filter(user=user, deleted_at=None).update(deleted_at=timezone.now())
        Export.objects.filter(user=user).update(state=Export.State.FAILED)
        mails.send(user.email, "farewell", {}, key=f"farewell:{farewell.pk}")
        nudge(SAY_FAREWELL, str(farewell.pk), takes_long=True)
    return farewell


def go_on(farewell_id: int) -> None:
    """Take steps until the last one, or until one has to wait, or the time of a task is over."""
    if not _claim(farewell_id):
        return
    ends_at = time.monotonic() + WORKING_S
    while True:
        farewell = Farewell.objects.select_related("user").get(pk=farewell_id)
        if farewell.step == Step.DONE:
            return
        wait = STEPS[farewell.step](farewell)
        if wait:
            Farewell.objects.unfinished().filter(pk=farewell_id).update(due_at=timezone.now() + wait, tries=0)
            return
        if time.monotonic() > ends_at:
            Farewell.objects.unfinished().filter(pk=farewell_id).update(due_at=timezone.now())
            nudge(SAY_FAREWELL, str(farewell_id), takes_long=True)
            return


def sweep() -> None:
    """Have a worker take up what waits, and what a worker died over."""
    for farewell_id in overdue.take(Farewell.objects.unfinished()):
        nudge(SAY_FAREWELL, str(farewell_id), takes_long=True)


def cancel(farewell: Farewell) -> Wait:
    """Ask every picture back that is on its way, and wait until each has come to its end."""
    running = Generation.objects.filter(user=farewell.user).running()
    for generation in running.order_by("id"):
        lifecycle.delete(generation)
    if running.exists():
        return PICTURES_END_IN
    _next(farewell)
    return None


def stripe(farewell: Farewell) -> Wait:
    """Nothing is charged any more, and Stripe forgets the person."""
    try:
        leaving.leave(farewell.user)
    except StripeUnavailable:
        return STRIPE_AGAIN_IN
    _next(farewell)
    return None


def money(farewell: Farewell) -> Wait:
    """Bring the wallet to zero. A picture that was ordered at the very last moment still holds credits: back to
    cancelling."""
    try:
        with transaction.atomic():
            closed = ledger.close(farewell.user, key=f"forfeit:{farewell.user.pk}", actor="farewell")
            _next(farewell, forfeited=closed.forfeited, written_off=closed.written_off)
    except StillHeld:
        _step(farewell, Step.CANCEL)
        return PICTURES_END_IN
    return None


def close_keys(farewell: Farewell) -> Wait:
    partners_erasure.forget(farewell.user.pk)
    _next(farewell)
    return None


def pictures(farewell: Farewell) -> Wait:
    """Prompts, settings, pictures and references. The files go a little later: `generations.doomed`."""
    user_id = farewell.user.pk
    if erasure.erase_generations(user_id) or erasure.erase_uploads(user_id):
        return timedelta()
    _next(farewell)
    return None


def traces(farewell: Farewell) -> Wait:
    """Events, archives, reports, limits of their own, and whose trial it was."""
    if erasure.erase_workbench(farewell.user.pk) or erasure.erase_events(farewell.user.pk):
        return timedelta()
    _drop_archives(farewell)
    Report.objects.filter(email__iexact=farewell.address).update(email="")
    set_limits.erase(farewell.user.pk)
    trial.part(farewell.user, portrait.addresses(farewell.user))
    _next(farewell)
    return None


def person(farewell: Farewell) -> Wait:
    StaffMember.objects.filter(user=farewell.user).delete()
    accounts_erasure.forget(farewell.user.pk)
    _next(farewell)
    return None


def last(farewell: Farewell) -> Wait:
    """Once all is over that was under way when the farewell began: the mails, the last one when it was sent, and
    whatever came in late."""
    now = timezone.now()
    if now < farewell.created_at + LATECOMERS:
        return farewell.created_at + LATECOMERS - now
    # The address is free by now: mails of somebody who signed up with it again are theirs.
    theirs = Mail.objects.filter(to__iexact=farewell.address, created_at__lt=farewell.created_at + timedelta(minutes=1))
    if theirs.waiting().exists() and now < farewell.created_at + MAILS_LAST:
        return MAILS_END_IN
    user_id = farewell.user.pk
    slices = (erasure.erase_generations, erasure.erase_uploads, erasure.erase_workbench, erasure.erase_events)
    if any(erase(user_id) for erase in slices):
        return timedelta()
    _drop_archives(farewell)
    with transaction.atomic():
        theirs.delete()
        partners_erasure.forget(user_id)
        _step(farewell, Step.DONE, address="", finished_at=now)
    logger.info(
        "farewell %s: done; %s forfeited, %s written off",
        farewell.pk, show(farewell.forfeited), show(farewell.written_off),
    )  # fmt: skip
    return None


STEPS: dict[str, Callable[[Farewell], Wait]] = {
    Step.CANCEL: cancel,
    Step.STRIPE: stripe,
    Step.MONEY: money,
    Step.KEYS: close_keys,
    Step.PICTURES: pictures,
    Step.TRACES: traces,
    Step.PERSON: person,
    Step.MAILS: last,
}


def _drop_archives(farewell: Farewell) -> None:
    for export_id in list(Export.objects.filter(user=farewell.user).values_list("pk", flat=True)):
        exports.drop(export_id)


def _claim(farewell_id: int) -> bool:
    """Whether this worker is the one at it; many tries without a step are a sign of trouble, said once."""
    now = timezone.now()
    due = Farewell.objects.unfinished().filter(pk=farewell_id, due_at__lte=now)
    if not due.update(due_at=now + LEASE, tries=F("tries") + 1):
        return False
    stuck = Farewell.objects.filter(pk=farewell_id, tries=MANY_TRIES).first()
    if stuck is not None:
        logger.error("farewell %s was tried %d times at step %s", farewell_id, MANY_TRIES, stuck.step)
    return True


def _next(farewell: Farewell, **fields: Any) -> None:
    _step(farewell, _STEPS[_STEPS.index(Step(farewell.step)) + 1], **fields)


def _step(farewell: Farewell, to: Step, **fields: Any) -> None:
    """Two workers at one step come to the same: only the first of them moves the row."""
    Farewell.objects.filter(pk=farewell.pk, step=farewell.step).update(step=to, tries=0, **fields)
