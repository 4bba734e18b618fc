"""The statement: every movement of a wallet, newest first, from the three sides on which a wallet can stand.

Each side is read through its own index, from a place on, and the sides are merged: so a page costs the same after a
million movements as after ten, at whatever depth and with whatever filter.
"""

import heapq
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from .filters import EVERYTHING, Filter
from .models import Account, Kind, Side, Tally, Transfer
from .moves import BACK
from .tallies import ACCOUNTS

KINDS = {
    Kind.PURCHASE: "Purchase",
    Kind.GRANT: "Credits granted",
    Kind.USAGE: "Pictures",
    Kind.REFUND: "Refund",
    Kind.DISPUTE: "Disputed payment",
    Kind.DEBT: "Debt paid off",
    Kind.CORRECTION: "Correction",
    Kind.FORFEIT: "Forfeited",
}
# Where a wallet stands in the transfers of each kind.
SIDES = {
    Kind.PURCHASE: (Side.IN,),
    Kind.GRANT: (Side.IN,),
    Kind.USAGE: (Side.OUT,),
    Kind.REFUND: (Side.OUT, Side.IN, Side.OWED),
    Kind.DISPUTE: (Side.OUT, Side.IN, Side.OWED),
    Kind.DEBT: (Side.OUT,),
    Kind.CORRECTION: (Side.OUT, Side.IN),
    Kind.FORFEIT: (Side.OUT,),
}
Place = tuple[datetime, UUID]


@dataclass(frozen=True)
class Movement:
    """One line: `amount` is signed as the wallet sees it, in 1/100 credit. `owed` marks what was not there to be taken
    and became debt: it moved the debt and not the balance, so `balance` is None."""

    transfer: Transfer
    amount: int
    balance: int | None
    owed: bool

    @property
    def kind(self) -> str:
        return KINDS[Kind(self.transfer.kind)]

    @property
    def generation(self) -> UUID | None:
        return generation_of(self.transfer.key)


@dataclass(frozen=True)
class Page:
    """Some movements; `following` is the cursor of the older ones after them and `preceding` that of the newer ones
    before them, each empty where there are none."""

    movements: list[Movement]
    following: str
    preceding: str = ""


@dataclass(frozen=True)
class Totals:
    """What a filter lets through, added up, in 1/100 credit. `opening` and `closing` are the balance before its first
    day and after its last one; None where it is open there, or leaves kinds out, so that it would not add up."""

    movements: int
    received: int
    given: int
    owed: int
    opening: int | None = None
    closing: int | None = None


def page(
    wallet: Account | None, chosen: Filter = EVERYTHING, *, cursor: str = "", before: str = "", size: int = 50
) -> Page:
    """The newest movements of a wallet that the filter lets through; or those after the movement that `cursor` names,
    or those just before the one that `before` names."""
    if wallet is None:
        return Page([], "")
    if (place := _place_of(wallet, before)) and (newer := _newer_page(wallet, chosen, place, size)):
        return newer
    place = _place_of(wallet, cursor)
    rows = _rows(wallet, chosen, place, size + 1)
    shown, is_last = rows[:size], len(rows) <= size
    following = "" if is_last or not shown else str(shown[-1].pk)
    return Page(movements(wallet, shown), following, str(shown[0].pk) if place and shown else "")


def older(wallet: Account, chosen: Filter, after: Place | None, limit: int) -> list[Movement]:
    """At most `limit` movements after a place, or from the newest on; see `place`."""
    return movements(wallet, _rows(wallet, chosen, after, limit))


def place(row: Transfer) -> Place:
    return row.created_at, row.pk


def movements(wallet: Account, rows: list[Transfer]) -> list[Movement]:
    return [_movement(wallet, row) for row in rows]


