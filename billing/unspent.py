"""What of a purchase was not used, and what that is in money.

Credits are used in the order in which they came: what is available now is of the newest purchases and gifts. So a gift
that came before is used up first, and one that came later is never paid out.
"""

from bisect import bisect_right
from dataclasses import dataclass

from django.db.models import F, Max, QuerySet, Sum

from . import payments, splits
from .models import Account, Kind, Purchase, Reversal, Taking, Transfer


@dataclass(frozen=True)
class Unspent:
    """`amount` in 1/100 credit, bonus included; `cents` are the most that take no more than that."""

    amount: int
    cents: int


def of(purchase: Purchase) -> Unspent:
    purse = Account.objects.filter(user_id=purchase.user_id).first()
    if purse is None or purchase.status != Purchase.Status.PAID:
        return Unspent(0, 0)
    remaining = splits.of(purchase).total - _standing(Taking.objects.filter(reversal__purchase=purchase))
    amount = max(min(purse.available - _came_later(purse, purchase), remaining), 0)
    left = left_cents(purchase)
    return Unspent(amount, left if amount >= remaining else _most_cents(purchase, amount, left))


def left_cents(purchase: Purchase) -> int:
    """What of the payment was not given back, and not taken back by the customer's bank."""
    sums = purchase.reversals.aggregate(gone=Sum(F("cents") - F("restored_cents")))
    return max((purchase.paid_cents or 0) - (sums["gone"] or 0), 0)


def _most_cents(purchase: Purchase, amount: int, left: int) -> int:
    """The most that can be given back without taking more than `amount`."""
    before = purchase.reversals.aggregate(cents=Sum("cents"))["cents"] or 0

    def takes(cents: int) -> int:
        return splits.taken(purchase, before=before, cents=cents).total

    return bisect_right(range(left + 1), amount, key=takes) - 1


def _came_later(purse: Account, purchase: Purchase) -> int:
    """What the wallet received after this purchase was credited, less what was taken back of that."""
    own = _credits_of(purchase.payment)
    since = own.aggregate(at=Max("created_at"))["at"]
    later = Transfer.objects.filter(target=purse, kind__in=(Kind.PURCHASE, Kind.GRANT), created_at__gte=since)
    received: int = later.exclude(pk__in=own.values("pk")).aggregate(sum=Sum("amount"))["sum"] or 0
    others = Reversal.objects.filter(purchase__user_id=purchase.user_id).exclude(purchase=purchase)
    return received - sum(
        _standing(Taking.objects.filter(reversal__purchase__payment=payment))
        for payment in set(others.values_list("purchase__payment", flat=True))
        if _credits_of(payment).filter(created_at__gte=since).exists()
    )


def _credits_of(payment: str | None) -> "QuerySet[Transfer]":
    name = payments.key(payment or "")
    return Transfer.objects.filter(key__in=(name, f"{name}:bonus"))


def _standing(rows: "QuerySet[Taking]") -> int:
    """What these took and did not bring back."""
    taken = F("cash") + F("bonus") - F("restored_cash") - F("restored_bonus")
    return int(rows.aggregate(sum=Sum(taken))["sum"] or 0)
