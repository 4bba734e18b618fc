"""Which pictures of one's own somebody wants to see: by image model, status, date, favourite, and words of the prompt.

Read from an address, such as `?q=red+fox&model=krea-2-large&since=2026-11-01&favourite=1`, and written back into one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from . import catalogue, search
from .models import FINAL, Image, ImageQuerySet, Status

NAMES = ("q", "model", "status", "favourite", "since", "until")
SHOWN = ""  # without a status: all but what became no picture
ALL = "all"
STATUSES: dict[str, tuple[str, list[Status] | None]] = {
    SHOWN: ("All but failed", [each for each in Status if each not in FINAL or each == Status.STORED]),
    "stored": ("Ready", [Status.STORED]),
    "running": ("On the way", [each for each in Status if each not in FINAL]),
    "failed": ("Failed", [Status.FAILED]),
    "blocked": ("Blocked", [Status.BLOCKED]),
    "canceled": ("Cancelled", [Status.CANCELED]),
    ALL: ("Everything", None),
}
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
T = TypeVar("T")


@dataclass(frozen=True)
class Filters:
    """`since` and `until` are the first and the last day, both in UTC and both included; None where it is open there.
    `status` is a key of STATUSES. `errors` are sentences by the name of the field; where there are any, nothing is
    found rather than something else. `typed` is what the address said, for the form."""

    image_model: str = ""
    status: str = SHOWN
    since: date | None = None
    until: date | None = None
    favourite: bool = False
    q: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> "Filters":
        """The filters of an address; what it does not speak of is left open."""
        typed = {name: asked.get(name, "").strip() for name in NAMES}
        errors: dict[str, str] = {}

        def take(name: str, reader: Callable[[str], T]) -> T | None:
            try:
                return reader(typed[name]) if typed[name] else None
            except ValueError as error:
                errors[name] = str(error)
                return None

        since, until = take("since", _day), take("until", _day)
        if since and until and since > until:
            errors["until"] = "The last day is before the first."
        return cls(
            image_model=take("model", _image_model) or "", status=take("status", _status) or SHOWN,
            since=since, until=until, favourite=take("favourite", _favourite) or False, q=take("q", _words) or "",
            errors=errors, typed=typed,
        )  # fmt: skip

    def apply(self, user: Any) -> ImageQuerySet:
        """A user's pictures that are let through, the newest generation first, each in its own order. Neither what is
        in the bin nor what is gone."""
        rows = Image.objects.in_gallery(user)
        if self.errors:
            return rows.none()
        if statuses := STATUSES[self.status][1]:
            rows = rows.filter(status__in=statuses)
        if self.image_model:
            rows = rows.filter(image_model=self.image_model)
        if self.favourite:
            rows = rows.filter(favourite_at__isnull=False)
        if self.since:
            rows = rows.filter(generation__gte=_first_id(self.since))
        if self.until:
            rows = rows.filter(generation__lt=_first_id(self.until + timedelta(days=1)))
        return search.narrow(rows, user, self.q) if self.q else rows

    @property
    def query(self) -> str:
        """For an address: `"q=red+fox&since=2026-11-01"`; empty where nothing is filtered."""
        said = {
            "q": self.q, "model": self.image_model, "status": self.status, "favourite": "1" if self.favourite else "",
            "since": self.since, "until": self.until,
        }  # fmt: skip
        return urlencode({name: str(value) for name, value in said.items() if value})

    def without(self, *names: str) -> "Filters":
        """The same with some fields left open."""
        opened = {name: getattr(EVERYTHING, name) for name in names}
        return replace(self, **opened)


EVERYTHING = Filters()


def _image_model(text: str) -> str:
    known = [each.id for each in catalogue.all()]
    if text not in known:
        raise ValueError(f"There is no image model called {text[:40]}. There are: {', '.join(known)}.")
    return text


def _status(text: str) -> str:
    if text not in STATUSES:
        raise ValueError(f"There is no status called {text[:40]}. There are: {', '.join(filter(None, STATUSES))}.")
    return text


def _favourite(text: str) -> bool:
    if text != "1":
        raise ValueError("Favourites alone are favourite=1; leave it out to see all.")
    return True


def _day(text: str) -> date:
    problem = f"{text[:40]} is not a date; write it as 2026-11-30."
    if not _DAY.fullmatch(text):
        raise ValueError(problem)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(problem) from None
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"{text} is too far away; choose a day from {EARLIEST} to {LATEST}.")
    return day


def _words(text: str) -> str:
    search.read(text)
    return text


def _first_id(day: date) -> UUID:
    """The lowest id of a generation that was made on a day or later: ids begin with the millisecond."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return UUID(int=int(midnight.timestamp() * 1000) << 80)
