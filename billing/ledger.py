"""The ledger: the one place where credits are held, settled and moved. Amounts are integers of 1/100 credit.

The caller names every operation; saying it twice does it once, saying it with other numbers raises KeyReused.
Every function is one transaction (or joins the caller's). Locks are taken in this order: the hold, the allowances that
its caller named, the wallet last, so that a busy partner's wallet is locked for as short as possible. What was used of
the wallet's own ceilings and its tallies are only touched under the wallet's lock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from . import allowances, tallies
from .allowances import Limit as Limit
from .errors import AlreadySettled, InsufficientCredits, KeyReused, StillHeld
from .models import Account, Book, Hold, Kind, Period, Transfer
from .returning import insert_once, update_returning
from .signals import wallet_moved

SYSTEM = "system"


@dataclass(frozen=True)
class Closed:
    """What closing a wallet took and forgave, in 1/100 credit."""

    forfeited: int
    written_off: int


def wallet(user: AbstractBaseUser) -> Account:
    """The customer's wallet, made on first use."""
    return Account.objects.get_or_create(user_id=user.pk)[0]


def book(name: Book) -> Account:
    return Account.objects.get_or_create(book=name)[0]


def open_books() -> None:
    """Make our books beforehand: one made inside a transaction holds up all others, in any order of locks."""
    for name in Book:
        book(name)


@transaction.atomic
def grant(user: AbstractBaseUser, amount: int, *, key: str, memo: str, actor: str = SYSTEM) -> Transfer:
    """Give credits without a purchase."""
    return _receive(user, amount, Book.GRANTS, Kind.GRANT, key=key, memo=memo, actor=actor)


@transaction.atomic
def purchase(user: AbstractBaseUser, *, cash: int, bonus: int, key: str, memo: str, actor: str = SYSTEM) -> None:
    """Credit a purchase: `cash` for the money received net of tax, `bonus` on top of it (0 for none)."""
    _receive(user, cash, Book.SALES, Kind.PURCHASE, key=key, memo=memo, actor=actor)
    if bonus:
        _receive(user, bonus, Book.GRANTS, Kind.GRANT, key=f"{key}:bonus", memo=memo, actor=actor)


@transaction.atomic
def hold(user: AbstractBaseUser, amount: int, *, key: str, memo: str = "", limits: Iterable[Limit] = ()) -> Hold:
    """Set credits aside under `key`; the wallet must have them available and owe nothing, and its owner's own ceilings
    of the day and the month must leave room.

    Raises InsufficientCredits or AllowanceExceeded, and then nothing is held.
    """
    purse = wallet(user)
    held = Hold(key=key, wallet=purse, amount=amount, created_at=timezone.now(), memo=memo[:300])
    if not insert_once(held):
        held = Hold.objects.get(key=key)
        if (held.wallet_id, held.amount) != (purse.pk, amount):
            raise KeyReused(key)
        return held
    wallet_moved.send(sender=Account, user_id=purse.user_id)
    day = held.created_at.date()
    held.allowances.add(*allowances.use(limits, day=day, amount=amount))
    affordable = Account.objects.filter(pk=purse.pk, debt=0, balance__gte=F("held") + amount)
    # The ceilings as they are under the lock: one that is changed now waits for this hold.
    ceilings = update_returning(affordable, "day_ceiling", "month_ceiling", held=F("held") + amount)
    if not ceilings:
        purse.refresh_from_db()
        raise InsufficientCredits(price=amount, available=purse.available, debt=purse.debt)
    purse.day_ceiling, purse.month_ceiling = ceilings[0]
    allowances.count(purse, day=day, amount=amount)
    return held


@transaction.atomic
def capture(key: str, amount: int, *, memo: str, subject: str = "", actor: str = SYSTEM) -> None:
    """Settle a hold: take `amount` of it (0 to all), hand back the rest to the wallet and to its allowances. `subject`
    is what was paid for, such as an image model's id.

    Settling again with the same amount is a no-op; with another, or with more than is held, AlreadySettled.
    """
    held = Hold.objects.select_related("wallet").get(key=key)
    if held.settled_at is None:
        wallet_moved.send(sender=Account, user_id=held.wallet.user_id)
    still_open = Hold.objects.filter(pk=held.pk, settled_at=None, amount__gte=amount)
    if not still_open.update(settled_at=timezone.now(), captured=amount):
        _check_settled_alike(held, amount)
        return
    back = held.amount - amount
    if back:
        allowances.give_back(held, back)
    purse = Account.objects.filter(pk=held.wallet_id)
    after = update_returning(purse, "balance", held=F("held") - held.amount, balance=F("balance") - amount)[0]
    if back:
        allowances.uncount(held, back)
    if amount:
        _write(
            source=held.wallet, target=book(Book.USAGE), amount=amount, kind=Kind.USAGE,
            key=key, memo=memo, subject=subject, actor=actor, balance_after=after,
        )  # fmt: skip
    _pay_debt(held.wallet, key=key)


def release(key: str) -> None:
    """Settle a hold by handing all of it back."""
    capture(key, 0, memo="")


