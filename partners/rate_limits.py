"""How often a key may call: a bucket of one minute's calls that fills evenly, one for each key or logged-in user.

The bucket is one number, the moment at which it is full again; a call moves it by one interval, or is refused where
that would be more than a minute ahead (the generic cell rate algorithm). With Redis a script does that; without, one
UPDATE. Where Redis is away, calls pass: a limit guards the service, and must not be what stops it. A bucket that is
full later than any can be was written by a clock that went wrong, and begins anew.
"""

import logging
import math
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest
from rest_framework.request import Request

from billing import set_limits
from billing.compiled import Change, update
from billing.set_limits import Limit
from generations import errands

from .models import Bucket, Key
from .problems import Problem

logger = logging.getLogger(__name__)

WINDOW_S = 60
CALLS = Limit(
    "calls_a_minute", "Calls of the API", "calls a minute", "Of each key, and of the pages of one customer. 0: none.",
    lambda: settings.API_CALLS_A_MINUTE, "API_CALLS_A_MINUTE", most=1_000_000,
)  # fmt: skip
REDIS_WAITS_S = 0.5
ROUNDING_S = 0.001
_TAKE = """
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
local now, interval, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if full > now + window + 1 then full = 0 end
local next = math.max(full, now) + interval * cost
if next - now > window + tonumber(ARGV[5]) then return {0, string.format("%.6f", math.max(full, now))} end
if cost > 0 then redis.call('SET', KEYS[1], string.format('%.6f', next), 'PX', math.ceil(window * 2000)) end
return {1, string.format("%.6f", next)}
"""


@dataclass(frozen=True)
class Verdict:
    """`left` calls at once, `full_in_s` seconds until all are there again, `wait_s` until the next one may come."""

    quota: int
    left: int
    full_in_s: int
    wait_s: int
    is_allowed: bool

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them."""
        return {
            "RateLimit-Policy": f'"calls";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"calls";r={self.left};t={self.full_in_s}',
        }


def check(request: Request) -> Verdict | None:
    """Count this call; None for a caller whom nobody knows. What the front asks again counts once. The caller of this
    raises Problem where it is not allowed: see `refusal`."""
    if not request.user.is_authenticated:
        return None
    key = request.auth if isinstance(request.auth, Key) else None
    name = f"user:{request.user.pk}" if key is None else f"key:{key.family}"
    own = key.calls_a_minute if key is not None else None
    quota = set_limits.amount(CALLS, request.user.pk) if own is None else own
    is_first = request.headers.get(errands.FRONT_HEADER, "none") == "none"
    return take(name, quota, cost=1 if is_first else 0)


def refusal(verdict: Verdict) -> Problem:
    return Problem(
        "too_many_requests",
        f"At most {verdict.quota} calls a minute; the next one may come in {verdict.wait_s} s.",
        headers={"Retry-After": str(verdict.wait_s)},
    )


def take(name: str, quota: int, *, cost: int = 1) -> Verdict:
    """Take one call from a bucket; `cost` 0 only looks."""
    if quota <= 0:
        return Verdict(0, 0, WINDOW_S, WINDOW_S, is_allowed=cost == 0)
    now, interval = time.time(), WINDOW_S / quota
    is_allowed, full_at = (_by_redis if settings.REDIS_URL else _by_database)(name, now, interval, cost)
    ahead = max(0.0, full_at - now)
    left = max(0, math.floor((WINDOW_S - ahead) / interval + 1e-6))
    wait = 0 if is_allowed else max(1, math.ceil(ahead + interval - WINDOW_S))
    return Verdict(quota, left, math.ceil(ahead), wait, is_allowed)


def prune() -> int:
    """Forget buckets that are full; how many."""
    return Bucket.objects.filter(full_at__lt=time.time() - WINDOW_S).delete()[0]


def _by_database(name: str, now: float, interval: float, cost: int) -> tuple[bool, float]:
    rows, latest = Bucket.objects.filter(name=name), now + WINDOW_S - interval + ROUNDING_S
    while True:
        if cost and (found := _move(name, now, interval, latest)):
            return True, float(found[0][0])
        row, is_new = Bucket.objects.get_or_create(name=name, defaults={"full_at": now + interval * cost})
        if is_new or cost == 0:
            return True, row.full_at
        if row.full_at > now + WINDOW_S + 1:
            rows.filter(full_at=row.full_at).update(full_at=now)
        elif row.full_at > latest:
            return False, row.full_at
        # else it was not there a moment ago: another call made it meanwhile


@update("full_at")
def _move(name: str, now: float, interval: float, latest: float) -> Change:
    return Change(
        Bucket.objects.filter(name=name, full_at__lte=latest), {"full_at": Greatest(F("full_at"), now) + interval}
    )


def _by_redis(name: str, now: float, interval: float, cost: int) -> tuple[bool, float]:
    try:
        is_allowed, full_at = _script()(keys=[f"krea:calls:{name}"], args=[now, interval, WINDOW_S, cost, ROUNDING_S])
    except redis.RedisError as error:
        logger.warning("calls are not counted: %s", type(error).__name__)
        return True, now
    return bool(is_allowed), float(full_at)


@cache
def _script() -> Any:
    """Kept, with its connections."""
    client = redis.from_url(settings.REDIS_URL, socket_timeout=REDIS_WAITS_S, socket_connect_timeout=REDIS_WAITS_S)
    return client.register_script(_TAKE)
