"""How money becomes credits: the cash of a purchase and the bonus on it, and the part of both that a refund or a
dispute takes. Cents in, 1/100 credit out; integers throughout.

Parts are taken by their place: the cents from `before` to `before + cents` of all that was ever taken of the payment.
So parts always add up to the whole, however the whole is cut.
"""

from dataclasses import dataclass

from django.db.models import F, Sum

from .credits import CREDITS_A_DOLLAR, PER_CREDIT
from .models import Purchase, Reversal

UNITS_A_CENT = CREDITS_A_DOLLAR * PER_CREDIT // 100


@dataclass(frozen=True)
class Split:
    """In 1/100 credit: `cash` stands for money received net of tax, `bonus` is what was given on top."""

    cash: int
    bonus: int

    @property
    def total(self) -> int:
        return self.cash + self.bonus


def of(purchase: Purchase) -> Split:
    """What a paid purchase brings: the credits that were agreed, and never fewer than the money stands for."""
    cash = net_cents(purchase) * UNITS_A_CENT
    return Split(cash, max(purchase.credits - cash, 0))


def taken(purchase: Purchase, *, before: int, cents: int) -> Split:
    """What `cents` given back take of a purchase of which `before` cents were taken before, also such as came back.

    More cash than was paid can go, where a refund and a dispute overlap: then the customer has that money. But never
    more bonus than is left."""
    paid, net, bonus = purchase.paid_cents or 0, net_cents(purchase), of(purchase).bonus
    sums = purchase.reversals.aggregate(left=Sum(F("taking__bonus") - F("taking__restored_bonus")))
    return Split(
        net_part(net, paid, before=before, cents=cents) * UNITS_A_CENT,
        min(_slice(bonus, paid, before, cents), bonus - (sums["left"] or 0)),
    )


def net_part(net: int, paid: int, *, before: int, cents: int) -> int:
    """The cents net of tax in such a part of a payment of `paid` cents, of which `net` are net of tax."""
    return _slice(net, paid, before, cents)


def restored(row: Reversal, cents: int) -> Split:
    """What comes back of what was taken, when `cents` of it do.

    Where a refund and a dispute overlap, and more went than was paid, the bonus was taken once for both, by whichever
    came first. Then only so much of it comes back as the other one leaves, whichever of them that was."""
    purchase, taking = row.purchase, row.taking
    back = part(taking.cash, taking.bonus, cents=cents, of=row.cents) if taking else Split(0, 0)
    gone = purchase.reversals.aggregate(
        cents=Sum(F("cents") - F("restored_cents")), bonus=Sum(F("taking__bonus") - F("taking__restored_bonus"))
    )
    paid = purchase.paid_cents or 0
    if gone["cents"] > paid:
        stays = _slice(of(purchase).bonus, paid, 0, min(gone["cents"] - cents, paid))
        return Split(back.cash, min(back.bonus, max((gone["bonus"] or 0) - stays, 0)))
    return back


def part(cash: int, bonus: int, *, cents: int, of: int) -> Split:
    """`cents` of `of` of what was taken."""
    return Split(cash * cents // of, bonus * cents // of)


def net_cents(purchase: Purchase) -> int:
    return (purchase.paid_cents or 0) - (purchase.tax_cents or 0)


def _slice(whole: int, length: int, start: int, size: int) -> int:
    return whole * (start + size) // length - whole * start // length
