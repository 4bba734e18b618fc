"""Where the chain of a wallet's balances is broken: each movement must lead from the balance before it to the one
after it, which stand in the rows. So one that was altered is found by its name.

Read only for wallets whose balance is wrong: it looks at every movement of theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q

from . import triggers
from .models import Account, Transfer


@dataclass(frozen=True)
class Break:
    """A movement that does not fit; `expected` is the amount that would, 0 where none does."""

    transfer: Transfer
    expected: int

    def __str__(self) -> str:
        row = self.transfer
        return f"transfer {row.pk} ({row.key}): it moved {row.amount}, the balances around it say {self.expected}"


class NotMended(Exception):
    """The transfer cannot be set right by what is known of it; the words say why."""


def breaks(wallet: Account) -> Iterator[Break]:
    """Each movement of the wallet that does not lead from one balance to the next, oldest first."""
    rows = Transfer.objects.filter(Q(source=wallet) | Q(target=wallet)).order_by("created_at", "pk")
    balance = 0
    for row in rows.iterator():
        if row.balance_after is None:  # of a time that wrote none: the chain begins anew
            balance += row.amount if row.target_id == wallet.pk else -row.amount
            continue
        grew = row.balance_after - balance
        if grew != (row.amount if row.target_id == wallet.pk else -row.amount):
            yield Break(row, max(grew if row.target_id == wallet.pk else -grew, 0))
        balance = row.balance_after


@transaction.atomic
def mend(transfer_id: str) -> Break:
    """Give an altered transfer the amount back that the balances around it say. The one place that edits a transfer,
    for `manage.py mend_transfer`. Raises NotMended; then nothing is changed."""
    row = Transfer.objects.select_related("source", "target").get(pk=transfer_id)
    wallet = row.source if row.source.book is None else row.target
    if wallet.book is not None:
        raise NotMended("It is between two of our books, which keep no balances. Restore it from a backup.")
    wallet = Account.objects.select_for_update().get(pk=wallet.pk)
    found = list(breaks(wallet))
    mine = [each for each in found if each.transfer.pk == row.pk]
    if not mine or not mine[0].expected:
        raise NotMended("The balances before and after it fit its amount: it was not altered, or more than it was.")
    if len(found) > 1:
        raise NotMended(f"{len(found)} movements of this wallet do not fit. Restore them from a backup.")
    last = Transfer.objects.filter(Q(source=wallet) | Q(target=wallet)).order_by("-created_at", "-pk").first()
    if last is None or last.balance_after != wallet.balance:
        raise NotMended("The wallet's balance is not that after its last movement: more than a transfer was altered.")
    with triggers.lifted(connection, "billing_transfer", "update"):
        Transfer.objects.filter(pk=row.pk).update(amount=mine[0].expected)
    return mine[0]
