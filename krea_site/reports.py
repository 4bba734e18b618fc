"""Reports of pictures: written by anybody, a few an hour from one network, and closed by staff with what was done.

Nobody learns from the answer whether a picture exists.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from generations import shares
from krea_site import mails
from krea_site.models import Reason, Report

AN_HOUR = 5  # reports from one network
SLOTS_LAST = timedelta(days=1)
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


def close(report_id: UUID, *, by: Any, done: str) -> bool:
    """Write what was done; False when somebody closed it before."""
    rows = Report.objects.filter(pk=report_id, closed_at=None)
    return bool(rows.update(closed_at=timezone.now(), closed_by=by, done=done))


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
