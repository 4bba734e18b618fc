"""The figures of the business as values: read from the rows of `Figures`, for the front page and for /metrics alike.

Credits are in 1/100, and 1,000 credits are a dollar; fal's dollars are in 1/1,000,000.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from billing.credits import CREDITS_A_DOLLAR, PER_CREDIT
from krea_site.dashboard.periods import Period, Span, around
from krea_site.models import Figures

MICROUSD = 1_000_000
MICROUSD_A_CENTICREDIT = MICROUSD // (CREDITS_A_DOLLAR * PER_CREDIT)
ENDED_BADLY = ("failed", "blocked", "canceled")


@dataclass(frozen=True)
class Wait:
    """Of so many pictures: the median and the 95th percentile, by nearest rank."""

    number: int
    median_ms: int
    p95_ms: int


@dataclass(frozen=True)
class Sums:
    """What is counted of each image model, and of all of them. `spent` is net of what was given back; `doubtful` draws
    may have been billed by fal without a picture, for `doubtful_cost` at the most."""

    images: Mapping[str, int] = field(default_factory=dict)
    spent: int = 0
    cost: int = 0
    draws: int = 0
    doubtful: int = 0
    doubtful_cost: int = 0
    waits: Mapping[str, Wait] = field(default_factory=dict)

    @property
    def worth(self) -> int:
        """What was spent, in millionths of a dollar at the retail price."""
        return self.spent * MICROUSD_A_CENTICREDIT

    @property
    def margin(self) -> int:
        """What was spent less what fal takes for it, in millionths of a dollar."""
        return self.worth - self.cost

    def margin_at(self, share: int) -> int:
        """The margin where of each thousand credits spent only `share` had been paid for."""
        return self.worth * share // 1000 - self.cost

    @property
    def margin_share(self) -> int | None:
        """The margin in thousandths of what was spent; None where nothing was."""
        return self.margin * 1000 // self.worth if self.worth > 0 else None

    @property
    def ordered(self) -> int:
        return sum(self.images.values())

    @property
    def stored(self) -> int:
        return self.images.get("stored", 0)

    @property
    def open(self) -> int:
        """Images that have no end yet."""
        return self.ordered - self.stored - sum(self.images.get(status, 0) for status in ENDED_BADLY)


@dataclass(frozen=True)
class Counts(Sums):
    """One period, or the sum of several (then without waits). Money by when it moved, all else by when it was ordered.

    `cash` is what came in, net of tax and of what was given back; `fees` is what Stripe kept of it, in dollars as fal's
    are, without the `fees_unknown` payments of which it has not said so. `granted` and `losses` are what these books
    gave, net.
    `grown` and `owed` are by how much all wallets, and all debts, grew. `outstanding`, `held`, `debt` and `debtors` are
    of the moment of counting. `causes` are (status, error code, images)."""

    sold: int = 0
    cash: int = 0
    fees: int = 0
    fees_unknown: int = 0
    granted: int = 0
    losses: int = 0
    forfeited: int = 0
    grown: int = 0
    owed: int = 0
    transfers: int = 0
    outstanding: int = 0
    held: int = 0
    debt: int = 0
    debtors: int = 0
    generations: Mapping[str, int] = field(default_factory=dict)
    causes: tuple[tuple[str, str, int], ...] = ()
    deliveries: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    models: Mapping[str, Sums] = field(default_factory=dict)

    @property
    def revenue(self) -> int:
        """The cash in millionths of a dollar."""
        return self.cash * MICROUSD_A_CENTICREDIT

    @property
    def cash_left(self) -> int:
        """The cash less what Stripe and fal take."""
        return self.revenue - self.fees - self.cost


@dataclass(frozen=True)
class Slot:
    """One period with its figures; without any where it was not counted yet, or nothing was here to be counted.
    `is_waiting`: it will be counted."""

    span: Span
    counts: Counts | None = None
    counted_at: datetime | None = None
    is_waiting: bool = False


def read(values: Mapping[str, Any]) -> Counts:
    """The JSON of a row as a value; what an older version did not count is 0."""
    told = {name: values[name] for name in Counts.__dataclass_fields__ if name in values}
    told["spent"] = values.get("spent", 0)
    told["waits"] = _waits(values.get("waits", {}))
    told["causes"] = tuple((status, code, number) for status, code, number in values.get("causes", ()))
    told["models"] = {
        model: Sums(**{**sums, "waits": _waits(sums.get("waits", {}))})
        for model, sums in sorted(values.get("models", {}).items())
    }
    return Counts(**told)


def of(span: Span) -> Slot:
    """One period."""
    return slots([span])[0]


def now(period: Period) -> Counts | None:
    """The hour, day or month that is on, as it was last counted."""
    return of(around(period, timezone.now())).counts


def last(period: Period, count: int) -> list[Slot]:
    """The newest periods with the one that is on, oldest first."""
    return slots(around(period, timezone.now()).back(count))


def slots(spans: list[Span]) -> list[Slot]:
    """Periods of one kind in a row, oldest first: one query, of as many rows."""
    rows = Figures.objects.filter(period=spans[0].period, start__gte=spans[0].start, start__lte=spans[-1].start)
    known = {row.start: row for row in rows}
    return [_slot(span, known.get(span.start)) for span in spans]


def _slot(span: Span, row: Figures | None) -> Slot:
    if row is None or row.counted_at is None:
        return Slot(span, is_waiting=row is not None)
    return Slot(span, read(row.values), row.counted_at)


def at_the_end(slot: Slot) -> tuple[int, int] | None:
    """What all wallets had and owed at the end of a period, or now where it is still on: what the newest count of its
    kind found, less what moved since then. None where that is not known."""
    rows = Figures.objects.filter(period=slot.span.period, start__gt=slot.span.start).order_by("start")
    later = [read(values) for values in rows.exclude(counted_at=None).values_list("values", flat=True)]
    newest = later[-1] if later else slot.counts
    if newest is None:
        return None
    grown, owed = (sum(getattr(each, name) for each in later) for name in ("grown", "owed"))
    return newest.outstanding - grown, newest.debt - owed


def totals() -> Counts:
    """Everything that was ever counted: the months up to the one before the last, and every day since."""
    since = around(Period.MONTH, timezone.now()).before.start
    rows = Figures.objects.filter(Q(period=Period.MONTH, start__lt=since) | Q(period=Period.DAY, start__gte=since))
    return summed(read(values) for values in rows.values_list("values", flat=True) if values)


def paid_share() -> int | None:
    """How many of a thousand credits that wallets were ever given had been paid for; None where none were given."""
    every = totals()
    given = every.cash + every.granted
    return min(max(every.cash * 1000 // given, 0), 1000) if given > 0 else None


def summed(found: Iterable[Counts]) -> Counts:
    """The sum of several periods, without levels and waits, which cannot be added."""
    every = list(found)
    names = ("sold", "cash", "fees", "fees_unknown", "granted", "losses", "forfeited", "grown", "owed", "transfers")
    causes: dict[tuple[str, str], int] = defaultdict(int)
    models: dict[str, list[Sums]] = defaultdict(list)
    for each in every:
        for status, code, number in each.causes:
            causes[status, code] += number
        for model, sums in each.models.items():
            models[model].append(sums)
    return Counts(
        **_added(every),
        **{name: sum(getattr(each, name) for each in every) for name in names},
        generations=_joined(each.generations for each in every),
        deliveries=_joined(each.deliveries for each in every),
        events=_joined(each.events for each in every),
        causes=tuple((*cause, number) for cause, number in sorted(causes.items())),
        models={model: Sums(**_added(parts)) for model, parts in sorted(models.items())},
    )


def _added(parts: Iterable[Sums]) -> dict[str, Any]:
    every = list(parts)
    names = ("spent", "cost", "draws", "doubtful", "doubtful_cost")
    sums: dict[str, Any] = {name: sum(getattr(each, name) for each in every) for name in names}
    return sums | {"images": _joined(each.images for each in every)}


def _joined(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for each in parts:
        for name, number in each.items():
            found[name] += number
    return dict(found)


def _waits(told: Mapping[str, Any]) -> dict[str, Wait]:
    return {measure: Wait(*numbers) for measure, numbers in told.items()}
