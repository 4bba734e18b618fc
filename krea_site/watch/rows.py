"""Alerts as rows: opened once, brought up to date while they last, ended when they are over."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone

from krea_site.models import Alert
from krea_site.watch.conditions import Found
from krea_site.watch.kinds import KINDS

LAST = timedelta(days=366)
NOT_SEEN = timedelta(hours=1)  # of a machine that reports no more: it is gone, and its alerts with it
WORST_FIRST = Case(When(severity=Alert.Severity.CRITICAL, then=Value(0)), default=Value(1), output_field=IntegerField())


def open_alerts() -> list[Alert]:
    """What is wrong now, the worst first, the oldest of those first, each with its `title`; one query."""
    found = list(Alert.objects.open().order_by(WORST_FIRST, "since", "pk"))
    for row in found:
        row.title = KINDS[row.name].title if row.name in KINDS else row.name
    return found


def of_site() -> "QuerySet[Alert]":
    """The open alerts that are of no one machine."""
    return Alert.objects.open().exclude(name__in=_LOCAL)


def of_machine(host: str) -> "QuerySet[Alert]":
    return Alert.objects.open().filter(name__in=_LOCAL, subject=host)


@transaction.atomic
def bring_up_to_date(known: "QuerySet[Alert]", found: Iterable[Found]) -> None:
    """Open what is new among `found`, end what is `known` and not found any more. Two who do so at once open one: the
    database lets nothing be open twice."""
    now = timezone.now()
    rows = {(row.name, row.subject): row for row in known}
    for one in found:
        row = rows.pop((one.name, one.subject), None)
        if row is None:
            new = Alert(
                name=one.name, subject=one.subject, severity=KINDS[one.name].severity, words=one.words[:500],
                since=now, seen_at=now,
            )  # fmt: skip
            Alert.objects.bulk_create([new], ignore_conflicts=True)
        else:
            Alert.objects.filter(pk=row.pk, ended_at=None).update(seen_at=now, words=one.words[:500])
    Alert.objects.filter(pk__in=[row.pk for row in rows.values()], ended_at=None).update(ended_at=now)


def end_those_of_lost_machines() -> None:
    now = timezone.now()
    Alert.objects.open().filter(name__in=_LOCAL, seen_at__lt=now - NOT_SEEN).update(ended_at=now)


def acknowledge(alert_id: int, *, actor: str, why: str) -> Alert | None:
    """Somebody knows of it; None where it is over, or somebody said so before. The row as it was."""
    row = Alert.objects.open().filter(pk=alert_id, acknowledged_at=None).first()
    told: dict[str, Any] = {"acknowledged_at": timezone.now(), "acknowledged_by": actor, "acknowledged_why": why}
    rows = Alert.objects.open().filter(pk=alert_id, acknowledged_at=None)
    return row if row is not None and rows.update(**told) else None


def prune() -> int:
    """Delete what has been over for a year; how many."""
    return Alert.objects.filter(ended_at__lt=timezone.now() - LAST).delete()[0]


_LOCAL = [name for name, kind in KINDS.items() if kind.is_local]
