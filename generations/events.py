"""Events: a row in the transaction of each change, in an order per user that no reader can miss a part of.

`seq` is taken by an UPDATE … RETURNING on the customer's row, so a transaction that has number n holds back all that
come after it until it commits; ids alone are given before the commit.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from billing.returning import update_returning

from . import wakeups
from .models import Customer, Event

GENERATION_UPDATED = "generation.updated"
GENERATION_FINISHED = "generation.finished"
IMAGE_UPDATED = "image.updated"
BALANCE_UPDATED = "balance.updated"


def write(user_id: int, kind: str, object_id: UUID | None = None, **data: Any) -> int:
    """Write one event; its `seq`. Takes the lock of the user's sequence until the transaction ends."""
    return write_all(user_id, [(kind, object_id, data)])


def write_all(user_id: int, events: Iterable[tuple[str, UUID | None, dict[str, Any]]]) -> int:
    """Write several events of one user with consecutive numbers; the last `seq`."""
    told = list(events)
    rows = Customer.objects.filter(user_id=user_id)
    taken = update_returning(rows, "seq", seq=F("seq") + len(told))
    if not taken:
        Customer.objects.get_or_create(user_id=user_id)
        taken = update_returning(rows, "seq", seq=F("seq") + len(told))
    last = int(taken[0])
    first = last - len(told) + 1
    Event.objects.bulk_create(
        Event(user_id=user_id, seq=first + place, kind=kind, object_id=object_id, data=data)
        for place, (kind, object_id, data) in enumerate(told)
    )
    transaction.on_commit(lambda: wakeups.ring(user_id), robust=True)
    return last


def after(user_id: int, seq: int, *, limit: int = 200) -> list[Event]:
    """The user's events after `seq`, oldest first."""
    return list(Event.objects.filter(user_id=user_id, seq__gt=seq).order_by("seq")[:limit])


def latest(user_id: int) -> int:
    row = Customer.objects.filter(user_id=user_id).values_list("seq", flat=True).first()
    return row or 0


def balance_moved(*, user_id: int | None, **_: Any) -> None:
    """Receiver of billing's `wallet_moved`. Empty: whoever reads the event reads the wallet as it is then."""
    if user_id is not None:
        write(user_id, BALANCE_UPDATED)
