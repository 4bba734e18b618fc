"""Switches: an image model, sending to fal, or taking orders, off and on again while the site stays up; and notices.

An order asks the rows themselves, in its own transaction. Pages ask what this process knows, which is at most KEPT_S
old, so that no page has a query more for it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from billing.compiled import select

from . import catalogue, fal_state, pauses
from .models import Announcement, Switch
from .nudge import DISPATCH, nudge

SENDING: Final = "site:sending"
ORDERS: Final = "site:orders"
OF_THE_SITE: Final = (SENDING, ORDERS)
KEPT_S = 2.0
RETRY_AFTER_S: Final = 60  # when a program may ask again whether orders are taken
NO_ORDERS: Final = "No new orders are taken at the moment. What you ordered before goes on. Please come back soon."


class Unavailable(Exception):
    """New work is refused for a reason of ours; the text is for customers, and nothing is charged."""

    def __init__(self, notice: str) -> None:
        self.notice = notice
        super().__init__(notice)


class ModelIsOff(Unavailable):
    """This image model is switched off."""


class OrdersAreClosed(Unavailable):
    """No new orders are taken at all."""


class ChangedMeanwhile(Exception):
    """Somebody else switched it after this form was shown; nothing was changed."""


@dataclass(frozen=True)
class Known:
    """How the switches stand: the notice of each that is off, by its name, and the announcements that are not over."""

    off: Mapping[str, str] = field(default_factory=dict)
    announced: tuple[Announcement, ...] = ()

    def refusal(self, image_model: str) -> Unavailable | None:
        """Why an order of this image model would be refused; None where it would not."""
        if ORDERS in self.off:
            return OrdersAreClosed(self.off[ORDERS] or NO_ORDERS)
        if image_model in self.off:
            return ModelIsOff(notice_of(image_model, self.off[image_model]))
        return None

    def notice(self, image_model: str) -> str:
        """What to tell about an image model that is off; empty while it is on."""
        return notice_of(image_model, self.off[image_model]) if image_model in self.off else ""

    def announcement(self) -> Announcement | None:
        """The one that is shown now: of several, the one that began last."""
        moment = timezone.now()
        shown = [each for each in self.announced if each.starts_at <= moment < each.ends_at]
        return max(shown, key=lambda each: (each.starts_at, each.pk), default=None)


_known: tuple[float, Known] | None = None


def now() -> Known:
    """How they stand, at most KEPT_S old. Without a database: as it was known last, so that its error page is shown."""
    global _known
    if _known is not None and time.monotonic() - _known[0] < KEPT_S:
        return _known[1]
    try:
        found = _read()
    except DatabaseError:
        return _known[1] if _known else Known()
    _known = (time.monotonic(), found)
    return found


def forget() -> None:
    """Let this process read the rows again."""
    global _known
    _known = None


def assume(known: Known) -> None:
    """Begin with this instead of reading the rows, for a test."""
    global _known
    _known = (time.monotonic(), known)


def check(image_model: str) -> None:
    """Raises Unavailable where no order of this image model is taken, by the rows as they are."""
    refusal = Known(dict(_off(ORDERS, image_model))).refusal(image_model)
    if refusal is not None:
        raise refusal


def find(name: str) -> Switch:
    """The switch as it stands; one that was never used is on."""
    return Switch.objects.filter(pk=name).first() or Switch(name=name)


def off_since(name: str) -> datetime | None:
    return Switch.objects.filter(pk=name).values_list("off_at", flat=True).first()


def stopped_and_withheld() -> tuple[bool, list[str]]:
    """For the dispatcher, under its lock: whether nothing is sent, and the image models whose images are given back."""
    rows = Switch.objects.filter(off_at__isnull=False).values_list("name", "gives_back")
    found = dict(rows)
    return SENDING in found, [name for name, gives_back in found.items() if gives_back]


@transaction.atomic
def turn(name: str, *, is_off: bool, notice: str = "", gives_back: bool = False, seen: int) -> Switch | None:
    """Switch off or on: the row as it was before; None where it is so already, and then nothing was written. `seen` is
    the version that the form was made from. Raises ChangedMeanwhile.

    Sending is switched under the dispatcher's lock: once that is committed, nothing more is taken for fal."""
    if name == SENDING:
        fal_state.lock()
    Switch.objects.get_or_create(name=name)
    row = Switch.objects.select_for_update().get(pk=name)
    if _is_so(row, is_off, notice, gives_back):
        return None
    if row.version != seen:
        raise ChangedMeanwhile
    off_at = (row.off_at or timezone.now()) if is_off else None
    told = notice if is_off else ""
    Switch.objects.filter(pk=name).update(
        off_at=off_at, notice=told, gives_back=is_off and gives_back, version=F("version") + 1
    )
    if name == SENDING and is_off is not (row.off_at is not None):
        if is_off:
            pauses.begin()
        else:
            pauses.end()
    if not is_off:
        nudge(DISPATCH)
    _tell_this_process()
    return row


@transaction.atomic
def announce(text: str, *, starts_at: datetime, ends_at: datetime) -> Announcement | None:
    """Show a notice to everybody; None where the very same one is there already."""
    fal_state.lock()  # so that of two equal ones at once the second sees the first
    same = Announcement.objects.filter(text=text, starts_at=starts_at, ends_at=ends_at, ended_at=None)
    if same.exists():
        return None
    made = Announcement.objects.create(text=text, starts_at=starts_at, ends_at=ends_at)
    _tell_this_process()
    return made


@transaction.atomic
def take_away(announcement: Announcement) -> bool:
    """End a notice before its time; False where it is over already."""
    rows = Announcement.objects.filter(pk=announcement.pk, ended_at=None, ends_at__gt=timezone.now())
    is_mine = bool(rows.update(ended_at=timezone.now()))
    _tell_this_process()
    return is_mine


def notice_of(image_model: str, words: str) -> str:
    """What customers read: the operator's words, or ours where there are none."""
    if words:
        return words
    name = next((each.name for each in catalogue.all() if each.id == image_model), image_model)
    return f"{name} is switched off at the moment. Please choose another image model."


def _is_so(row: Switch, is_off: bool, notice: str, gives_back: bool) -> bool:
    if not is_off:
        return row.off_at is None
    return row.off_at is not None and (row.notice, row.gives_back) == (notice, gives_back)


@select
def _off(name: str, other: str) -> "QuerySet[Any, tuple[str, str]]":
    rows = Switch.objects.filter(Q(name=name) | Q(name=other), off_at__isnull=False)
    return rows.values_list("name", "notice")


def _read() -> Known:
    off = dict(Switch.objects.filter(off_at__isnull=False).values_list("name", "notice"))
    announced = Announcement.objects.filter(ended_at=None, ends_at__gt=timezone.now())
    return Known(off, tuple(announced))


def _tell_this_process() -> None:
    """Now, for what this transaction still reads; and after it, since others may have read the old rows meanwhile."""
    forget()
    transaction.on_commit(forget)
