"""Reports of pictures: written by anybody, a few an hour from one network, and closed by staff with what was done.

Nobody learns from the answer whether a picture exists.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from generations import shares
from krea_site import mails
from krea_site.models import Decision, Reason, Report

AN_HOUR = 5  # reports from one network
SLOTS_LAST = timedelta(days=1)
CLAIM_LASTS = timedelta(hours=2)  # whoever said that they are on it may have gone home
URGENT = (Reason.MINOR,)  # decided before all others
UUID_IN_TEXT = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


class TooMany(Exception):
    """This network has sent all the reports that it may in this hour."""


@dataclass(frozen=True)
class Told:
    """What somebody reported; checked by the form."""

    picture: str
    reason: Reason
    details: str = ""
    email: str = ""


@transaction.atomic
def write(told: Told, *, address: str) -> Report:
    """The report as a row, and a mail to each who is to know, in one transaction. `address` is the reporter's IP
    address, of which only a keyed hash is kept, for a day. Raises TooMany."""
    report = _take_slot(told, address)
    for to in recipients():
        context = {"reason": report.get_reason_display(), "report_id": report.pk}
        mails.send(to, "report", context)
    return report


def recipients() -> list[str]:
    """REPORTS_TO, or else every active member of staff."""
    if settings.REPORTS_TO:
        return list(settings.REPORTS_TO)
    staff = get_user_model().objects.filter(is_staff=True, is_active=True).order_by("pk")
    return [str(email) for email in staff.values_list("email", flat=True)]


def close(report: Report, *, by: Any, decision: Decision, done: str) -> bool:
    """Close one report and answer whoever left an address, in the caller's transaction; False when it was closed
    before."""
    rows = Report.objects.open().filter(pk=report.pk)
    closed = rows.update(closed_at=timezone.now(), closed_by=by, decision=decision, done=done)
    if closed and report.email:
        context = {"is_taken_down": decision == Decision.TAKEN_DOWN, "done": done, "picture": report.picture}
        mails.send(report.email, "report_decided", context, key=f"report:{report.pk}")
    return bool(closed)


@transaction.atomic
def dismiss(report_id: UUID, *, by: Any, why: str) -> bool:
    """Nothing is wrong with the picture; False when somebody decided before."""
    report = Report.objects.open().filter(pk=report_id).first()
    return report is not None and close(report, by=by, decision=Decision.DISMISSED, done=why)


def claim(report_id: UUID, *, by: Any, instead_of: int | None = None) -> bool:
    """Say who looks into it, so that two do not; False when somebody else does already, unless they are `instead_of`,
    or when it is closed."""
    free = Q(claimed_by=None) | Q(claimed_by=by) | Q(claimed_at__lt=timezone.now() - CLAIM_LASTS)
    if instead_of is not None:
        free |= Q(claimed_by=instead_of)
    rows = Report.objects.open().filter(free, pk=report_id)
    return bool(rows.update(claimed_by=by, claimed_at=timezone.now()))


def release(report_id: UUID, *, by: Any) -> bool:
    """Leave it to others; False when it was not this person's."""
    rows = Report.objects.open().filter(pk=report_id, claimed_by=by)
    return bool(rows.update(claimed_by=None, claimed_at=None))


def is_somebody_elses(report: Report, by: Any) -> bool:
    """Whether another member of staff said, not long ago, that they are on it."""
    since = timezone.now() - CLAIM_LASTS
    is_claimed = report.claimed_by_id is not None and report.claimed_at is not None and report.claimed_at >= since
    return is_claimed and report.claimed_by_id != by.pk


def due_at(report: Report) -> datetime:
    """When it is to be decided at the latest."""
    hours = settings.REPORTS_OF_MINORS_DUE_HOURS if report.reason in URGENT else settings.REPORTS_DUE_HOURS
    return report.created_at + timedelta(hours=hours)


def prune() -> int:
    """Forget from which networks reports came, after a day; how many."""
    old = Report.objects.filter(created_at__lt=timezone.now() - SLOTS_LAST).exclude(slot=None)
    return old.update(slot=None)


def image_id_in(text: str) -> UUID | None:
    """The picture of a shared link; or the last id in an address, since addresses of pictures end with theirs."""
    if shared := shares.image_behind(text):
        return shared
    found = UUID_IN_TEXT.findall(text)
    return UUID(found[-1]) if found else None


def _take_slot(told: Told, address: str) -> Report:
    """Insert with the first free slot of this network's hour: the unique slot decides, however many ask at once."""
    hour = f"{_network(address)}:{timezone.now():%Y%m%d%H}"
    taken = Report.objects.filter(slot__startswith=f"{hour}:").count()
    for number in range(taken, AN_HOUR):
        try:
            with transaction.atomic():
                return Report.objects.create(
                    picture=told.picture,
                    image_id=image_id_in(told.picture),
                    reason=told.reason,
                    details=told.details,
                    email=told.email,
                    slot=f"{hour}:{number}",
                )
        except IntegrityError:  # somebody of the same network was quicker
            continue
    raise TooMany


def _network(address: str) -> str:
    """A keyed hash of the address; of IPv6 its /64, since one household has that many."""
    try:
        ip = ip_address(address)
    except ValueError:
        ip = IPv6Address(0)  # behind a socket without addresses all are one network
    packed = ip.packed[:8] if isinstance(ip, IPv6Address) else ip.packed
    return hmac.new(settings.SECRET_KEY.encode(), b"report:" + packed, hashlib.sha256).hexdigest()[:32]
