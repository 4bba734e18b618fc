"""Bring everything on the road to its end, in values: a fal that works from now on, and time enough."""

from typing import Any

from django.utils import timezone

from generations import collect, dispatch, draws, follow, lifecycle, sweep, unknowns
from generations.models import FINAL, Draw, Image, Status
from tests.faults.pretend_fal import DELIVERED, PretendFal

ROUNDS = 40


def bring_to_the_end(fal: PretendFal, clock: Any) -> None:
    """Workers, follower and sweep in turn, with a minute and a half between the rounds, until all images are final."""
    for _ in range(ROUNDS):
        if not Image.objects.exclude(status__in=FINAL).exists():
            return
        dispatch.run()
        _send_what_was_taken(fal)
        _ask_the_history(fal)
        _look_at_what_is_drawn(fal)
        _fetch_what_is_drawn()
        sweep.unanswered()
        sweep.too_long_queued()
        clock.shift(collect.LEASE_S + 1)
    left = Image.objects.exclude(status__in=FINAL).values_list("status", "not_before", "deadline_at")
    raise AssertionError(f"{timezone.now()}: these never end: {list(left)}")


def _send_what_was_taken(fal: PretendFal) -> None:
    for draw in Draw.objects.filter(sent_at=None, image__status=Status.SENDING):
        if draws.claim(draw):
            draws.accepted(draw, fal.take(draw.pk).id)


def _ask_the_history(fal: PretendFal) -> None:
    for image in sweep._still(Status.UNKNOWN, 0):
        draw = image.draw
        assert draw is not None
        if fal.has(draw.pk):
            draws.accepted(draw, fal.take(draw.pk).id)
        elif timezone.now() > unknowns._sure_from(draw):
            draws.never_arrived(draw)


def _look_at_what_is_drawn(fal: PretendFal) -> None:
    for draw in follow.in_flight():
        draws.answered(draw, *fal.take(draw.pk).end(DELIVERED))


def _fetch_what_is_drawn() -> None:
    for draw in Draw.objects.select_related("image").filter(image__status=Status.STORING):
        if collect._claim(draw):
            lifecycle.finish(draw.image, Status.STORED, draw=draw, sha256=draw.pk.hex * 2)