def totals(wallet: Account, chosen: Filter) -> Totals:
    """From the tallies, which have every day's sums."""
    rows = Tally.objects.filter(wallet=wallet)
    if chosen.kind:
        rows = rows.filter(kind=chosen.kind)
    if chosen.first:
        rows = rows.filter(day__gte=chosen.first)
    if chosen.last:
        rows = rows.filter(day__lte=chosen.last)
    sums = {side: (number, amount) for side, number, amount in rows.values_list("side").annotate(*_SUMS)}
    number = sum(found[0] for found in sums.values())
    received, given, owed = (sums.get(side, (0, 0))[1] for side in (Side.IN, Side.OUT, Side.OWED))
    opening = closing = None
    if not chosen.kind:
        opening = _balance(wallet, chosen.start) if chosen.start else None
        closing = _balance(wallet, chosen.end) if chosen.end else None
    return Totals(number, received, given, owed, opening, closing)


def generation_of(key: str) -> UUID | None:
    """The generation that an operation was for, by its name."""
    what, _, id = key.partition(BACK)[0].partition(":")
    try:
        return UUID(id) if what == "generation" else None
    except ValueError:
        return None


_SUMS = (Sum("movements"), Sum("amount"))


def _newer_page(wallet: Account, chosen: Filter, before: Place, size: int) -> Page | None:
    """None where these are the newest of all: then the first page is as good, and full."""
    rows = _rows(wallet, chosen, before, size + 1, newer=True)
    if len(rows) <= size:
        return None
    shown = rows[:size][::-1]
    return Page(movements(wallet, shown), following=str(shown[-1].pk), preceding=str(shown[0].pk))


def _rows(wallet: Account, chosen: Filter, at: Place | None, limit: int, *, newer: bool = False) -> list[Transfer]:
    """At most `limit` transfers beyond a place, nearest first: the older ones, or the newer ones.

    A side that has that many by itself bounds the others: nothing of theirs beyond its last one is wanted."""
    found: list[list[Transfer]] = []
    bound = Q()
    for side in SIDES[Kind(chosen.kind)] if chosen.kind else Side:
        found.append(list(_beyond(_side(wallet, side, chosen).filter(bound), at, newer=newer)[:limit]))
        if len(found[-1]) == limit:
            last = found[-1][-1].created_at
            bound = Q(created_at__lte=last) if newer else Q(created_at__gte=last)
    return list(islice(heapq.merge(*found, key=place, reverse=not newer), limit))


def _side(wallet: Account, side: Side, chosen: Filter) -> "QuerySet[Transfer]":
    rows = Transfer.objects.filter(**{ACCOUNTS[side]: wallet})
    if chosen.kind:
        rows = rows.filter(kind=chosen.kind)
    if chosen.start:
        rows = rows.filter(created_at__gte=chosen.start)
    return rows.filter(created_at__lt=chosen.end) if chosen.end else rows


def _beyond(rows: "QuerySet[Transfer]", at: Place | None, *, newer: bool) -> "QuerySet[Transfer]":
    """The bound on the time stands by itself, so that the index begins there; the rest parts what is of one moment."""
    if at is None:
        return rows.order_by("-created_at", "-id")
    moment, id = at
    if newer:
        rows = rows.filter(Q(created_at__gt=moment) | Q(pk__gt=id), created_at__gte=moment)
        return rows.order_by("created_at", "id")
    rows = rows.filter(Q(created_at__lt=moment) | Q(pk__lt=id), created_at__lte=moment)
    return rows.order_by("-created_at", "-id")


def _place_of(wallet: Account, cursor: str) -> Place | None:
    """The place of the wallet's own movement of that id; nothing else may serve as a cursor."""
    try:
        id = UUID(cursor)
    except ValueError:
        return None
    mine = Q(source=wallet) | Q(target=wallet) | Q(debtor=wallet)
    row = Transfer.objects.filter(mine, pk=id).only("created_at").first()
    return place(row) if row else None


def _balance(wallet: Account, before: datetime) -> int:
    """The wallet's balance just before a moment: what stands beside its last movement until then."""
    rows = Transfer.objects.filter(created_at__lt=before)
    sides = [rows.filter(source=wallet), rows.filter(target=wallet)]
    last = [row for each in sides for row in each.order_by("-created_at", "-id")[:1]]
    return max(last, key=place).balance_after or 0 if last else 0


def _movement(wallet: Account, row: Transfer) -> Movement:
    owed = row.debtor_id == wallet.pk
    comes_in = row.target_id == wallet.pk
    return Movement(row, row.amount if comes_in else -row.amount, row.balance_after, owed)
