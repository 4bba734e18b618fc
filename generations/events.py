"""Events: a row in the transaction of each change, in an order per user that no reader can miss a part of.

`seq` is taken by an UPDATE … RETURNING on the customer's row, so a transaction that has number n holds back all that
come after it until it commits; ids alone are given before the commit.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from billing.compiled import Change, insert, update

from . import wakeups
from .models import Customer, Event, Generation

GENERATION_UPDATED = "generation.updated"
GENERATION_FINISHED = "generation.finished"
IMAGE_UPDATED = "image.updated"
BALANCE_UPDATED = "balance.updated"
Told = tuple[str, UUID | None, dict[str, Any]]  # kind, object, data
SOON = timedelta(minutes=1)  # longer than a transaction that writes an event waits for the lock of its number


def write(user_id: int, kind: str, object_id: UUID | None = None, **data: Any) -> int:
    """Write one event; its `seq`. Takes the lock of the user's sequence until the transaction ends."""
    return write_all(user_id, [(kind, object_id, data)])


def write_all(user_id: int, events: Iterable[Told]) -> int:
    """Write several events of one user with consecutive numbers; the last `seq`."""
    told = list(events)
    taken = _take(user_id, len(told))
    if not taken:
        Customer.objects.get_or_create(user_id=user_id)
        taken = _take(user_id, len(told))
    last = int(taken[0][0])
    first = last - len(told) + 1
    insert(
        *(
            Event(user_id=user_id, seq=first + place, kind=kind, object_id=object_id, data=data)
            for place, (kind, object_id, data) in enumerate(told)
        )
    )
    transaction.on_commit(lambda: wakeups.ring(user_id), robust=True)
    return last


def after(user_id: int, seq: int, *, limit: int = 200) -> list[Event]:
    """The user's events after `seq`, oldest first."""
    return list(Event.objects.filter(user_id=user_id, seq__gt=seq).order_by("seq")[:limit])


def kept(user_id: int) -> range:
    """The numbers of the user's events that are kept; empty, and begun after the last one, where there are none."""
    last = latest(user_id)
    first = Event.objects.filter(user_id=user_id).order_by("seq").values_list("seq", flat=True).first()
    return range(last + 1 if first is None else first, last + 1)


def before_moment(user_id: int, moment: datetime) -> int:
    """The `seq` after which there is what happened from a moment of the last minutes on."""
    earlier = Event.objects.filter(user_id=user_id, created_at__lt=moment).order_by("-seq")
    found = earlier.values_list("seq", flat=True).first()
    return kept(user_id).start - 1 if found is None else found


def before(generation: Generation) -> int:
    """The `seq` after which there are all events of a generation that are kept."""
    first = _of(generation, GENERATION_UPDATED, generation.created_at)
    return kept(generation.user_id).start - 1 if first is None else first - 1


def finished(generation: Generation) -> int | None:
    """The `seq` of a generation's last event; None where it is not written yet, or not kept any more."""
    return _of(generation, GENERATION_FINISHED, generation.finished_at) if generation.finished_at else None


def latest(user_id: int) -> int:
    row = Customer.objects.filter(user_id=user_id).values_list("seq", flat=True).first()
    return row or 0


@update("seq")
def _take(user_id: int, count: int) -> Change:
    return Change(Customer.objects.filter(user_id=user_id), {"seq": F("seq") + count})


def _of(generation: Generation, kind: str, at: datetime) -> int | None:
    """The first event of a kind about a generation, which was written soon after that moment."""
    near = Event.objects.filter(created_at__gte=at, created_at__lt=at + SOON)
    mine = near.filter(user_id=generation.user_id, object_id=generation.pk, kind=kind).order_by("created_at")
    return mine.values_list("seq", flat=True).first()


def balance_moved(*, user_id: int | None, **_: Any) -> None:
    """Receiver of billing's `wallet_moved`. Empty: whoever reads the event reads the wallet as it is then."""
    if user_id is not None:
        write(user_id, BALANCE_UPDATED)
