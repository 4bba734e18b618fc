"""From events to deliveries: for each event after the last one that was seen to, a row for every address that wants it.

The rows and the number up to which they are written are one transaction under the listener's lock, so an event is
fanned out once, whoever dies, and however many couriers run.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import F

from billing.models import Account
from generations import events
from generations.models import Event
from partners.models import Delivery, Endpoint, Listener, Order, Topic

AT_ONCE = 200  # events in one transaction
LISTENERS_AT_ONCE = 50
_TOPICS = {
    events.GENERATION_FINISHED: Topic.GENERATION_FINISHED,
    events.GENERATION_UPDATED: Topic.GENERATION_UPDATED,
}


def run() -> int:
    """Fan out what is new; how many listeners had something new."""
    behind = Listener.objects.filter(user__customer__seq__gt=F("fanned_seq")).order_by("pk")
    ids = list(behind.values_list("pk", flat=True)[:LISTENERS_AT_ONCE])
    for id in ids:
        _fan_out(id)
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
    callbacks = _callbacks(found)
    low_at = _became_low(listener, found)
    for event in found:
        topic = _TOPICS.get(event.kind) or (Topic.BALANCE_LOW if event.seq == low_at else None)
        if topic is None:
            continue
        for endpoint in endpoints:
            if topic in endpoint.topics:
                yield to_endpoint(endpoint, topic, object_id=event.object_id, seq=event.seq)
        if topic == Topic.GENERATION_FINISHED and event.object_id in callbacks:
            url = callbacks[event.object_id]
            yield Delivery(
                user_id=event.user_id, url=url, receiver=f"{event.user_id}:{urlsplit(url).hostname}"[:120],
                topic=topic, object_id=event.object_id, seq=event.seq,
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


def _callbacks(found: Sequence[Event]) -> dict[UUID, str]:
    """The addresses of their own that finished generations were ordered with."""
    ids = [event.object_id for event in found if event.kind == events.GENERATION_FINISHED]
    rows = Order.objects.filter(pk__in=ids).exclude(webhook_url="")
    return dict(rows.values_list("pk", "webhook_url"))


def _became_low(listener: Listener, found: Sequence[Event]) -> int | None:
    """The event that tells that the balance is low now and was not before; writes the new state on the listener."""
    moved = [event.seq for event in found if event.kind == events.BALANCE_UPDATED]
    if listener.low_below is None or not moved:
        return None
    purse = Account.objects.filter(user_id=listener.user_id).first() or Account()
    was_low, listener.is_low = listener.is_low, purse.available < listener.low_below
    return moved[-1] if listener.is_low and not was_low else None
