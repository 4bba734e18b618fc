"""Events: what changed, as a snapshot that never changes again."""

import json
from collections.abc import Callable

from standins.stripe.clock import Clock
from standins.stripe.objects import API_VERSION, Object, copied, new_id, shown
from standins.stripe.store import Store

KIND = "event"
MOST_KEPT = 10_000


class Events:
    """`request` is what the present call says of itself; `told` hears of each event."""

    def __init__(self, store: Store, clock: Clock, told: Callable[[Object], None]) -> None:
        self.store, self.clock, self.told = store, clock, told
        self.request: Object = {"id": None, "idempotency_key": None}

    def emit(self, type: str, thing: Object, former: Object | None = None) -> Object:
        """Write down that something happened."""
        data: Object = {"object": copied(shown(thing))}
        if former is not None:
            data["previous_attributes"] = copied(former)
        event: Object = {
            "id": new_id("evt"),
            "object": KIND,
            "api_version": API_VERSION,
            "created": self.clock.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": dict(self.request),
            "type": type,
            "_deliveries": {},
        }
        self.store.add(event)
        if self.store.count(KIND) > MOST_KEPT and (oldest := self.store.oldest(KIND)):
            self.store.remove(oldest)
        self.told(event)
        return event


def body_of(event: Object) -> bytes:
    """As it is posted: Stripe indents."""
    return json.dumps(shown(event), indent=2).encode()


def about(event: Object) -> str:
    """Every id that the object of an event bears at its top, for rules to find it by."""
    thing = event["data"]["object"]
    return " ".join([event["id"], *(value for value in thing.values() if isinstance(value, str) and "_" in value)])
