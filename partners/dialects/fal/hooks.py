"""`fal_webhook`: the result of a request, told once it is finished, in fal's words and with fal's kind of signature.

Sources: fal's page on webhooks. Ten tries in two hours; a redirect, and an address that leads into a private network,
end it at once. Pictures are named by addresses, also where `sync_mode` has the result give data URIs.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from generations import events
from generations.models import Event
from partners import signing_keys
from partners.dialects import seen
from partners.models import Delivery, Order
from partners.webhooks.telling import NothingToTell, Telling

from . import wire

LADDER = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=3),
    timedelta(minutes=6),
    timedelta(minutes=12),
    timedelta(minutes=20),
    timedelta(minutes=32),
    timedelta(minutes=45),
)
FOR_GOOD = ("address_not_allowed", "bad_url", "bad_scheme")
HEADER = "X-Fal-Webhook-"


def tellings(order: Order, event: Event) -> Iterator[Telling]:
    if event.kind == events.GENERATION_FINISHED and order.webhook_url:
        yield Telling(order.webhook_url)


def body(delivery: Delivery) -> bytes:
    """Raises NothingToTell for a request that was deleted."""
    found = seen.find(delivery.user_id, delivery.object_id) if delivery.object_id else None
    if found is None:
        raise NothingToTell
    told: dict[str, Any] = {"request_id": str(found.row.pk), "gateway_request_id": str(found.row.pk)}
    if found.stored:
        told |= {"status": "OK", "payload": wire.result(found, lambda image: seen.link(image).address)}
    else:
        failed = wire.failure(found)
        told |= {"status": "ERROR", "error": f"Invalid status code: {failed.status}", "payload": failed.body}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def headers(delivery: Delivery, body: bytes, now: datetime) -> dict[str, str]:
    """The time is that of the try, since receivers refuse what is older than five minutes."""
    request, user, time = str(delivery.object_id), user_id(delivery.user_id), str(int(now.timestamp()))
    message = "\n".join([request, user, time, sha256(body).hexdigest()])
    return {
        f"{HEADER}Request-Id": request,
        f"{HEADER}User-Id": user,
        f"{HEADER}Timestamp": time,
        f"{HEADER}Signature": signing_keys.signer(now).sign(message.encode()).hex(),
    }


def user_id(id: int) -> str:
    """How an account is called here: always the same, and nothing of its own."""
    return str(uuid5(NAMESPACE_URL, f"{settings.PUBLIC_URL}/accounts/{id}"))


def is_over(status: int | None, code: str) -> bool:
    return code in FOR_GOOD or (status is not None and 300 <= status < 400)
