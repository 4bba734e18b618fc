"""Takings: what a refund or a dispute takes out of a wallet, what of it comes back, and debt that staff lets go.

Part of the ledger and under its rules: each function is one transaction or joins the caller's, and saying it twice does
it once. A taking is split as the purchase was: cash goes back to the book `sales`, bonus to the book `grants`. What
the wallet does not have available becomes its debt, which the book `losses` pays meanwhile.
"""

from collections.abc import Iterator

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from .compiled import insert_once
from .errors import KeyReused, NothingToForgive
from .models import Account, Book, Kind, Taking, Transfer
from .moves import SYSTEM, book, pay_debt, receive, wallet, write
from .signals import wallet_moved


@transaction.atomic
def take(
    user: AbstractBaseUser, *, cash: int, bonus: int, kind: Kind, key: str, memo: str, actor: str = SYSTEM
) -> Taking:
    """Take `cash` and `bonus` (1/100 credit, not both 0) out of the wallet, cash first; what is not available becomes
    debt."""
    purse = wallet(user)
    row = Taking(wallet=purse, kind=kind, key=key, cash=cash, bonus=bonus, created_at=timezone.now())
    if not insert_once(row):
        return _known(row)
    wallet_moved.send(sender=Account, user_id=purse.user_id)
    purse = Account.objects.select_for_update().get(pk=purse.pk)
    row.owed = max(cash + bonus - purse.available, 0)
    Taking.objects.filter(pk=row.pk).update(owed=row.owed)
    left, after = purse.available, purse.balance
    for part, target, suffix in ((cash, Book.SALES, ""), (bonus, Book.GRANTS, ":bonus")):
        there = min(part, left)
        left, after = left - there, after - there
        if there:
            write(
                source=purse, target=book(target), amount=there, kind=kind,
                key=f"{key}{suffix}", memo=memo, actor=actor, balance_after=after,
            )  # fmt: skip
        if part > there:
            write(
                source=book(Book.LOSSES), target=book(target), amount=part - there, kind=kind,
                key=f"{key}{suffix}:debt", memo=memo, actor=actor, debtor=purse,
            )  # fmt: skip
    Account.objects.filter(pk=purse.pk).update(balance=after, debt=F("debt") + row.owed)
    return row


@transaction.atomic
def restore(key: str, *, cash: int, bonus: int, memo: str, actor: str = SYSTEM) -> None:
    """Bring back what the taking `key` took, or a part of it, once.

    The customer then stands as if that had never been taken: what they owe of it still is paid off by it, what they
    paid off since comes back, and what staff forgave of it goes back to `losses`, which bore it.
    """
    row = Taking.objects.select_related("wallet").get(key=key)
    wallet_moved.send(sender=Account, user_id=row.wallet.user_id)
    purse = Account.objects.select_for_update().get(pk=row.wallet_id)
    # Behind the wallet's lock: what was forgiven of it is read as it is, and `forgive` locks in the same order.
    row.refresh_from_db()
    if row.restored_at is not None:
        if (row.restored_cash, row.restored_bonus) != (cash, bonus):
            raise KeyReused(f"{key} was restored with other numbers")
        return
    Taking.objects.filter(pk=row.pk).update(restored_cash=cash, restored_bonus=bonus, restored_at=timezone.now())
    after, kind = purse.balance, Kind(row.kind)
    for part, source, suffix in ((cash, Book.SALES, ""), (bonus, Book.GRANTS, ":bonus")):
        after += part
        if part:
            write(
                source=book(source), target=purse, amount=part, kind=kind,
                key=f"{key}:back{suffix}", memo=memo, actor=actor, balance_after=after,
            )  # fmt: skip
    forgiven = min(row.forgiven, cash + bonus)
    after -= forgiven
    if forgiven:
        write(
            source=purse, target=book(Book.LOSSES), amount=forgiven, kind=Kind.CORRECTION,
            key=f"{key}:back:forgiven", memo="What was forgiven of it", actor=actor, balance_after=after,
        )  # fmt: skip
    Account.objects.filter(pk=purse.pk).update(balance=after)
    pay_debt(purse, key=f"{key}:back")


@transaction.atomic
def forgive(user: AbstractBaseUser, amount: int, *, key: str, reason: str, actor: str) -> bool:
    """Let go `amount` of what the wallet owes: `losses` gives it, and it is paid off at once. False when it was done
    under this key before.

    It is counted to the oldest takings that still owe. Raises NothingToForgive where less is owed; then nothing moves.
    """
    purse = wallet(user)
    wallet_moved.send(sender=Account, user_id=purse.user_id)
    purse = Account.objects.select_for_update().get(pk=purse.pk)
    known = Transfer.objects.filter(key=key).first()
    if known is not None:
        if (known.target_id, known.amount) != (purse.pk, amount):
            raise KeyReused(key)
        return False
    if not 0 < amount <= purse.debt:
        raise NothingToForgive(asked=amount, debt=purse.debt)
    for row, part in _owing(purse, amount):
        Taking.objects.filter(pk=row.pk).update(forgiven=F("forgiven") + part)
    receive(user, amount, Book.LOSSES, Kind.CORRECTION, key=key, memo=reason, actor=actor)
    return True


def _owing(purse: Account, amount: int) -> Iterator[tuple[Taking, int]]:
    """The takings that the debt is of, oldest first, with what of `amount` falls on each. What was paid off since paid
    the oldest first, so the debt that is left is of the newest."""
    debt = purse.debt
    owing = []
    for row in Taking.objects.filter(wallet=purse, owed__gt=F("forgiven")).order_by("-pk"):
        open_part = min(max(row.owed - row.forgiven - row.restored_cash - row.restored_bonus, 0), debt)
        debt -= open_part
        if open_part:
            owing.append((row, open_part))
    for row, open_part in reversed(owing):
        part = min(open_part, amount)
        amount -= part
        if part:
            yield row, part


def _known(said: Taking) -> Taking:
    row = Taking.objects.get(key=said.key)
    if (row.wallet_id, row.cash, row.bonus) != (said.wallet_id, said.cash, said.bonus):
        raise KeyReused(said.key)
    return row
