"""How fal is, as our own calls find it: ok, locked (our account) or down; and when to try again.

While fal is not ok, one image at a time is sent as a probe; the first that is accepted opens the door again.
"""

import random
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from .fal import client, uploads
from .models import FalState

FAILURES_UNTIL_DOWN = 3
LOCKED_PROBE_S = 30  # a lock often outlives a top-up by hours (fal-protocol.md 0.11)
DOWN_PROBES_S = (1, 2, 4, 8, 15, 30)


def row() -> FalState:
    return FalState.objects.get_or_create(pk=1)[0]


def lock() -> FalState:
    """The row under its lock: two dispatchers take turns."""
    row()
    return FalState.objects.select_for_update().get(pk=1)


def accepted() -> None:
    """fal took an image: whatever was wrong is over."""
    _recovered(FalState.objects.filter(pk=1))


def answered() -> None:
    """fal told of an image that it had taken before: it is not down; a locked account still gets its pictures."""
    _recovered(FalState.objects.filter(pk=1).exclude(state=FalState.State.LOCKED))


def _recovered(rows: "QuerySet[FalState]") -> None:
    troubled = rows.exclude(state=FalState.State.OK, failures=0)
    if troubled.exists():  # nearly never; and an UPDATE waits for SQLite's one writer even where it changes nothing
        troubled.update(state=FalState.State.OK, reason="", failures=0, probe_at=None, since=timezone.now())


def locked(reason: str) -> None:
    """fal refuses our account: nothing is sent but a probe now and then."""
    row()
    now = timezone.now()
    FalState.objects.filter(pk=1).exclude(state=FalState.State.LOCKED).update(state=FalState.State.LOCKED, since=now)
    FalState.objects.filter(pk=1).update(reason=reason[:300], probe_at=now + timedelta(seconds=LOCKED_PROBE_S))


def unreachable(reason: str) -> None:
    """fal did not take an image for a reason of its own; after a few in a row it counts as down."""
    row()
    now = timezone.now()
    FalState.objects.filter(pk=1).update(failures=F("failures") + 1)
    failures = row().failures
    if failures < FAILURES_UNTIL_DOWN:
        return
    FalState.objects.filter(pk=1, state=FalState.State.OK).update(state=FalState.State.DOWN, since=now)
    rung = DOWN_PROBES_S[min(failures - FAILURES_UNTIL_DOWN, len(DOWN_PROBES_S) - 1)]
    FalState.objects.filter(pk=1, state=FalState.State.DOWN).update(reason=reason[:300])
    # A locked account's probe that was refused for another reason waits as well, or all that is queued would be tried.
    FalState.objects.filter(pk=1).exclude(state=FalState.State.OK).update(
        probe_at=now + timedelta(seconds=rung * random.uniform(0.8, 1.2))
    )


def is_probe_due() -> bool:
    """Whether fal is not well and should be asked again; claimed, so that one asks."""
    now = timezone.now()
    due = FalState.objects.filter(Q(probe_at=None) | Q(probe_at__lte=now), pk=1).exclude(state=FalState.State.OK)
    return bool(due.update(probe_at=now + timedelta(seconds=LOCKED_PROBE_S)))


def probe() -> None:
    """Ask fal whether it takes anything from us, with nothing to draw: else a lock would stay until one orders."""
    try:
        uploads.ask_for_place()
    except client.AccountLocked as error:
        locked(error.reason)
    except (client.Unavailable, uploads.UploadRefused):
        unreachable("no answer")
    else:
        accepted()


def is_our_account(user_id: str) -> bool:
    """Whether a verified webhook names the account that the first one named; the first is remembered for each key."""
    mark = f"{_key_mark()} {user_id}"[:200]
    state = row()
    if not state.webhook_user.startswith(f"{_key_mark()} "):
        FalState.objects.filter(pk=1, webhook_user=state.webhook_user).update(webhook_user=mark)
        state = row()
    return state.webhook_user == mark


def _key_mark() -> str:
    """Tells one key from another without saying it."""
    return sha256(f"{settings.FAL_QUEUE_URL} {settings.FAL_KEY}".encode()).hexdigest()[:12]
