"""Which generations staff wants to see, of all customers: read from an address and written back into one.

`since` and `until` are about when a generation was ordered, which its id tells (UUIDv7), as the gallery and the status
page have it: so every list begins at a place of an index, and whoever counts by the same ids counts the same rows. What
is asked of images (`image_status`, `error`, `outcome`, `billed`) must be true of one and the same image.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from accounts.models import User
from generations import catalogue
from generations.models import Draw, Generation, Image, Outcome, Status
from partners.models import Order

NAMES = (
    "q", "user", "status", "image_status", "image_model", "error", "outcome", "billed", "door", "since", "until",
)  # fmt: skip
OPEN = "open"
STATUSES = ("queued", "running", OPEN, *Outcome.values)
IN_FLIGHT = "in_flight"
AT_WORK = (Status.SENDING, Status.UNKNOWN, Status.DRAWING, Status.STORING)
FAILED_OR_BLOCKED, UNDER_WAY = "failed_or_blocked", "under_way"  # in the table of images alone, as NOT_SAID
NOT_SAID = "not_said"
IMAGE_STATUSES = (*Status.values, IN_FLIGHT)
MAYBE_BILLED = Q(may_be_billed=True, cost_microusd=0) & ~Q(outcome="delivered")
WEB, API = "web", "api"
DOORS = (WEB, API)  # an order of a partner's has a row; which dialect it came in is kept only where it has to be
LONGEST = 300
MOST_FOUND = 1000  # by one reference
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
T = TypeVar("T")
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Filters:
    """`errors` are sentences by the name of the field; where there are any, nothing is found rather than something
    else. `typed` is what the address said. A day as `until` is included whole; a moment is not."""

    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> "Filters":
        typed = {name: asked.get(name, "").strip()[:LONGEST] for name in NAMES}
        errors: dict[str, str] = {}

        def take(name: str, reader: Callable[[str], T]) -> T | None:
            try:
                return reader(typed[name]) if typed[name] else None
            except ValueError as error:
                errors[name] = str(error)
                return None

        for name, allowed in (
            ("status", STATUSES), ("image_status", IMAGE_STATUSES), ("door", DOORS), ("billed", ("1",)),
        ):  # fmt: skip
            take(name, _one_of(name, allowed))
        user = take("user", _user)
        since, until = take("since", read_moment), take("until", read_end)
        if since and until and since >= until:
            errors["until"] = "until is not after since."
        return cls({name: text for name, text in typed.items() if text}, errors, user, since, until)

    def get(self, name: str) -> str:
        return self.typed.get(name, "")

    @property
    def query(self) -> str:
        """For an address; empty where nothing is filtered."""
        return urlencode(self.typed)

    @property
    def is_of_images(self) -> bool:
        return any(self.get(name) for name in ("image_status", "error", "outcome", "billed"))

    def generations(self) -> "QuerySet[Generation]":
        """Those that are let through, in no order."""
        rows = self._within(Generation.objects.all(), "pk")
        if self.errors:
            return rows.none()
        if self.user is not None:
            rows = rows.filter(user=self.user)
        if model := self.get("image_model"):
            rows = rows.filter(image_model=model)
        if words := self.get("q"):
            rows = rows.filter(pk__in=list(_found(words)))
        rows = _of_status(rows, self.get("status"))
        rows = _of_door(rows, self.get("door"))
        return rows.filter(pk__in=self._named_images().values("generation")) if self.is_of_images else rows

    def images(self) -> "QuerySet[Image]":
        """The images of which all of it is true, in no order: what a number on the front page counts."""
        rows = self._named_images().order_by()
        if self.errors:
            return rows.none()
        if any(self.get(name) for name in ("q", "status", "door")):
            rows = rows.filter(generation__in=self.generations())
        return rows

    def _named_images(self) -> "QuerySet[Image]":
        rows = self._within(Image.objects.all(), "generation")
        if self.user is not None:
            rows = rows.filter(user=self.user)
        if model := self.get("image_model"):
            rows = rows.filter(image_model=model)
        if status := self.get("image_status"):
            rows = rows.filter(status__in=AT_WORK) if status == IN_FLIGHT else rows.filter(status=status)
        if error := self.get("error"):
            rows = rows.exclude(error_code="").filter(error_code=error)
        if self.get("outcome") or self.get("billed"):
            rows = rows.filter(pk__in=self._named_draws().values("image"))
        return rows.order_by()

    def _named_draws(self) -> "QuerySet[Draw]":
        rows = Draw.objects.all()
        if outcome := self.get("outcome"):
            rows = rows.filter(outcome=outcome)
        return maybe_billed(rows) if self.get("billed") else rows

    def _within(self, rows: "QuerySet[Row]", name: str) -> "QuerySet[Row]":
        if self.since:
            rows = rows.filter(**{f"{name}__gte": first_id(self.since)})
        return rows.filter(**{f"{name}__lt": first_id(self.until)}) if self.until else rows


def maybe_billed(rows: "QuerySet[Draw]") -> "QuerySet[Draw]":
    """Draws that fal may have billed though nothing was delivered, and of which we do not know it."""
    return rows.filter(MAYBE_BILLED)


def first_id(moment: datetime) -> UUID:
    """No id of that moment or later is lower, none of an earlier millisecond as high."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _of_status(rows: "QuerySet[Generation]", status: str) -> "QuerySet[Generation]":
    if not status:
        return rows
    if status in Outcome.values:
        return rows.filter(outcome=status)
    rows = rows.filter(outcome=None)
    begun = Exists(Image.objects.order_by().filter(generation=OuterRef("pk")).exclude(status=Status.QUEUED))
    return rows if status == OPEN else rows.filter(begun if status == "running" else ~begun)


