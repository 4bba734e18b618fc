"""What was spent on each day, by what it was spent on, as a chart of bars and as a table. From the tallies alone.

Lengths are whole numbers: a day is DAY wide, the highest line of the scale is HEIGHT high.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from .filters import LATEST, Filter
from .models import Account, Kind, Side, Tally

MOST_DAYS = 92
USUAL_DAYS = 30
PARTS = 4  # as many as can be told apart; more become the last, "other"
OTHER = "other"
DAY, BAR, HEIGHT = 10, 8, 1000
_STEPS = (100, 200, 500)  # 1, 2 and 5 credits, and ten times as much, and so on


@dataclass(frozen=True)
class Day:
    """`amounts` in the order of the chart's parts, in 1/100 credit; `x` is where its bar begins."""

    day: date
    x: int
    amounts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.amounts)


@dataclass(frozen=True)
class Chart:
    """Every day from `first` to `last`. `parts` are subjects, "" for what has none; `top` is what the highest line of
    the scale stands for. `is_cut`: more days were asked for than are shown."""

    parts: tuple[str, ...]
    days: tuple[Day, ...]
    top: int
    is_cut: bool

    @property
    def first(self) -> date:
        return self.days[0].day

    @property
    def last(self) -> date:
        return self.days[-1].day

    @property
    def middle(self) -> date:
        return self.days[len(self.days) // 2].day

    @property
    def half(self) -> int:
        return self.top // 2

    @property
    def width(self) -> int:
        return DAY * len(self.days)

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)

    @property
    def totals(self) -> list[int]:
        """By part."""
        return [sum(day.amounts[index] for day in self.days) for index in range(len(self.parts))]

    @property
    def paths(self) -> list[str]:
        """The outline of all pieces of each part, as SVG has it: `"M1 400h8v600h-8z"`."""
        pieces: list[list[str]] = [[] for _ in self.parts]
        for day in self.days:
            for index, y, height in pieces_of(day.amounts, self.top):
                pieces[index].append(f"M{day.x} {y}h{BAR}v{height}h-{BAR}z")
        return ["".join(part) for part in pieces]

    @property
    def spent_on(self) -> list[Day]:
        """The days on which anything was spent."""
        return [day for day in self.days if day.total]

    @property
    def highest(self) -> Day:
        return max(self.days, key=lambda day: day.total)


def chart(wallet: Account | None, chosen: Filter, *, today: date) -> Chart:
    """The days of the filter, at most the last MOST_DAYS of them; the last USUAL_DAYS where it names none."""
    first, last, is_cut = _span(chosen, today)
    rows = Tally.objects.filter(
        wallet=wallet, kind=Kind.USAGE, side=Side.OUT, day__gte=first, day__lte=last
    ).values_list("day", "subject", "amount")
    spent: dict[date, dict[str, int]] = {}
    for day, subject, amount in rows if wallet else ():
        spent.setdefault(day, {})[subject] = amount
    return drawn(spent, first, last, is_cut=is_cut)


def drawn(spent: Mapping[date, dict[str, int]], first: date, last: date, *, is_cut: bool = False) -> Chart:
    """The chart of what was spent by day and subject, in 1/100 credit; at most MOST_DAYS from `first` to `last`."""
    parts = _parts(spent.values())
    amounts = [(day, _amounts(spent.get(day, {}), parts)) for day in _days(first, last)]
    top = scale(max(sum(each) for _, each in amounts))
    edge = (DAY - BAR) // 2
    days = tuple(Day(day, index * DAY + edge, each) for index, (day, each) in enumerate(amounts))
    return Chart(parts, days, top, is_cut)


def pieces_of(amounts: Iterable[int], top: int) -> Iterator[tuple[int, int, int]]:
    """Of one bar, from the ground up: the part, the upper edge (from the top) and the height of each piece. Each ends
    where the sum up to it ends, so that nothing is lost to rounding on the way."""
    below = 0
    for index, amount in enumerate(amounts):
        if amount:
            start, end = below * HEIGHT // top, (below + amount) * HEIGHT // top
            yield index, HEIGHT - end, max(end - start, 1)
            below += amount


def scale(most: int) -> int:
    """The least round number of credits that is not below `most`, in 1/100 credit."""
    factor = 1
    while True:
        for step in _STEPS:
            if step * factor >= most:
                return step * factor
        factor *= 10


def _span(chosen: Filter, today: date) -> tuple[date, date, bool]:
    last = min(chosen.last or LATEST, max(today, chosen.first or today))
    if chosen.first is None:
        return last - timedelta(days=USUAL_DAYS - 1), last, False
    earliest = last - timedelta(days=MOST_DAYS - 1)
    return max(chosen.first, earliest), last, chosen.first < earliest


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _parts(spent: Iterable[dict[str, int]]) -> tuple[str, ...]:
    """The subjects in an order that does not change with the amounts, so that each keeps its colour for longer."""
    sums: dict[str, int] = {}
    for day in spent:
        for subject, amount in day.items():
            sums[subject] = sums.get(subject, 0) + amount
    if len(sums) <= PARTS:
        return tuple(sorted(sums))
    largest = sorted(sums, key=lambda subject: -sums[subject])[: PARTS - 1]
    return (*sorted(largest), OTHER)


def _amounts(spent: dict[str, int], parts: tuple[str, ...]) -> tuple[int, ...]:
    other = sum(amount for subject, amount in spent.items() if subject not in parts)
    return tuple(other if part == OTHER else spent.get(part, 0) for part in parts)
