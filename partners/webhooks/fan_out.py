"""From events to deliveries: for each event after the last one that was seen to, a row for every address that wants it.

The rows and the number up to which they are written are one transaction under the listener's lock, so an event is
fanned out once, whoever dies, and however many couriers run.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F

from billing.models import Account
from generations import events
from generations.models import Event
from partners.dialects.hooks import HOOKS
from partners.models import Delivery, Endpoint, Listener, Order, Topic

from . import addresses
from .telling import Telling

logger = logging.getLogger(__name__)

AT_ONCE = 200  # events in one transaction
LISTENERS_AT_ONCE = 50
_TOPICS = {
    events.GENERATION_FINISHED: Topic.GENERATION_FINISHED,
    events.GENERATION_UPDATED: Topic.GENERATION_UPDATED,
}


def run() -> int:
    """Fan out what is new; how many listeners had something new."""
    behind = Listener.objects.filter(user__customer__seq__gt=F("fanned_seq")).order_by("?")  # nobody is always the last
    ids = list(behind.values_list("pk", flat=True)[:LISTENERS_AT_ONCE])
    for id in ids:
        try:
            _fan_out(id)
        except DatabaseError:
            raise
        except Exception:  # the next ones are told all the same
            logger.exception("the events of listener %s could not be fanned out", id)
    return len(ids)


@transaction.atomic
def _fan_out(id: int) -> None:
    listener = Listener.objects.select_for_update().filter(pk=id).first()
    if listener is None:
        return
    found = events.after(listener.user_id, listener.fanned_seq, limit=AT_ONCE)
    if not found:  # its events were pruned: there is nothing to tell of them any more
        Listener.objects.filter(pk=id).update(fanned_seq=events.latest(listener.user_id))
        return
    endpoints = list(Endpoint.objects.enabled().filter(user_id=listener.user_id).order_by("id"))
    Delivery.objects.bulk_create(_deliveries(listener, found, endpoints), ignore_conflicts=True)
    Listener.objects.filter(pk=id).update(fanned_seq=found[-1].seq, is_low=listener.is_low)


def _deliveries(listener: Listener, found: Sequence[Event], endpoints: Sequence[Endpoint]) -> Iterator[Delivery]:
    orders = _orders(found)
    low_at = _became_low(listener, found)
    for event in found:
        topic = _TOPICS.get(event.kind) or (Topic.BALANCE_LOW if event.seq == low_at else None)
        for endpoint in endpoints:
            if topic is not None and topic in endpoint.topics:
                yield to_endpoint(endpoint, topic, object_id=event.object_id, seq=event.seq)
        order = orders.get(_generation_of(event))
        if order is not None:
            yield from _to_its_own(order, event)


def _to_its_own(order: Order, event: Event) -> Iterator[Delivery]:
    """What an order's own addresses are told of an event."""
    for telling in _tellings(order, event):
        yield Delivery(
            user_id=event.user_id, url=telling.url, receiver=f"{event.user_id}:{addresses.host(telling.url)}"[:120],
            topic=telling.topic, dialect=order.dialect, name=telling.name, object_id=order.pk, seq=event.seq,
            created_at=event.created_at,
        )  # fmt: skip


def to_endpoint(endpoint: Endpoint, topic: Topic, *, object_id: UUID | None = None, seq: int | None = None) -> Delivery:
    """A new delivery, not saved."""
    return Delivery(
        user_id=endpoint.user_id,
        endpoint=endpoint,
        receiver=str(endpoint.pk),
        topic=topic,
        object_id=object_id,
        seq=seq,
    )


def _orders(found: Sequence[Event]) -> dict[UUID | None, Order]:
    """Those of the events' generations that named addresses of their own."""
    rows = Order.objects.filter(pk__in={id for event in found if (id := _generation_of(event))})
    return {row.pk: row for row in rows.exclude(webhook_url="", dialect="")}


def _generation_of(event: Event) -> UUID | None:
    if event.kind == events.IMAGE_UPDATED:
        named = event.data.get("generation")
        return UUID(named) if named else None
    return event.object_id if event.kind in _TOPICS else None


def _tellings(order: Order, event: Event) -> Iterable[Telling]:
    if order.dialect:
        return HOOKS[order.dialect].tellings(order, event)
    return [Telling(order.webhook_url)] if event.kind == events.GENERATION_FINISHED else []


def _became_low(listener: Listener, found: Sequence[Event]) -> int | None:
    """The event that tells that the balance is low now and was not before; writes the new state on the listener."""
    moved = [event.seq for event in found if event.kind == events.BALANCE_UPDATED]
    if listener.low_below is None or not moved:
        return None
    purse = Account.objects.filter(user_id=listener.user_id).first() or Account()
    was_low, listener.is_low = listener.is_low, purse.available < listener.low_below
    return moved[-1] if listener.is_low and not was_low else None
