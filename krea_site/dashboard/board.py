"""The front page's board: one period, the window around it, and what its reader may open."""

from dataclasses import dataclass

from django.utils import timezone

from krea_site.dashboard import figures, words
from krea_site.dashboard.figures import Counts, Slot
from krea_site.dashboard.links import Links
from krea_site.dashboard.periods import Period, Span, around
from krea_site.dashboard.roles import Lever

SHOWN = {Period.HOUR: 24, Period.DAY: 30, Period.MONTH: 12}
NAMES = {Period.HOUR: "%-d %b %Y, %H:00", Period.DAY: "%-d %B %Y", Period.MONTH: "%B %Y"}
ADDRESSES = {Period.HOUR: "%Y-%m-%dT%H", Period.DAY: "%Y-%m-%d", Period.MONTH: "%Y-%m"}
NOT_KNOWN = "\N{EN DASH}"


@dataclass(frozen=True)
class Board:
    """The page for one period: `slot` is the one that is looked at, `slots` the window around it, oldest first."""

    slot: Slot
    slots: list[Slot]
    links: Links
    present: Span

    @property
    def counts(self) -> Counts:
        """Empty where it was not counted yet: the page says so."""
        return self.slot.counts or Counts()

    @property
    def here(self) -> Links:
        return self.links.of(self.slot.span)

    @property
    def sees_money(self) -> bool:
        return Lever.SEE_MONEY in self.links.levers

    @property
    def name(self) -> str:
        return self.slot.span.start.strftime(NAMES[self.slot.span.period])

    @property
    def is_present(self) -> bool:
        return self.slot.span == self.present

    @property
    def age(self) -> str:
        at = self.slot.counted_at
        return "" if at is None else words.age((timezone.now() - at).total_seconds())

    @property
    def missing(self) -> int:
        """How many of the window are still to be counted."""
        return sum(slot.is_waiting for slot in self.slots)


def of(span: Span, links: Links) -> Board:
    """The board of one period, in a window that ends with the present where that has room for both."""
    present, shown = around(span.period, timezone.now()), SHOWN[span.period]
    window = present.back(shown + 1)
    if span < window[1]:
        window = span.back(shown + 1)
    slots = figures.slots(window)
    chosen = next(slot for slot in slots if slot.span == span)
    return Board(chosen, slots, links, present)


def address(span: Span) -> str:
    """What the page's address says for this period."""
    return f"?by={span.period}&at={at(span)}"


def at(span: Span) -> str:
    return span.start.strftime(ADDRESSES[span.period])
