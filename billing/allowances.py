"""Spending limits of a day or a month: used up by holds, each with one UPDATE whose condition is the limit.

Only `billing.ledger` calls this, in its own transactions; but `prune` is called each night.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, Sum, When
from django.db.models.functions import Cast, TruncDate

from .compiled import Change, update
from .errors import AllowanceExceeded, CeilingReached
from .models import Account, Allowance, Hold, Period

_OWN = "wallet:"
OWN = Q(name__startswith=_OWN)
_BOUNDLESS = 2**62  # what is used is never more
KEPT_FOR = timedelta(days=400)  # a year can be looked back on
PRUNED_AT_ONCE = 500


@dataclass(frozen=True)
class Limit:
    """A spending limit that a hold must also fit into; `name` as `key:<id>`. None counts the use and limits nothing."""

    name: str
    limit: int | None
    period: Period = Period.MONTH


def use(limits: Iterable[Limit], *, day: date, amount: int) -> list[int]:
    """Book `amount` on the present period of each limit; the ids of their rows. Raises AllowanceExceeded."""
    in_order = sorted(limits, key=lambda each: (each.name, each.period))
    return [_use(limit, day, amount, AllowanceExceeded) for limit in in_order]


def count(purse: Account, *, day: date, amount: int) -> None:
    """Book `amount` on the day and the month of a wallet, whose row the caller has locked: so no two holds of a wallet
    are here at once, and `purse` has its ceilings as they are. Raises CeilingReached, and then the transaction is to be
    given up."""
    of_day, of_month = own_limits(purse)
    counted = _count(
        own_name(purse.pk), amount,
        day, _most_before(of_day, amount), of_day.limit,
        Period.MONTH.since(day), _most_before(of_month, amount), of_month.limit,
    )  # fmt: skip
    for limit in (of_day, of_month):
        if (limit.period,) not in counted:  # has no row yet, or no room
            _use(limit, day, amount, CeilingReached)


def give_back(held: Hold, back: int) -> None:
    """Hand `back` of a hold to the allowances that it named, in the period in which it was made."""
    for allowance in held.allowances.order_by("name", "period"):
        Allowance.objects.filter(pk=allowance.pk).update(used=F("used") - back)


def uncount(held: Hold, back: int) -> None:
    """As `give_back`, to the hold's own wallet, whose row the caller has locked."""
    day = held.created_at.date()
    for period in Period:
        rows = Allowance.objects.filter(name=own_name(held.wallet_id), period=period, since=period.since(day))
        rows.update(used=F("used") - back)


def prune(today: date) -> int:
    """Forget the use of limits that callers named, such as keys', a year after its month, once every hold in it is
    settled; how many rows. What wallets used is proven from their holds, and stays."""
    unsettled = Hold.objects.filter(settled_at=None, allowances=OuterRef("pk"))
    old = Allowance.objects.exclude(OWN).filter(~Exists(unsettled), since__lt=today - KEPT_FOR).order_by("since")
    ids = list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])
    for id in ids:  # a transaction for each: it goes with what names it, or not at all
        Allowance.objects.filter(pk=id).delete()
    return len(ids)


def own_limits(purse: Account) -> list[Limit]:
    """The customer's own ceilings; those that are not set count the use all the same."""
    name = own_name(purse.pk)
    return [Limit(name, purse.day_ceiling, Period.DAY), Limit(name, purse.month_ceiling, Period.MONTH)]


def own_name(wallet_id: int | None) -> str:
    return f"{_OWN}{wallet_id}"


def differences() -> Iterator[str]:
    """One sentence for each day and month of a wallet whose use is not what its holds of that time keep."""
    kept = Case(When(settled_at=None, then=F("amount")), default=F("captured"))
    days = Hold.objects.order_by().annotate(day=TruncDate("created_at", tzinfo=UTC)).values_list("wallet", "day")
    computed: Counter[tuple[str, str, date]] = Counter()
    for wallet, day, amount in days.annotate(total=Sum(kept)).iterator():
        for period in Period:
            computed[own_name(wallet), period, period.since(day)] += amount
    stored = Counter({(row.name, row.period, row.since): row.used for row in Allowance.objects.filter(OWN).iterator()})
    for place in sorted(computed.keys() | stored.keys()):
        if computed[place] != stored[place]:
            yield f"use of {' '.join(map(str, place))}: {stored[place]} is counted, its holds keep {computed[place]}"


def _use(limit: Limit, day: date, amount: int, refusal: type[AllowanceExceeded]) -> int:
    """The row takes over the limit of the moment with the use."""
    since, most_before = limit.period.since(day), _most_before(limit, amount)
    while True:
        if found := _take(limit.name, limit.period, since, most_before, amount, limit.limit):
            return int(found[0][0])
        row, _ = Allowance.objects.get_or_create(
            name=limit.name, period=limit.period, since=since, defaults={"limit": limit.limit}
        )
        if limit.limit is not None and row.used > limit.limit - amount:
            left = max(limit.limit - row.used, 0)
            raise refusal(
                name=limit.name, price=amount, limit=limit.limit, left=left,
                period=limit.period, renews=limit.period.renews(day),
            )  # fmt: skip


def _most_before(limit: Limit, amount: int) -> int:
    """How much may have been used for `amount` more to fit in."""
    return _BOUNDLESS if limit.limit is None else limit.limit - amount


def _amount(place: Any) -> Cast:
    """None is a number too, and no database guesses that of a CASE."""
    return Cast(place, BigIntegerField())


@update("id")
def _take(name: str, period: str, since: date, most_before: int, amount: int, limit: int | None) -> Change:
    rows = Allowance.objects.filter(name=name, period=period, since=since, used__lte=most_before)
    return Change(rows, {"used": F("used") + amount, "limit": limit})


@update("period")
def _count(
    name: str, amount: int, day: date, day_most: int, day_limit: int | None,
    month: date, month_most: int, month_limit: int | None,
) -> Change:  # fmt: skip
    of_day = Q(period=Period.DAY, since=day, used__lte=day_most)
    of_month = Q(period=Period.MONTH, since=month, used__lte=month_most)
    limit = Case(When(period=Period.DAY, then=_amount(day_limit)), default=_amount(month_limit))
    return Change(Allowance.objects.filter(of_day | of_month, name=name), {"used": F("used") + amount, "limit": limit})
