"""The single movements that the ledger is made of, each under the lock of the wallet that stands in it.

Only `billing.ledger` and `billing.takings` call these, inside their transactions.
"""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from . import tallies
from .compiled import select
from .errors import KeyReused
from .models import Account, Book, Kind, Transfer
from .returning import update_returning
from .signals import wallet_moved

SYSTEM = "system"
BACK = ":back:"  # in the name of a transfer: between the name of a hold and what of it is given back


def wallet(user: AbstractBaseUser) -> Account:
    """The customer's wallet, made on first use."""
    found = _wallet(user.pk)
    return found[0] if found else Account.objects.get_or_create(user_id=user.pk)[0]


def book(name: Book) -> Account:
    return Account.objects.get_or_create(book=name)[0]


def receive(
    user: AbstractBaseUser,
    amount: int,
    source: Book,
    kind: Kind,
    *,
    key: str,
    memo: str,
    actor: str,
    subject: str = "",
) -> Transfer:
    """Move `amount` from a book to the wallet, then pay what the wallet owes."""
    purse, giver = wallet(user), book(source)
    known = Transfer.objects.filter(key=key).first()
    if known is None:
        wallet_moved.send(sender=Account, user_id=purse.user_id)
        try:
            with transaction.atomic():
                after = update_returning(Account.objects.filter(pk=purse.pk), "balance", balance=F("balance") + amount)[
                    0
                ]
                made = write(
                    source=giver, target=purse, amount=amount, kind=kind,
                    key=key, memo=memo, subject=subject, actor=actor, balance_after=after,
                )  # fmt: skip
        except IntegrityError:
            # Another process said the same a moment ago; any other broken rule has no such row and is raised.
            known = Transfer.objects.filter(key=key).first()
            if known is None:
                raise
        else:
            pay_debt(purse, key=key)
            return made
    if (known.source_id, known.target_id, known.amount) != (giver.pk, purse.pk, amount):
        raise KeyReused(key)
    return known


def pay_debt(purse: Account, *, key: str) -> None:
    """Give losses back what it paid for this wallet, as far as the wallet has something available."""
    indebted = Account.objects.filter(pk=purse.pk, debt__gt=0, balance__gt=F("held"))
    row = indebted.select_for_update().first()
    if row is None:
        return
    paid = min(row.debt, row.available)
    after = update_returning(indebted, "balance", balance=F("balance") - paid, debt=F("debt") - paid)[0]
    write(
        source=row, target=book(Book.LOSSES), amount=paid, kind=Kind.DEBT,
        key=f"debt:{key}", memo="Paid off a debt from a refund or dispute", actor=SYSTEM, balance_after=after,
    )  # fmt: skip


def write(
    *,
    source: Account,
    target: Account,
    amount: int,
    kind: Kind,
    key: str,
    memo: str,
    actor: str,
    subject: str = "",
    balance_after: int | None = None,
    debtor: Account | None = None,
) -> Transfer:
    row = Transfer.objects.create(
        source=source, target=target, amount=amount, kind=kind, key=key, memo=memo[:300], subject=subject[:64],
        actor=actor[:100], balance_after=balance_after, debtor=debtor, created_at=timezone.now(),
    )  # fmt: skip
    tallies.count(row)
    return row


@select
def _wallet(user_id: int) -> "QuerySet[Any, Account]":
    return Account.objects.filter(user_id=user_id)
