"""Wake those who wait for a user's events: in this process at once, in others through Redis where there is one.

A wake-up carries nothing and may be lost; whoever waits also looks by itself now and then (`live`).
"""

import logging
from collections.abc import Callable

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

CHANNEL = "krea:events"
_listeners: list[Callable[[int], None]] = []
_clients: dict[str, "redis.Redis"] = {}


def listen(listener: Callable[[int], None]) -> None:
    """Call `listener(user_id)` from whatever thread a change was committed in."""
    _listeners.append(listener)


def ring(user_id: int) -> None:
    for listener in _listeners:
        listener(user_id)
    if settings.REDIS_URL:
        try:
            _client().publish(CHANNEL, str(user_id))
        except redis.RedisError as error:
            logger.warning("wake-up lost: %s", type(error).__name__)


def _client() -> "redis.Redis":
    url = settings.REDIS_URL
    if url not in _clients:
        _clients[url] = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    return _clients[url]
