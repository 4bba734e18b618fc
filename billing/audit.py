"""The proof of the ledger: recompute every balance from the transfers and say where anything differs."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import F, Q, Sum

from . import allowances, chains, closings, moves, tallies, triggers
from .models import Account, Allowance, Book, Closing, Hold, Kind, Taking, Transfer


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside is of one moment, while others go on writing."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def findings() -> Iterator[str]:
    """One sentence for each thing that is not as the transfers and holds say."""
    for name in triggers.missing(connection):
        yield f"the trigger {name} is missing: transfers could be edited or deleted"
    yield from _wallets()
    yield from _holds()
    yield from _takings()
    yield from _allowances()
    yield from allowances.differences()
    yield from tallies.differences()
    yield from _closings()


def sums() -> Counter[int]:
    """What each account received less what it gave, by account id."""
    total: Counter[int] = Counter()
    for account, amount in Transfer.objects.values_list("target").annotate(Sum("amount")):
        total[account] += amount
    for account, amount in Transfer.objects.values_list("source").annotate(Sum("amount")):
        total[account] -= amount
    return total


def _wallets() -> Iterator[str]:
    moved = sums()
    if sum(moved.values()):
        yield f"all accounts sum to {sum(moved.values())}, not to zero"
    held = dict(Hold.objects.filter(settled_at=None).values_list("wallet").annotate(Sum("amount")))
    owed = _debts()
    for row in Account.objects.filter(book=None):
        if row.balance != moved[row.pk]:
            yield from map(str, chains.breaks(row))
        for name, stored, computed in (
            ("balance", row.balance, moved[row.pk]),
            ("held", row.held, held.get(row.pk, 0)),
            ("debt", row.debt, owed[row.pk]),
        ):
            if stored != computed:
                yield f"{row}: {name} is {stored}, its rows say {computed}"
        if row.balance < 0:
            yield f"{row}: balance is below zero"


def _debts() -> Counter[int]:
    """What each wallet owes: what losses paid for it, less what it gave back."""
    losses = Account.objects.filter(book=Book.LOSSES).first()
    owed: Counter[int] = Counter()
    for account, amount in Transfer.objects.filter(debtor__isnull=False).values_list("debtor").annotate(Sum("amount")):
        owed[account] += amount
    paid = Transfer.objects.filter(target=losses, kind=Kind.DEBT)
    for account, amount in paid.values_list("source").annotate(Sum("amount")):
        owed[account] -= amount
    return owed


def _holds() -> Iterator[str]:
    """Every capture has its one transfer of the same amount, and no usage came from nowhere."""
    captured = dict(Hold.objects.filter(captured__gt=0).values_list("key", "captured"))
    used = dict(Transfer.objects.filter(kind=Kind.USAGE).values_list("key", "amount"))
    for key in sorted(captured.keys() | used.keys()):
        if captured.get(key) != used.get(key):
            yield f"hold {key}: captured {captured.get(key)}, moved {used.get(key)}"
    yield from _returned()


def _returned() -> Iterator[str]:
    """What holds say was given back of them came out of usage under their names, and nothing else came out of it."""
    stored = dict(Hold.objects.filter(returned__gt=0).values_list("key", "returned"))
    moved: Counter[str] = Counter()
    for key, amount in Transfer.objects.filter(source__book=Book.USAGE).values_list("key", "amount").iterator():
        moved[key.partition(moves.BACK)[0]] += amount
    for key in sorted(stored.keys() | moved.keys()):
        if stored.get(key, 0) != moved[key]:
            yield f"hold {key}: it says that {stored.get(key, 0)} was given back, its transfers say {moved[key]}"


def _takings() -> Iterator[str]:
    """Every taking moved what it says, from the wallet and from losses; and what it gave back, it gave back."""
    moved = dict(Transfer.objects.filter(kind__in=(Kind.REFUND, Kind.DISPUTE)).values_list("key", "amount").iterator())
    for row in Taking.objects.order_by("pk").iterator():
        owed = moved.pop(f"{row.key}:debt", 0) + moved.pop(f"{row.key}:bonus:debt", 0)
        there = moved.pop(row.key, 0) + moved.pop(f"{row.key}:bonus", 0)
        back = moved.pop(f"{row.key}:back", 0) + moved.pop(f"{row.key}:back:bonus", 0)
        for name, stored, computed in (
            ("took", row.cash + row.bonus, there + owed),
            ("owed", row.owed, owed),
            ("gave back", row.restored_cash + row.restored_bonus, back),
        ):
            if stored != computed:
                yield f"taking {row}: it {name} {stored}, its transfers say {computed}"
    for key in sorted(moved):
        yield f"transfer {key}: a refund or dispute of which there is no taking"


def _allowances() -> Iterator[str]:
    """What an allowance has used is what the holds that named it keep of it."""
    for row in Allowance.objects.exclude(allowances.OWN).annotate(
        open_sum=Sum("holds__amount", filter=Q(holds__settled_at=None)),
        taken_sum=Sum("holds__captured", filter=Q(holds__settled_at__isnull=False)),
    ):
        kept = (row.open_sum or 0) + (row.taken_sum or 0)
        if row.used != kept:
            yield f"allowance {row}: used is {row.used}, its holds say {kept}"
    for over in Allowance.objects.filter(used__gt=F("limit")):
        yield f"allowance {over}: used is over the limit"


def _closings() -> Iterator[str]:
    for row in Closing.objects.select_related("account"):
        computed = closings.recompute(row.account_id, row.day)
        if row.balance != computed:
            yield f"closing of {row}: {row.balance}, its transfers say {computed}"
