"""Times in which staff had stopped sending to fal: they count towards nobody's wait and nobody's deadline."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from .models import Image, Pause


def begin() -> None:
    """Sending stops now. Under the dispatcher's lock."""
    Pause.objects.create()


def end() -> None:
    """Sending goes on: images that were tried before get the time that they lost. Under the dispatcher's lock."""
    moment = timezone.now()
    for pause in Pause.objects.filter(until=None):
        Pause.objects.filter(pk=pause.pk).update(until=moment)
        lost = max(moment - pause.since, timedelta())
        Image.objects.queued().filter(deadline_at__isnull=False).change(deadline_at=F("deadline_at") + lost)


def is_on() -> bool:
    """Whether sending is stopped now."""
    return Pause.objects.filter(until=None).exists()


def before(moment: datetime, wait: timedelta) -> datetime:
    """Whoever began to wait at that time has waited for `wait` at `moment`, pauses left out."""
    began = moment - wait
    for since, until in _newest_first(moment):
        if until <= began:
            break
        began -= until - since
    return began


def _newest_first(moment: datetime) -> Iterable[tuple[datetime, datetime]]:
    rows = Pause.objects.filter(since__lt=moment).order_by("-since").values_list("since", "until")
    return ((since, min(until or moment, moment)) for since, until in rows.iterator())
