"""The rows of partners, one file for each part."""

from .keys import Bucket, Key, KeyQuerySet, Scope, every_scope
from .orders import KeptAnswer, Order
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
    "Topic",
    "every_scope",
]
