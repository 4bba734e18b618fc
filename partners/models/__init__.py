"""The rows of partners, one file for each part."""

from .keys import Bucket, Key, KeyQuerySet, Scope, every_scope
from .orders import KeptAnswer, Order, Tag
from .signing import SigningKey
from .webhooks import Delivery, DeliveryTry, Endpoint, Listener, Topic

__all__ = [
    "Bucket",
    "Delivery",
    "DeliveryTry",
    "Endpoint",
    "KeptAnswer",
    "Key",
    "KeyQuerySet",
    "Listener",
    "Order",
    "Scope",
    "SigningKey",
    "Tag",
    "Topic",
    "every_scope",
]
