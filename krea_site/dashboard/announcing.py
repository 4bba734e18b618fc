"""The notice to everybody as staff writes it: its words, from when until when, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from generations import switches
from generations.models import Announcement
from krea_site import reasons
from krea_site.dashboard import acts, moments
from krea_site.dashboard.switching import BadWish

FIELDS = ("text", "starts_at", "ends_at", "why")
LONGEST = 500
LATEST = timedelta(days=366)
KEPT_OPEN = timedelta(days=1)  # for so long may a preview stand open that begins "now"


@dataclass(frozen=True)
class Wish:
    text: str
    starts_at: datetime
    ends_at: datetime
    why: str


def read(typed: Mapping[str, str]) -> Wish:
    """What was typed into the form; without a beginning it begins now. Raises BadWish."""
    problems: dict[str, str] = {}
    found: dict[str, datetime | None] = {}
    text, why, now = " ".join(typed.get("text", "").split()), "", timezone.now()
    if not 0 < len(text) <= LONGEST:
        problems["text"] = f"From 1 to {LONGEST} characters, please; these are {len(text)}."
    for name in ("starts_at", "ends_at"):
        try:
            found[name] = moments.read(typed.get(name, ""))
        except ValueError as error:
            problems[name] = str(error)
    try:
        why = reasons.read(typed.get("why", ""))
    except ValueError as error:
        problems["why"] = str(error)
    starts_at = found.get("starts_at") or moments.soon(-1)
    ends_at = found.get("ends_at")
    if "starts_at" not in problems and not now - KEPT_OPEN <= starts_at <= now + LATEST:
        problems["starts_at"] = "From now on, within a year."
    if "ends_at" not in problems and (ends_at is None or ends_at <= max(starts_at, now)):
        problems["ends_at"] = "It needs an end that is after its beginning, and still to come."
    elif "ends_at" not in problems and ends_at is not None and ends_at > now + LATEST:
        problems["ends_at"] = "Within a year."
    if problems or ends_at is None:
        raise BadWish(problems)
    return Wish(text, starts_at, ends_at, why)


def carry_out(request: HttpRequest, wish: Wish) -> bool:
    """Show it, and write it down; False where the very same one is there already."""
    with transaction.atomic():
        made = switches.announce(wish.text, starts_at=wish.starts_at, ends_at=wish.ends_at)
        if made is None:
            acts.nothing_done(request)
            return False
        acts.write(request, "notice.show", f"notice:{made.pk}", after=_told(made), why=wish.why)
    return True


def take_away(request: HttpRequest, row: Announcement, why: str) -> bool:
    """End it before its time, and write it down; False where it was over."""
    with transaction.atomic():
        if not switches.take_away(row):
            acts.nothing_done(request)
            return False
        acts.write(request, "notice.take_away", f"notice:{row.pk}", before=_told(row), why=why)
    return True


def _told(row: Announcement) -> dict[str, str]:
    return {"text": row.text, "starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()}
