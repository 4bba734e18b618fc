"""Find out about a send whose answer was lost: fal's request history, where endpoint, prompt and our seed identify it.

Found, it goes on; surely not there, it is queued again; undecided at its deadline, it fails and the credits go back.
A webhook at the draw's secret address decides earlier.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from . import draws, trace
from .fal import client, history
from .models import Draw, Status

logger = logging.getLogger(__name__)

CLOCK_SKEW = timedelta(minutes=2)
# The history may lag behind, and may list only what has ended: "not there" proves something only when a picture
# that did arrive would long be drawn.
SURE_AFTER = timedelta(seconds=30)
TIMES_TYPICAL = 3
ASK_EVERY = timedelta(seconds=10)


def resolve(draw_id: UUID) -> None:
    """Ask the history about one unknown draw and take what it says; a second caller finds nothing to do."""
    rows = Draw.objects.select_related("image__generation")
    draw = rows.filter(pk=draw_id, image__draw=draw_id, image__status=Status.UNKNOWN).first()
    if draw is None or not _claim(draw):
        return
    with trace.about(**trace.of_draw(draw)):
        _resolve(draw)


def _resolve(draw: Draw) -> None:
    found = search(draw)
    now, deadline = timezone.now(), draw.image.deadline_at
    if isinstance(found, history.Found):
        draws.accepted(draw, found.request_id)
    elif found is not None and found.complete and now > _sure_from(draw):
        draws.never_arrived(draw)
    elif deadline is not None and now > deadline:
        draws.given_up(draw)


def is_due(draw: Draw) -> bool:
    return draw.history_asked_at is None or draw.history_asked_at < timezone.now() - ASK_EVERY


def _claim(draw: Draw) -> bool:
    """Written in the row, so that two workers do not both ask."""
    if not is_due(draw):
        return False
    unasked = Draw.objects.filter(pk=draw.pk, history_asked_at=draw.history_asked_at)
    return bool(unasked.update(history_asked_at=timezone.now()))


def search(draw: Draw) -> history.Found | history.NotThere | None:
    """What fal's history says of a draw without a request; None where it does not answer."""
    since, until = _sent_at(draw) - CLOCK_SKEW, _sent_at(draw) + CLOCK_SKEW
    try:
        return history.find(
            draw.endpoint, prompt=draw.image.generation.prompt, seed=draw.image.seed,
            since=since, until=until, exclude=_known(draw, since, until),
        )  # fmt: skip
    except (client.Unavailable, client.AccountLocked) as error:
        logger.info("draw %s: fal's history did not answer (%s)", draw.pk, type(error).__name__)
        return None


def _known(draw: Draw, since: datetime, until: datetime) -> set[str]:
    """The requests of that time whose draws we know: an equal prompt and seed may have been ordered twice."""
    rows = Draw.objects.filter(endpoint=draw.endpoint, sent_at__range=(since, until + CLOCK_SKEW))
    return {each for each in rows.values_list("request_id", flat=True) if each}


def _sure_from(draw: Draw) -> datetime:
    longest = max(draw.image.generation.model.typical_s)
    return _sent_at(draw) + SURE_AFTER + timedelta(seconds=TIMES_TYPICAL * longest)


def _sent_at(draw: Draw) -> datetime:
    return draw.sent_at or draw.created_at
