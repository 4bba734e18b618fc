"""Trial credits: once for each mailbox, on the verification of an address, within a cap for each network and month and
one for the whole site and day.

The row is written in the transaction of the verification, and decided right after it; should the process die between,
the sweep decides. Who gets none is told why, and is not blocked.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from billing import ledger, set_limits, trial_limits
from billing.credits import PER_CREDIT, show
from billing.models import Transfer
from billing.set_limits import Limit
from krea_site import keyed_hash, mail_hosts
from krea_site.models import TrialCount, TrialGrant

logger = logging.getLogger(__name__)

State, Reason = TrialGrant.State, TrialGrant.Reason
SOON = timedelta(seconds=30)  # the request that wrote the row decides it long before
COUNTS_LAST = timedelta(days=70)  # longer than any month
AT_ONCE = 100


class Refused(Exception):
    def __init__(self, reason: TrialGrant.Reason) -> None:
        self.reason = reason
        super().__init__(str(reason))


def on_email_verified(*, user: User, address: str, request: HttpRequest, **_: Any) -> None:
    """Receiver of `accounts.signals.email_verified`."""
    grant_id = _write_down(user, address, str(request.META.get("REMOTE_ADDR", "")))
    if grant_id is not None:
        transaction.on_commit(lambda: _decide_and_tell(grant_id, request), robust=True)


def decide(grant_id: int) -> None:
    """Give the credits, or write down why not. Said twice, or by two at once, it is done once."""
    try:
        _give(grant_id)
    except Refused as refusal:
        _refuse(grant_id, refusal.reason)
    except IntegrityError:
        digest = TrialGrant.objects.values_list("address_digest", flat=True).get(pk=grant_id)
        if not TrialGrant.objects.filter(address_digest=digest, state=State.GIVEN).exclude(pk=grant_id).exists():
            raise
        _refuse(grant_id, Reason.USED)


def sweep() -> None:
    """Decide what nobody decided in time."""
    now = timezone.now()
    waiting = TrialGrant.objects.filter(state=State.WAITING)
    for grant_id in list(waiting.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)[:AT_ONCE]):
        if waiting.filter(pk=grant_id, due_at__lte=now).update(due_at=now + SOON):
            try:
                decide(grant_id)
            except DatabaseError:
                logger.exception("trial %s could not be decided", grant_id)


def refusal(user: Any) -> str:
    """Why a user got no trial credits, in a sentence; empty where they did, or were never due any."""
    row = TrialGrant.objects.filter(user=user, state=State.REFUSED).first()
    return row.get_reason_display() if row else ""


@transaction.atomic
def part(user: Any, addresses: Iterable[str]) -> None:
    """The user leaves: their trial stays used, for every mailbox of theirs, and nothing says whose it was."""
    now = timezone.now()
    if TrialGrant.objects.filter(user=user, state=State.GIVEN).exists():
        rows = [
            TrialGrant(address_digest=digest, state=State.GIVEN, decided_at=now)
            for digest in sorted({keyed_hash.of_address(address) for address in addresses})
        ]
        TrialGrant.objects.bulk_create(rows, ignore_conflicts=True)
    TrialGrant.objects.filter(user=user).exclude(state=State.GIVEN).delete()
    TrialGrant.objects.filter(user=user).update(user=None, network_digest="")


def prune_counts() -> int:
    """Delete counters that no rule looks at any more; how many."""
    return TrialCount.objects.filter(created_at__lt=timezone.now() - COUNTS_LAST).delete()[0]


def _write_down(user: User, address: str, client: str) -> int | None:
    """The row that waits to be decided; None where it was decided before. A refusal for a throw-away address is taken
    back when another address is verified."""
    told = {
        "address_digest": keyed_hash.of_address(address),
        "network_digest": keyed_hash.of_network(client),
        "is_throw_away": mail_hosts.is_throw_away(address),
        "due_at": timezone.now() + SOON,
    }
    row, is_new = TrialGrant.objects.get_or_create(user=user, defaults=told)
    if is_new:
        return row.pk
    again = TrialGrant.objects.filter(pk=row.pk, state=State.REFUSED, reason=Reason.THROW_AWAY)
    return row.pk if again.update(state=State.WAITING, reason="", decided_at=None, **told) else None


@transaction.atomic
def _give(grant_id: int) -> None:
    """All or nothing: the row, both counters, the credits. Locks are taken in this order, the ledger's last."""
    now = timezone.now()
    if not TrialGrant.objects.filter(pk=grant_id, state=State.WAITING).update(state=State.GIVEN, decided_at=now):
        return
    row = TrialGrant.objects.select_related("user").get(pk=grant_id)
    if row.user is None or not row.user.is_active:  # they left meanwhile
        raise Refused(Reason.USED)
    if row.is_throw_away:
        raise Refused(Reason.THROW_AWAY)
    if row.network_digest:
        _count(f"network:{now:%Y-%m}:{row.network_digest}", trial_limits.PER_NETWORK, Reason.NETWORK)
    _count(f"day:{now:%Y-%m-%d}", trial_limits.PER_DAY, Reason.DAY)
    amount = set_limits.amount(trial_limits.CREDITS) * PER_CREDIT
    if not amount:
        raise Refused(Reason.NONE)
    ledger.grant(row.user, amount, key=f"trial:{row.user.pk}", memo="Trial credits")


def _count(name: str, cap: Limit, reason: TrialGrant.Reason) -> None:
    TrialCount.objects.get_or_create(name=name)
    if not TrialCount.objects.filter(name=name, used__lt=set_limits.amount(cap)).update(used=F("used") + 1):
        raise Refused(reason)


def _refuse(grant_id: int, reason: TrialGrant.Reason) -> None:
    waiting = TrialGrant.objects.filter(pk=grant_id, state=State.WAITING)
    waiting.update(state=State.REFUSED, reason=reason, decided_at=timezone.now())


def _decide_and_tell(grant_id: int, request: HttpRequest) -> None:
    decide(grant_id)
    row = TrialGrant.objects.get(pk=grant_id)
    if row.state == State.GIVEN:
        given = Transfer.objects.get(key=f"trial:{row.user_id}").amount
        messages.success(request, f"You have {show(given)} credits to try things out.")
    elif row.state == State.REFUSED:
        messages.info(request, f"You got no trial credits: {row.get_reason_display()}")
