"""Ask a worker to run a task soon. A nudge is never the truth: what it is about stands in a row that the sweep finds.

Tasks are named by strings, so that nothing below `tasks` imports it; a test holds that each name resolves.
"""

import logging
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task

from . import trace
from .lanes import QUICK, SLOW

logger = logging.getLogger(__name__)

DISPATCH = "generations.tasks.dispatch"
SEND = "generations.tasks.send"
LOOK = "generations.tasks.look"
CANCEL = "generations.tasks.cancel"
COLLECT = "generations.tasks.collect"
RESOLVE = "generations.tasks.resolve"
PROBE = "generations.tasks.probe"
BEAT = "generations.tasks.beat"
ERASE_AT_FAL = "generations.tasks.erase_at_fal"
BALANCE = "generations.tasks.read_balance"
NAMES = (DISPATCH, SEND, LOOK, CANCEL, COLLECT, RESOLVE, PROBE, BEAT, ERASE_AT_FAL, BALANCE)
TAKE_LONG = frozenset({COLLECT, RESOLVE, ERASE_AT_FAL, BALANCE})


def nudge(task: str, *args: str, takes_long: bool = False, timeout_s: int | None = None) -> None:
    """`takes_long` puts a task into the slow lane that TAKE_LONG does not name; `timeout_s` lets it work for longer
    than others. With the ORM broker the job is a row
    that commits or vanishes with the change it is about; with Redis it is pushed after the commit, and lost without
    harm where Redis is down or the worker dies."""
    if settings.REDIS_URL:
        transaction.on_commit(lambda: _push(task, *args, takes_long=takes_long, timeout_s=timeout_s))
    else:
        _enqueue(task, *args, takes_long=takes_long, timeout_s=timeout_s)


def waiting_jobs(task: str) -> int:
    """How many jobs wait in the lane of such a task; 0 where the broker cannot say."""
    try:
        return int(_broker(lane(task)).queue_size())
    except redis.RedisError:
        return 0


def lane(task: str) -> str:
    return SLOW if task in TAKE_LONG else QUICK


@cache
def _broker(name: str) -> Broker:
    """Kept: with Redis, each new one would be a new connection."""
    return get_broker(name)


def _enqueue(task: str, *args: str, takes_long: bool, timeout_s: int | None) -> None:
    # The group of a job is the request that wished for it (krea_site/task_logs.py); the sweep's jobs have none.
    options: dict[str, Any] = {"group": request} if (request := trace.request()) else {}
    if timeout_s:
        options["timeout"] = timeout_s
    async_task(task, *args, broker=_broker(SLOW if takes_long else lane(task)), **options)


def _push(task: str, *args: str, takes_long: bool, timeout_s: int | None) -> None:
    try:
        _enqueue(task, *args, takes_long=takes_long, timeout_s=timeout_s)
    except Exception as error:  # whatever the broker's library raises; the sweep takes over
        logger.warning("nudge %s lost: %s", task, type(error).__name__)
