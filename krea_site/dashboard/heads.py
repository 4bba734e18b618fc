"""The large figures of the front page: those of the period, and how the queue and fal are at this moment."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from django.utils import timezone

from generations.models import FalBalance, Status
from krea_site.dashboard import levels, words
from krea_site.dashboard.board import NOT_KNOWN, Board, address
from krea_site.dashboard.figures import Counts
from krea_site.dashboard.links import Links
from krea_site.dashboard.periods import Period
from krea_site.dashboard.roles import Lever

BEFORE = {Period.HOUR: "the hour before", Period.DAY: "the day before", Period.MONTH: "the month before"}


@dataclass(frozen=True)
class Head:
    """One figure in large: `note` says more below it, `tone` is good, bad or nothing. A figure that was made of others
    has their names and addresses as `parts`."""

    label: str
    value: str
    url: str = ""
    note: str = ""
    tone: str = ""
    note_url: str = ""
    parts: tuple[tuple[str, str], ...] = ()


def heads(board: Board, now: levels.Levels) -> list[Head]:
    """The first row: money of the period, what we owe in credits now, pictures and how long they took."""
    counts, here, live = board.counts, board.here, board.links
    before = next((one for one, two in pairwise(board.slots) if two is board.slot and one.counts), None)

    def with_earlier(
        label: str, value: int, url: str, read: Callable[[Counts], int], shown: Callable[[int], str], tone: str = ""
    ) -> Head:
        if before is None or before.counts is None:
            return Head(label, shown(value), url, tone=tone)
        note = f"{BEFORE[board.slot.span.period]}: {shown(read(before.counts))}"
        return Head(label, shown(value), url, note, tone, note_url=address(before.span))

    found = []
    if board.sees_money:
        cash, spent, cost = here.transfers(book="sales"), here.transfers(book="usage"), here.draws(paid="1")
        fees = here.purchases(status="paid")
        found += [
            with_earlier("Cash, net", counts.revenue, cash, lambda each: each.revenue, words.dollars),
            Head("Stripe's fees", words.dollars(counts.fees), fees,
                 f"of {_many(counts.fees_unknown, 'payment')} not told yet" if counts.fees_unknown else "",
                 parts=(("payments", fees), ("disputes", here.reversals(what="dispute")))),
            with_earlier("fal's cost", counts.cost, cost, lambda each: each.cost, words.dollars),
            Head("Cash less both", words.dollars(counts.cash_left),
                 parts=(("cash", cash), ("fees", fees), ("fal's cost", cost))),
            Head("Margin on pictures", words.dollars(counts.margin), "", words.per_mille(counts.margin_share),
                 "bad" if counts.margin < 0 else "", parts=(("spent", spent), ("fal's cost", cost))),
            with_earlier("Credits sold", counts.sold, here.transfers(source="sales", kind="purchase"),
                         lambda each: each.sold, words.whole_credits),
            with_earlier("Credits spent", counts.spent, spent, lambda each: each.spent, words.whole_credits),
            Head("Outstanding now", words.whole_credits(now.outstanding), live.wallets(has="balance"),
                 f"{words.whole_credits(now.held)} of it set aside", note_url=live.holds(state="open")),
            Head("Debt now", words.whole_credits(now.debt), live.page(Lever.SEE_MONEY, "staff-debts"),
                 _many(now.debtors, "wallet"), "bad" if now.debt else "", note_url=live.wallets(has="debt")),
        ]  # fmt: skip
    whole, failed, stored = (
        counts.waits.get("whole"),
        counts.images.get("failed", 0),
        here.images(image_status="stored"),
    )
    return [
        *found,
        with_earlier("Pictures stored", counts.stored, stored, lambda each: each.stored, words.number),
        with_earlier("Failed", failed, here.images(image_status="failed"),
                     lambda each: each.images.get("failed", 0), words.number, "bad" if failed else ""),
        Head("Order to picture, median", words.took(whole.median_ms) if whole else NOT_KNOWN, stored if whole else "",
             f"95 % within {words.took(whole.p95_ms)}" if whole else "no picture was stored",
             note_url=stored if whole else ""),
    ]  # fmt: skip


def road(board: Board, now: levels.Levels) -> list[Head]:
    """The queue and fal, at this moment."""
    live, fal, money = board.links, levels.fal(), levels.balance()
    oldest = now.oldest_queued_at
    waits = "" if oldest is None else f"oldest for {words.age((timezone.now() - oldest).total_seconds())}"
    state = {"ok": "open", "locked": "locked", "down": "down"}[fal.state]
    return [
        Head("Queue", words.number(now.queued), live.images(image_status="queued"), waits,
             note_url=live.images(image_status="queued")),
        Head("In flight", words.number(now.at_fal), live.images(image_status="in_flight"),
             f"{now.on_the_road.get(Status.STORING, 0):,} being stored",
             note_url=live.images(image_status="storing")),
        Head("Slots used", f"{now.slots_used:,} of {now.slots:,}", live.images(image_status="in_flight"),
             f"{now.places:,} sent at a time"),
        Head("Unknown sends", words.number(now.unknown), live.images(image_status="unknown"),
             "an answer of fal's was lost" if now.unknown else "", "bad" if now.unknown else ""),
        Head("fal", state, live.page(Lever.SEE_MONEY, "staff-fal"),
             fal.reason or f"since {fal.since:%-d %b, %H:%M}", "" if state == "open" else "bad"),
        *([_balance(live, money)] if board.sees_money else []),
        Head("Webhooks to partners", f"{now.deliveries_waiting:,} waiting", live.deliveries(state="waiting"),
             f"{now.deliveries_late:,} failed at least once", "bad" if now.deliveries_late else "",
             note_url=live.deliveries(state="failing")),
        Head("Stripe's events", f"{now.events_failed:,} given up", live.events(state="failed"),
             f"{now.events_waiting:,} waiting", "bad" if now.events_failed else "",
             note_url=live.events(state="waiting")),
    ]  # fmt: skip


def _balance(live: Links, money: FalBalance) -> Head:
    url = live.page(Lever.SEE_MONEY, "staff-fal")
    if money.amount_microusd is None:
        return Head("Balance at fal", NOT_KNOWN, url, "fal does not tell it to this key" if money.refusal else "")
    days = money.days_left
    note = f"lasts {days:,} days" if days is not None else ""
    if money.read_at is not None:
        note = f"{note}, {words.age((timezone.now() - money.read_at).total_seconds())} ago".lstrip(", ")
    return Head("Balance at fal", words.dollars(money.amount_microusd), url, note,
                "bad" if money.amount_microusd <= 0 or (days is not None and days < 1) else "")  # fmt: skip


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
