"""What is told: `{type, timestamp, data}`, written when it is sent, so that it is true and its addresses are fresh."""

import json
from datetime import datetime
from typing import Any

from billing.credits import show
from billing.models import Account
from partners.api import presented
from partners.dialects.hooks import HOOKS
from partners.models import Delivery, Listener, Topic

from .telling import NothingToTell

TEST = "This is a test. Your endpoint is set up and its signature can be checked."


def body(delivery: Delivery, now: datetime) -> bytes:
    """The message in JSON, in the words of whoever ordered it. Raises NothingToTell."""
    if delivery.dialect:
        return HOOKS[delivery.dialect].body(delivery)
    told = {"type": delivery.topic, "timestamp": presented.utc(now).isoformat().replace("+00:00", "Z")}
    return json.dumps(told | {"data": _data(delivery)}, ensure_ascii=False, separators=(",", ":")).encode()


def id_of(delivery: Delivery) -> str:
    """The same for every try, so that a receiver knows what it has already."""
    return f"msg_{delivery.pk.hex}"


def _data(delivery: Delivery) -> dict[str, Any]:
    match delivery.topic:
        case Topic.TEST:
            return {"message": TEST}
        case Topic.BALANCE_LOW:
            return _balance(delivery.user_id)
    rows = presented.readable(delivery.user_id)
    row = rows.filter(pk=delivery.object_id).first() if delivery.object_id else None
    if row is None:
        raise NothingToTell
    return presented.generation(row).model_dump(mode="json")


def _balance(user_id: int) -> dict[str, Any]:
    purse = Account.objects.filter(user_id=user_id).first() or Account()
    row = Listener.objects.filter(user_id=user_id).first()
    threshold = row.low_below if row else None
    return presented.balance(purse).model_dump(mode="json") | {"below": None if threshold is None else show(threshold)}
