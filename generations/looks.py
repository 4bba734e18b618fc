"""Look after one draw: ask fal how it is, and take what it says. Used by the follower for many draws at once, and by
a task for one."""

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from asgiref.sync import sync_to_async
from django.utils import timezone

from . import draws, trace
from .fal import client, history
from .fal.verdicts import Kind
from .models import Draw, Status

logger = logging.getLogger(__name__)

# fal keeps results for an hour, its history for thirty days and the files for a day: with fal out of reach, a picture
# that it has taken is waited for beyond its deadline.
LOST_CONTACT_PATIENCE = timedelta(hours=2)


async def look_alone(draw_id: UUID) -> None:
    async with client.open_async() as http:
        draw = await sync_to_async(_in_flight)(draw_id)
        if draw is not None:
            await look(http, draw)


async def look(http: client.AsyncClient, draw: Draw) -> bool:
    """Ask fal about one draw, which comes with its image and generation; True when it needs no more looking after."""
    with trace.about(**trace.of_draw(draw)):
        return await _look(http, draw)


async def _look(http: client.AsyncClient, draw: Draw) -> bool:
    request_id = draw.request_id or ""
    try:
        status = await client.status_async(http, draw.endpoint, request_id)
        if status.state in (client.State.QUEUED, client.State.DRAWING):
            return await _still_drawing(http, draw)
        result = await client.result_async(http, draw.endpoint, request_id)
        answer = (result.http_status, result.body, result.headers)
        if result.verdict.kind == Kind.GONE:
            # The queue has forgotten the result: the request history keeps it for thirty days.
            found = await asyncio.to_thread(history.payload, draw.endpoint, request_id)
            answer = (*found, {}) if found is not None else answer
    except (client.Unavailable, client.AccountLocked) as error:
        logger.info("draw %s: no word from fal (%s)", draw.pk, type(error).__name__)
        return await sync_to_async(_no_word)(draw)
    taken = await sync_to_async(draws.answered)(draw, *answer, drawn_s=status.inference_time)
    return taken or await sync_to_async(_no_word)(draw)


async def _still_drawing(http: client.AsyncClient, draw: Draw) -> bool:
    """Past its deadline an image is given up, and fal asked to stop; before, it is left alone."""
    deadline = draw.image.deadline_at
    if deadline is None or timezone.now() < deadline:
        return False
    if await client.cancel_async(http, draw.endpoint, draw.request_id or "") == client.CancelAnswer.TOO_LATE:
        return False  # it was finished this very moment: the next look has it
    await sync_to_async(draws.expired)(draw)
    return True


def _in_flight(draw_id: UUID) -> Draw | None:
    rows = Draw.objects.select_related("image__generation").exclude(request_id=None)
    return rows.filter(pk=draw_id, image__draw=draw_id, image__status=Status.DRAWING).first()


def _no_word(draw: Draw) -> bool:
    deadline = draw.image.deadline_at
    if deadline is None or timezone.now() < deadline + LOST_CONTACT_PATIENCE:
        return False
    draws.given_up(draw)
    return True
