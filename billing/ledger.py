"""The ledger: the one place where credits are held, settled and moved. Amounts are integers of 1/100 credit.

What a refund or a dispute takes is in `billing.takings`.

The caller names every operation; saying it twice does it once, saying it with other numbers raises KeyReused.
Every function is one transaction (or joins the caller's). Locks are taken in this order: the hold, the allowances that
its caller named, the wallet last, so that a busy partner's wallet is locked for as short as possible. What was used of
the wallet's own ceilings and its tallies are only touched under the wallet's lock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from . import allowances
from .allowances import Limit as Limit
from .compiled import Change, insert, insert_once, update
from .errors import AlreadySettled, InsufficientCredits, KeyReused, ReturnedTooMuch, StillHeld
from .models import Account, Book, Hold, Kind, Period, Transfer
from .moves import BACK, SYSTEM, pay_debt, receive, write
from .moves import book as book
from .moves import wallet as wallet
from .returning import update_returning
from .signals import wallet_moved
from .takings import forgive


@dataclass(frozen=True)
class Closed:
    """What closing a wallet took and forgave, in 1/100 credit."""

    forfeited: int
    written_off: int


def open_books() -> None:
    """Make our books beforehand: one made inside a transaction holds up all others, in any order of locks."""
    for name in Book:
        book(name)


@transaction.atomic
def grant(user: AbstractBaseUser, amount: int, *, key: str, memo: str, actor: str = SYSTEM) -> Transfer:
    """Give credits without a purchase."""
    return receive(user, amount, Book.GRANTS, Kind.GRANT, key=key, memo=memo, actor=actor)


@transaction.atomic
def take_away(user: AbstractBaseUser, amount: int, *, key: str, memo: str, actor: str) -> Transfer:
    """Take credits that were given for nothing out of what is available, back to the book of grants. Never more than
    that, and no debt: else InsufficientCredits, and nothing moves."""
    purse = wallet(user)
    wallet_moved.send(sender=Account, user_id=purse.user_id)
    purse = Account.objects.select_for_update().get(pk=purse.pk)
    known = Transfer.objects.filter(key=key).first()
    if known is not None:
        if (known.source_id, known.amount) != (purse.pk, amount):
            raise KeyReused(key)
        return known
    if not 0 < amount <= purse.available:
        raise InsufficientCredits(price=amount, available=purse.available, debt=purse.debt)
    Account.objects.filter(pk=purse.pk).update(balance=F("balance") - amount)
    return write(
        source=purse, target=book(Book.GRANTS), amount=amount, kind=Kind.CORRECTION,
        key=key, memo=memo, actor=actor, balance_after=purse.balance - amount,
    )  # fmt: skip


@transaction.atomic
def purchase(user: AbstractBaseUser, *, cash: int, bonus: int, key: str, memo: str, actor: str = SYSTEM) -> None:
    """Credit a purchase: `cash` for the money received net of tax, `bonus` on top of it (each 0 for none)."""
    if cash:
        receive(user, cash, Book.SALES, Kind.PURCHASE, key=key, memo=memo, actor=actor)
    if bonus:
        receive(user, bonus, Book.GRANTS, Kind.GRANT, key=f"{key}:bonus", memo=f"{memo}, bonus", actor=actor)


@transaction.atomic
def hold(user: AbstractBaseUser, amount: int, *, key: str, memo: str = "", limits: Iterable[Limit] = ()) -> Hold:
    """Set credits aside under `key`; the wallet must have them available and owe nothing, and its owner's own ceilings
    of the day and the month must leave room.

    Raises InsufficientCredits or AllowanceExceeded, and then nothing is held.
    """
    return set_aside(wallet(user), amount, key=key, memo=memo, limits=limits)


def set_aside(
    purse: Account, amount: int, *, key: str, memo: str = "", limits: Iterable[Limit] = (), is_told: bool = False
) -> Hold:
    """As `hold`, in a transaction of the caller, which has to be given up where this raises. `purse` may have been read
    at any time before; `is_told`: the caller told those who listen to `wallet_moved`."""
    held = Hold(key=key, wallet=purse, amount=amount, created_at=timezone.now(), memo=memo[:300])
    if not insert_once(held):
        held = Hold.objects.get(key=key)
        if (held.wallet_id, held.amount) != (purse.pk, amount):
            raise KeyReused(key)
        return held
    if not is_told:
        wallet_moved.send(sender=Account, user_id=purse.user_id)
    day = held.created_at.date()
    used = allowances.use(limits, day=day, amount=amount)
    insert(*(Hold.allowances.through(hold_id=held.pk, allowance_id=id) for id in used))
    # The ceilings as they are under the lock: one that is changed now waits for this hold.
    ceilings = _set_aside(purse.pk, amount)
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
        write(
            source=held.wallet, target=book(Book.USAGE), amount=amount, kind=Kind.USAGE,
            key=key, memo=memo, subject=subject, actor=actor, balance_after=after,
        )  # fmt: skip
    pay_debt(held.wallet, key=key)


def release(key: str) -> None:
    """Settle a hold by handing all of it back."""
    capture(key, 0, memo="")


@transaction.atomic
def pay_back(key: str, amount: int, *, part: str, memo: str, subject: str = "", actor: str = SYSTEM) -> Transfer:
    """Give back `amount` (above 0) of what the hold `key` captured: from usage to the wallet, as a correction. `part`
    names what it is for; saying it twice does it once.

    All that is given back of a hold is never more than was captured: ReturnedTooMuch, and then nothing moves. What its
    allowances and ceilings counted stays counted.
    """
    held = Hold.objects.select_related("wallet__user").get(key=key)
    name = f"{key}{BACK}{part}"
    user = held.wallet.user
    if user is None:
        raise KeyReused(f"{key} was held in a book")
    wallet_moved.send(sender=Account, user_id=user.pk)
    Hold.objects.select_for_update().get(pk=held.pk)
    if not Transfer.objects.filter(key=name).exists():
        room = Hold.objects.filter(pk=held.pk, captured__gte=F("returned") + amount)
        if not room.update(returned=F("returned") + amount):
            raise ReturnedTooMuch(f"{amount} of {key}")
    return receive(user, amount, Book.USAGE, Kind.CORRECTION, key=name, memo=memo, subject=subject, actor=actor)


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
        forgive(
            user, purse.debt, key=f"{key}:debt", reason="Debt written off when the account was deleted", actor=actor
        )
        purse.refresh_from_db()
    if purse.balance:
        left = purse.balance
        Account.objects.filter(pk=purse.pk).update(balance=F("balance") - left)
        write(
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


def _check_settled_alike(held: Hold, amount: int) -> None:
    """Pass when the hold was settled with the same amount: the same word said twice."""
    held.refresh_from_db()
    if held.captured != amount:
        raise AlreadySettled(f"{held.key} was settled with {held.captured}, not {amount}, of {held.amount}")


@update("day_ceiling", "month_ceiling")
def _set_aside(wallet_id: int, amount: int) -> Change:
    affordable = Account.objects.filter(pk=wallet_id, debt=0, balance__gte=F("held") + amount)
    return Change(affordable, {"held": F("held") + amount})
