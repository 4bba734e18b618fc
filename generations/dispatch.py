"""Dispatch: take the next images in fair order, as many as there is room for at fal, each with a new draw.

Counts and takes under one row lock, so that two dispatchers never overshoot. Taking is not sending: each draw is sent
by a task of its own. Where staff has stopped sending, nothing is taken, and nothing of an image model whose waiting
work is given back: both are read under the same lock.
"""

from collections import defaultdict
from datetime import timedelta
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from . import catalogue, events, fal_state, reach, switches
from .models import Draw, FalState, Generation, Image, Status
from .nudge import SEND, nudge
from .signals import generation_changed

MOST_AT_ONCE = 100  # the lock is held for this many images, then given to others
NOTICED_AFTER_S = {
    True: 0.5,
    False: 1.5,
}  # how long fal's slot is free before we know, with webhooks and without


def run() -> int:
    """Dispatch until there is no room or nothing is due; how many images were taken."""
    total = 0
    while taken := _take():
        total += taken
        if taken < MOST_AT_ONCE:
            break
    return total


def places() -> int:
    """How many images may be at fal at a time: its slots, and a margin for the time that we take to notice."""
    typical = min(model.typical_seconds for model in catalogue.all())
    noticed = NOTICED_AFTER_S[reach.fal_reaches_us()]
    return settings.FAL_CONCURRENCY + max(1, ceil(settings.FAL_CONCURRENCY * noticed / typical))


def in_flight() -> int:
    """Images that hold a place at fal; an unknown one for as long as a picture typically takes, then no longer."""
    longest = max(model.typical_seconds for model in catalogue.all())
    lately = Q(status_at__gt=timezone.now() - timedelta(seconds=longest))
    return Image.objects.filter(
        Q(status__in=[Status.SENDING, Status.DRAWING]) | Q(status=Status.UNKNOWN) & lately
    ).count()


def _room(state: FalState) -> int:
    if state.state == FalState.State.OK:
        return min(places() - in_flight(), MOST_AT_ONCE)
    is_probe_due = state.probe_at is None or state.probe_at <= timezone.now()
    return 1 if is_probe_due and not Image.objects.filter(status=Status.SENDING).exists() else 0


@transaction.atomic
def _take() -> int:
    state = fal_state.lock()
    room = _room(state)
    if room <= 0:
        return 0
    is_stopped, withheld = switches.stopped_and_withheld()
    if is_stopped:
        return 0
    waiting = Image.objects.queued().due().exclude(image_model__in=withheld)
    ids = list(waiting.in_turn().values_list("id", flat=True)[:room])
    if not ids:
        return 0
    # Rows that a cancel holds right now are passed over: waiting for them here could end in a deadlock.
    rows = Image.objects.filter(id__in=ids, status=Status.QUEUED).order_by("id")
    images = list(rows.select_for_update(skip_locked=True, of=("self",)).select_related("generation"))
    taken = [image for image in images if _begin(image)]
    if taken:
        highest = max(image.turn for image in taken)
        FalState.objects.filter(pk=state.pk, present_turn__lt=highest).update(present_turn=highest)
        _tell(taken)
    return len(taken)


def _begin(image: Image) -> bool:
    model = image.generation.model
    draw = Draw.objects.create(image=image, endpoint=model.endpoint)
    deadline = image.deadline_at or timezone.now() + timedelta(seconds=model.deadline_s)
    if not image.step(Status.SENDING, draw_id=draw.id, deadline_at=deadline, not_before=None):
        draw.delete()
        return False
    nudge(SEND, str(draw.id))
    return True


def _tell(images: list[Image]) -> None:
    """Say of each image that it is sent, and of each generation that it has begun; by user, for the order of locks."""
    begun = {image.generation_id for image in images}
    Generation.objects.filter(id__in=begun, started_at=None).update(started_at=timezone.now())
    told: dict[int, list[Image]] = defaultdict(list)
    for image in images:
        told[image.user_id].append(image)
    for user_id in sorted(told):
        events.write_all(
            user_id,
            [
                (
                    events.IMAGE_UPDATED,
                    image.id,
                    {"generation": str(image.generation_id), "status": "sending"},
                )
                for image in told[user_id]
            ],
        )
    for generation_id in sorted(begun):
        generation_changed.send(sender=Generation, generation_id=generation_id)
