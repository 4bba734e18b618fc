"""Mails to staff about alerts: one when something goes wrong and one when it is over, never more than one an hour about
the same thing, and so many a day in all.

What staff was told last about a thing stands in its rows. Where that is not what is true, and the hour has passed, a
mail is due; so a thing that comes and goes is told of once, and the front page tells the rest.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from krea_site import mails
from krea_site.mails import post
from krea_site.models import Alert, Mail, Role, StaffMember
from krea_site.watch.kinds import KINDS, anchor

logger = logging.getLogger(__name__)

TEMPLATES = {True: "alert", False: "alert_over"}
KINDS_OF_MAIL = [f"mail/{template}" for template in TEMPLATES.values()]
APART = timedelta(seconds=settings.ALERT_MAILS_APART_S)
A_DAY = timedelta(days=1)
FORGOTTEN = 2 * A_DAY  # what ended so long ago is not told any more
WORKER_HAS_IT = timedelta(seconds=settings.WATCH_PATIENCE_S)  # then whoever watches hands the mail over
MOST_AT_ONCE = 5


@dataclass(frozen=True)
class Told:
    """What staff heard last about one thing."""

    at: datetime
    is_open: bool


def recipients() -> list[str]:
    """ALERTS_TO, or else every owner, or where there is none every active member of staff."""
    if settings.ALERTS_TO:
        return list(settings.ALERTS_TO)
    staff = get_user_model().objects.filter(is_staff=True, is_active=True).order_by("pk")
    by_role = Q(pk__in=StaffMember.objects.filter(role=Role.OWNER).values("user")) | Q(is_superuser=True)
    owners = list(staff.filter(by_role).values_list("email", flat=True))
    return [str(email) for email in owners or staff.values_list("email", flat=True)]


def send() -> int:
    """Write the mails that are due; how many alerts they are about."""
    now = timezone.now()
    sent = 0
    for row in _to_be_told(now):
        if _today(now) >= settings.ALERT_MAILS_A_DAY:
            logger.warning("alert %s %s is not mailed: there were enough today", row.name, row.subject)
            return sent
        sent += _tell(row, now)
    return sent


def deliver_what_waits() -> None:
    """Hand over the mails of alerts that no worker took in time: without one, nobody would hear that there is none."""
    if not settings.EMAIL_URL:
        return
    now = timezone.now()
    ours = Mail.objects.waiting().filter(kind__in=KINDS_OF_MAIL, created_at__lt=now - WORKER_HAS_IT)
    due = ours.filter(due_at__lte=now).order_by("created_at")
    for mail_id in list(due.values_list("pk", flat=True)[:MOST_AT_ONCE]):
        post.deliver(mail_id)


def _to_be_told(now: datetime) -> list[Alert]:
    """The rows of which staff heard last something else than what is true, an hour ago or more."""
    untold = Q(ended_at=None, mailed_at=None) | Q(end_mailed_at=None, ended_at__gte=now - FORGOTTEN)
    newest = {(row.name, row.subject): row for row in Alert.objects.filter(untold).order_by("pk")}
    found = []
    for row in newest.values():  # of what came and went, only how it is now counts
        told = _told(row)
        is_open = row.ended_at is None
        if (told.is_open if told else False) != is_open and (told is None or now - told.at >= APART):
            found.append(row)
    return found


def _told(row: Alert) -> Told | None:
    """What staff heard last of this thing, by whichever of its rows."""
    heard = []
    rows = Alert.objects.filter(name=row.name, subject=row.subject).exclude(mailed_at=None, end_mailed_at=None)
    for one in rows.order_by("-pk")[:3]:
        heard += [Told(one.mailed_at, True)] if one.mailed_at else []
        heard += [Told(one.end_mailed_at, False)] if one.end_mailed_at else []
    return max(heard, key=lambda told: told.at, default=None)


@transaction.atomic
def _tell(row: Alert, now: datetime) -> bool:
    """The mails and the mark are one transaction, and the mark is taken once."""
    is_open = row.ended_at is None
    rows = Alert.objects.filter(pk=row.pk)
    marked = (
        rows.filter(mailed_at=None, ended_at=None).update(mailed_at=now)
        if is_open
        else rows.filter(end_mailed_at=None, ended_at__isnull=False).update(end_mailed_at=now)
    )
    if not marked:
        return False
    kind = KINDS[row.name]
    context = {
        "title": kind.title, "alert": row, "page": settings.PUBLIC_URL + kind.url, "anchor": anchor(row.name),
        "is_critical": row.severity == Alert.Severity.CRITICAL,
    }  # fmt: skip
    for to in recipients():
        mails.send(to, TEMPLATES[is_open], context, key=f"{TEMPLATES[is_open]}:{row.pk}:{to}")
    return True


def _today(now: datetime) -> int:
    """About how many alerts staff was mailed in the last day."""
    since = now - A_DAY
    return Alert.objects.filter(mailed_at__gte=since).count() + Alert.objects.filter(end_mailed_at__gte=since).count()