@transaction.atomic
def take_back(user: AbstractBaseUser, amount: int, *, kind: Kind, key: str, memo: str, actor: str = SYSTEM) -> None:
    """Take a refund or dispute out of the wallet; what is not available becomes debt, paid by losses meanwhile."""
    purse = wallet(user)
    if _taken_before(key, amount):
        return
    wallet_moved.send(sender=Account, user_id=purse.user_id)
    purse = Account.objects.select_for_update().get(pk=purse.pk)
    if _taken_before(key, amount):  # said by another process while this one waited for the lock
        return
    there = min(amount, purse.available)
    owed = amount - there
    after = update_returning(
        Account.objects.filter(pk=purse.pk), "balance", balance=F("balance") - there, debt=F("debt") + owed
    )[0]
    sales = book(Book.SALES)
    if there:
        _write(
            source=purse, target=sales, amount=there, kind=kind,
            key=key, memo=memo, actor=actor, balance_after=after,
        )  # fmt: skip
    if owed:
        _write(
            source=book(Book.LOSSES), target=sales, amount=owed, kind=kind,
            key=f"{key}:debt", memo=memo, actor=actor, debtor=purse,
        )  # fmt: skip


@transaction.atomic
def close(user: AbstractBaseUser, *, key: str, actor: str = SYSTEM) -> Closed:
    """Bring a wallet to zero, for good: losses forgives what it owes, forfeits takes what is left in it.

    The cash that was received for it stays received, so `sales` does not move. Raises StillHeld; then nothing moves.
    """
    purse = wallet(user)
    wallet_moved.send(sender=Account, user_id=purse.user_id)
    purse = Account.objects.select_for_update().get(pk=purse.pk)
    if purse.held:
        raise StillHeld(f"{purse} holds {purse.held}")
    if purse.debt:
        _receive(
            user, purse.debt, Book.LOSSES, Kind.CORRECTION,
            key=f"{key}:debt", memo="Debt written off when the account was deleted", actor=actor,
        )  # fmt: skip
        purse.refresh_from_db()
    if purse.balance:
        left = purse.balance
        Account.objects.filter(pk=purse.pk).update(balance=F("balance") - left)
        _write(
            source=purse, target=book(Book.FORFEITS), amount=left, kind=Kind.FORFEIT,
            key=key, memo="Forfeited when the account was deleted", actor=actor, balance_after=0,
        )  # fmt: skip
    amounts = dict(Transfer.objects.filter(key__in=(key, f"{key}:debt")).values_list("key", "amount"))
    return Closed(forfeited=amounts.get(key, 0), written_off=amounts.get(f"{key}:debt", 0))


@transaction.atomic
def set_ceiling(user: AbstractBaseUser, period: Period, limit: int | None) -> None:
    """The customer's own ceiling of a day or a month; None removes it. It holds for every hold from now on; what was
    set aside or spent before in the period counts."""
    name = {Period.DAY: "day_ceiling", Period.MONTH: "month_ceiling"}[period]
    Account.objects.filter(pk=wallet(user).pk).update(**{name: limit})


def _taken_before(key: str, amount: int) -> bool:
    """Whether the taking back `key` was done; KeyReused when it was done with another amount."""
    amounts = Transfer.objects.filter(key__in=(key, f"{key}:debt")).values_list("amount", flat=True)
    if amounts and sum(amounts) != amount:
        raise KeyReused(key)
    return bool(amounts)


def _receive(
    user: AbstractBaseUser, amount: int, source: Book, kind: Kind, *, key: str, memo: str, actor: str
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
                made = _write(
                    source=giver, target=purse, amount=amount, kind=kind,
                    key=key, memo=memo, actor=actor, balance_after=after,
                )  # fmt: skip
        except IntegrityError:
            # Another process said the same a moment ago; any other broken rule has no such row and is raised.
            known = Transfer.objects.filter(key=key).first()
            if known is None:
                raise
        else:
            _pay_debt(purse, key=key)
            return made
    if (known.source_id, known.target_id, known.amount) != (giver.pk, purse.pk, amount):
        raise KeyReused(key)
    return known


def _pay_debt(purse: Account, *, key: str) -> None:
    """Give losses back what it paid for this wallet, as far as the wallet has something available."""
    indebted = Account.objects.filter(pk=purse.pk, debt__gt=0, balance__gt=F("held"))
    row = indebted.select_for_update().first()
    if row is None:
        return
    paid = min(row.debt, row.available)
    after = update_returning(indebted, "balance", balance=F("balance") - paid, debt=F("debt") - paid)[0]
    _write(
        source=row, target=book(Book.LOSSES), amount=paid, kind=Kind.DEBT,
        key=f"debt:{key}", memo="Paid off a debt from a refund or dispute", actor=SYSTEM, balance_after=after,
    )  # fmt: skip


def _write(
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
    """Under the lock of the wallet that stands in it."""
    row = Transfer.objects.create(
        source=source, target=target, amount=amount, kind=kind, key=key, memo=memo[:300], subject=subject[:64],
        actor=actor[:100], balance_after=balance_after, debtor=debtor, created_at=timezone.now(),
    )  # fmt: skip
    tallies.count(row)
    return row


def _check_settled_alike(held: Hold, amount: int) -> None:
    """Pass when the hold was settled with the same amount: the same word said twice."""
    held.refresh_from_db()
    if held.captured != amount:
        raise AlreadySettled(f"{held.key} was settled with {held.captured}, not {amount}, of {held.amount}")
