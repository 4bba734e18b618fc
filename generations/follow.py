"""The follower: asks fal about everything in flight over one client, and ticks the dispatcher and the sweep.

The net under fal's webhooks, and the only way to know where fal cannot call us. Any number may run; one works, under a
ten-second lease by the database's clock. A round's cost grows with what is in flight, never with history.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from . import catalogue, dispatch, looks, reach, sweep
from .fal import client
from .models import Beat, Draw, Status
from .nudge import BEAT, nudge

logger = logging.getLogger(__name__)

NAME = "follower"
LEASE = timedelta(seconds=10)
TICK_S = 0.5
SWEEP_EVERY_S = 3.0
BEAT_EVERY_S = 5.0
LOOKS_AT_ONCE = 32
LOOKS_A_SECOND = 100  # more would take the processor from the workers
LOOKS_A_ROUND = 50  # a round is over long before the lease is, also when 2,000 pictures are due at once


class Follower:
    """`also` are further sweeps, of what this app does not know."""

    def __init__(self, *also: Callable[[], None]) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}"[:64]
        self._due: dict[UUID, float] = {}
        self._swept = self._beaten = 0.0
        self._sweeps = (sweep.run, *also)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; survives a database or a fal that is away for a while."""
        async with client.open_async() as http:
            while not stop.is_set():
                try:
                    if await sync_to_async(take_lease)(self.holder):
                        await self.tick(http)
                except Exception:
                    logger.exception("a round of the follower failed; the next one begins anew")
                    await sync_to_async(close_old_connections)()
                try:
                    await asyncio.wait_for(stop.wait(), TICK_S)
                except TimeoutError:
                    continue
        await sync_to_async(give_lease_back)(self.holder)

    async def tick(self, http: client.AsyncClient) -> None:
        await sync_to_async(dispatch.run)()
        if time.monotonic() - self._swept >= SWEEP_EVERY_S:
            self._swept = time.monotonic()
            for run in self._sweeps:
                await sync_to_async(run)()
        if time.monotonic() - self._beaten >= BEAT_EVERY_S:
            self._beaten = time.monotonic()
            await sync_to_async(nudge)(BEAT)
        await self.look_at_due(http)

    async def look_at_due(self, http: client.AsyncClient) -> None:
        """Look at the draws whose time has come, the longest due first; forget those not in flight any more."""
        waiting = await sync_to_async(_times)()
        now = time.monotonic()
        self._due = {draw.pk: self._due.get(draw.pk, now + first_look_after_s(draw)) for draw in waiting}
        stretch = max(1.0, len(waiting) / LOOKS_A_SECOND)
        first = sorted((at, id) for id, at in self._due.items() if at <= now)[:LOOKS_A_ROUND]
        due = await sync_to_async(in_flight)([id for _, id in first]) if first else []
        slots = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def look(draw: Draw) -> None:
            async with slots:
                if not await looks.look(http, draw):
                    self._due[draw.pk] = time.monotonic() + next_look_after_s(draw) * stretch

        answers = await asyncio.gather(*(look(draw) for draw in due), return_exceptions=True)
        for draw, answer in zip(due, answers, strict=True):
            if isinstance(answer, BaseException):
                self._due[draw.pk] = time.monotonic() + 5
                logger.error("looking at draw %s failed", draw.pk, exc_info=answer)


def in_flight(ids: Collection[UUID] | None = None) -> list[Draw]:
    """The draws that fal has taken and not answered: all, or those of `ids`."""
    rows = _at_fal().select_related("image__generation")
    return list(rows if ids is None else rows.filter(pk__in=ids))


def _times() -> list[Draw]:
    """All of them, with nothing but what tells when to look: every round reads them."""
    return list(_at_fal().only("endpoint", "accepted_at", "created_at"))


def _at_fal() -> "QuerySet[Draw]":
    return Draw.objects.filter(image__status=Status.DRAWING, image__draw=F("pk")).exclude(request_id=None)


def first_look_after_s(draw: Draw) -> float:
    """Gently at first: half the typical time, less what has passed already. Where fal calls us, once a slow one
    should be there too: then only a call that was lost is left to find."""
    share = 1.5 if reach.fal_reaches_us() else 0.5
    return max(0.0, share * _typical(draw) - _age_s(draw))


def next_look_after_s(draw: Draw) -> float:
    """Every second around the typical time; rarely where fal calls us anyway, and for what is overdue."""
    typical, age = _typical(draw), _age_s(draw)
    pace = 1.0 if age < 2 * typical else 3.0
    return pace * 4 if reach.fal_reaches_us() else pace


def take_lease(holder: str) -> bool:
    """Whether this follower is the one at work for the next ten seconds; also its sign of life."""
    Beat.objects.get_or_create(name=NAME, defaults={"at": Now()})
    free = Q(until=None) | Q(until__lt=Now()) | Q(holder=holder)
    return bool(Beat.objects.filter(free, name=NAME).update(at=Now(), holder=holder, until=Now() + LEASE))


def give_lease_back(holder: str) -> None:
    Beat.objects.filter(name=NAME, holder=holder).update(until=None)


def _typical(draw: Draw) -> float:
    return next((model.typical_seconds for model in catalogue.all() if model.endpoint == draw.endpoint), 15)


def _age_s(draw: Draw) -> float:
    return time.time() - (draw.accepted_at or draw.created_at).timestamp()
