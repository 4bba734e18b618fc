"""The statement: every movement of a wallet, newest first, from the three sides on which a wallet can stand."""

import heapq
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from .models import Account, Kind, Transfer

KINDS = {
    Kind.PURCHASE: "Purchase",
    Kind.GRANT: "Credits granted",
    Kind.USAGE: "Pictures",
    Kind.REFUND: "Refund",
    Kind.DISPUTE: "Disputed payment",
    Kind.DEBT: "Debt paid off",
    Kind.CORRECTION: "Correction",
}


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
        """The generation that it paid for, by the name of the operation."""
        what, _, id = self.transfer.key.partition(":")
        try:
            return UUID(id) if what == "generation" else None
        except ValueError:
            return None


@dataclass(frozen=True)
class Page:
    """Some movements, and the cursor of the page after them; empty where that was the last."""

    movements: list[Movement]
    following: str


def page(wallet: Account | None, *, cursor: str = "", size: int = 50) -> Page:
    """The newest movements of a wallet, or those after the one that `cursor` names.

    Each side is read through its own index and the three are merged, so that a page costs the same after a million
    movements as after ten.
    """
    if wallet is None:
        return Page([], "")
    after = _after(wallet, cursor)
    sides = ({"source": wallet}, {"target": wallet}, {"debtor": wallet})
    found = [_newest(Transfer.objects.filter(**side), after)[: size + 1] for side in sides]
    merged = list(heapq.merge(*found, key=_place, reverse=True))
    shown = merged[:size]
    return Page([_movement(wallet, row) for row in shown], str(shown[-1].pk) if len(merged) > size else "")


def _newest(rows: "QuerySet[Transfer]", after: "Transfer | None") -> "QuerySet[Transfer]":
    if after is not None:
        rows = rows.filter(Q(created_at__lt=after.created_at) | Q(created_at=after.created_at, pk__lt=after.pk))
    return rows.order_by("-created_at", "-id")


def _after(wallet: Account, cursor: str) -> "Transfer | None":
    """The wallet's own movement of that id; nothing else may serve as a cursor."""
    try:
        id = UUID(cursor)
    except ValueError:
        return None
    mine = Q(source=wallet) | Q(target=wallet) | Q(debtor=wallet)
    return Transfer.objects.filter(mine, pk=id).first()


def _place(row: Transfer) -> tuple[datetime, UUID]:
    return row.created_at, row.pk


def _movement(wallet: Account, row: Transfer) -> Movement:
    owed = row.debtor_id == wallet.pk
    comes_in = row.target_id == wallet.pk
    return Movement(row, row.amount if comes_in else -row.amount, row.balance_after, owed)
