"""Which rows a sweep has to have taken up: those whose time has come and for which nobody was asked since.

A nudge that was lost is repeated after the time in which the queue itself would repeat a job, so that a worker that is
away for long does not find thousands of them.
"""

from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone

Row = TypeVar("Row", bound=Model)

AT_ONCE = 20
LOST = timedelta(seconds=settings.SWEEP_AGE_S)


def take(rows: "QuerySet[Row]", *, patience: timedelta = timedelta()) -> list[object]:
    """The keys of some rows that are due by `due_at` for longer than `patience`, each given out once; `nudged_at` says
    when."""
    now = timezone.now()
    unasked = Q(nudged_at=None) | Q(nudged_at__lt=F("due_at")) | Q(nudged_at__lt=now - LOST)
    due = rows.filter(unasked, due_at__lte=now - patience)
    found = list(due.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE])
    return [key for key in found if due.filter(pk=key).update(nudged_at=now)]
