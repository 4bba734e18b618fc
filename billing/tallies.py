"""Tallies: what each wallet moved on each day, by kind and subject, written with the transfer itself.

The caller has locked the wallet's row, which guards its tallies too; nobody else ever touches them.
"""

from collections.abc import Iterator
from datetime import UTC, date

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncDate

from .models import Side, Tally, Transfer

Place = tuple[int, date, str, str, str]  # wallet, day, kind, side, subject
ACCOUNTS = {Side.OUT: "source", Side.IN: "target", Side.OWED: "debtor"}


def count(row: Transfer) -> None:
    """Count a transfer that was just written, for the wallet that stands in it."""
    for side, account in ACCOUNTS.items():
        wallet = getattr(row, account)
        if wallet is not None and wallet.book is None:
            _add(row, wallet.pk, side)


def differences() -> Iterator[str]:
    """One sentence for each tally that is not what the transfers say."""
    computed, stored = _computed(), _stored()
    for place in sorted(computed.keys() | stored.keys()):
        if computed.get(place) != stored.get(place):
            wallet, day, kind, side, subject = place
            name = f"wallet {wallet} {day} {kind} {side} {subject}".rstrip()
            yield f"tally {name}: it says {_said(stored.get(place))}, the transfers {_said(computed.get(place))}"


def _add(row: Transfer, wallet_id: int, side: Side) -> None:
    place = {
        "wallet_id": wallet_id, "day": row.created_at.astimezone(UTC).date(), "kind": row.kind, "side": side,
        "subject": row.subject,
    }  # fmt: skip
    known = Tally.objects.filter(**place)
    if not known.update(movements=F("movements") + 1, amount=F("amount") + row.amount):
        Tally.objects.create(**place, movements=1, amount=row.amount)


def _stored() -> dict[Place, tuple[int, int]]:
    rows = Tally.objects.values_list("wallet", "day", "kind", "side", "subject", "movements", "amount")
    return {row[:5]: row[5:] for row in rows.iterator()}


def _computed() -> dict[Place, tuple[int, int]]:
    found: dict[Place, tuple[int, int]] = {}
    for side, account in ACCOUNTS.items():
        rows = Transfer.objects.filter(**{f"{account}__isnull": False, f"{account}__book": None})
        days = rows.values_list(account, TruncDate("created_at", tzinfo=UTC), "kind", "subject").order_by()
        for wallet, day, kind, subject, movements, amount in days.annotate(Count("pk"), Sum("amount")).iterator():
            found[wallet, day, kind, str(side), subject] = (movements, amount)
    return found


def _said(sums: tuple[int, int] | None) -> str:
    return "nothing" if sums is None else f"{sums[1]} in {sums[0]} movements"