def _of_door(rows: "QuerySet[Generation]", door: str) -> "QuerySet[Generation]":
    if not door:
        return rows
    by_a_partner = Exists(Order.objects.filter(generation=OuterRef("pk")))
    return rows.filter(by_a_partner if door == API else ~by_a_partner)


def _found(words: str) -> Iterator[UUID]:
    """The generations that one word names: by an id of ours or fal's, a draw's secret, a partner's reference, the
    customer's address. Each is one look into an index."""
    if "@" in words:
        mine = Generation.objects.filter(user__email=words.lower())
        yield from mine.order_by("-pk").values_list("pk", flat=True)[:MOST_FOUND]
        return
    draws = Q(request_id=words) | Q(token=words)
    try:
        id = UUID(words)
    except ValueError:
        pass
    else:
        yield id
        yield from Image.objects.order_by().filter(pk=id).values_list("generation", flat=True)
        draws |= Q(pk=id)
    yield from Draw.objects.filter(draws).values_list("image__generation", flat=True)
    yield from Order.objects.filter(reference=words).values_list("pk", flat=True)[:MOST_FOUND]


def _one_of(name: str, allowed: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{name} is one of {', '.join(allowed)}.")
        return text

    return read


def _user(text: str) -> int:
    """By id or address; an unknown one is nobody, of whom nothing is found."""
    if "@" in text:
        return User.objects.filter(email=text.lower()).values_list("pk", flat=True).first() or 0
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ValueError("user is the number of a customer, or an e-mail address.")
    return int(text)


def read_moment(text: str) -> datetime:
    try:
        if len(text) == len("2026-11-30"):
            moment = datetime.combine(date.fromisoformat(text), time(), UTC)
        else:
            moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise ValueError(f"{text[:40]} is no moment; write it as 2026-11-30 or 2026-11-30T18:00Z.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(f"{text[:40]} is too far away.")
    return moment


def read_end(text: str) -> datetime:
    moment = read_moment(text)
    return moment + timedelta(days=1) if len(text) == len("2026-11-30") else moment


def known_models() -> list[tuple[str, str]]:
    """Ids and names, for a form."""
    return [(each.id, each.name) for each in catalogue.all()]
