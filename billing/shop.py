"""What is on offer: packs of credits, plans by the month, and the plan that somebody has."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser

from . import planned, splits, subscriptions
from .models import Account, Pack, Plan, Purchase, Subscription

What, Status = Purchase.What, Subscription.Status


@dataclass(frozen=True)
class Offer:
    """A pack or a plan as it is shown: `cents` for `credits` (1/100), of which `bonus` is more than the money stands
    for."""

    what: str
    id: str
    name: str
    cents: int
    credits: int
    is_offered: bool

    @property
    def bonus(self) -> int:
        return max(self.credits - self.cents * splits.UNITS_A_CENT, 0)


def packs() -> list[Offer]:
    """The packs that are sold, the smallest first."""
    planned.bring_in()
    return [of(pack) for pack in Pack.objects.filter(is_offered=True).order_by("cents")]


def plans() -> list[Offer]:
    """The plans that are sold, the smallest first."""
    planned.bring_in()
    return [of(plan) for plan in Plan.objects.filter(is_offered=True).order_by("cents")]


def of(sold: Pack | Plan) -> Offer:
    if isinstance(sold, Plan):
        return Offer(What.PLAN, str(sold.pk), sold.name, sold.cents, sold.credits, sold.is_offered)
    return Offer(What.PACK, str(sold.pk), "", sold.cents, sold.credits, sold.is_offered)


def of_purchase(purchase: Purchase) -> Offer | None:
    """What a purchase was of, as it is sold today; None where it is not sold any more, or brings something else now."""
    sold: Pack | Plan | None = purchase.plan or purchase.pack
    is_the_same = sold is not None and (sold.cents, sold.credits) == (purchase.cents, purchase.credits)
    return of(sold) if sold is not None and sold.is_offered and is_the_same else None


def enough_for(wallet: Account, offered: Sequence[Offer]) -> Offer | None:
    """The smallest of the packs that pays off the wallet's debt; None where none does it alone."""
    return next((offer for offer in offered if offer.credits + wallet.available >= wallet.debt), None)


@dataclass(frozen=True)
class Held:
    """The plan that somebody has, in words. `is_well`: it is paid for, and nothing has to be done."""

    plan: Offer | None
    words: str
    is_well: bool


def held_by(user: AbstractBaseUser) -> Held | None:
    """The subscription that lives; None where there is none."""
    row = subscriptions.living(user).select_related("plan").last()
    if row is None:
        return None
    words, is_well = _words(row)
    return Held(of(row.plan) if row.plan else None, words, is_well)


def _words(row: Subscription) -> tuple[str, bool]:
    ends, renews = (f"{moment:%-d %B %Y}" if moment else "" for moment in (row.ends_at, row.renews_at))
    match row.status:
        case Status.PAST_DUE | Status.UNPAID:
            return "The last payment did not succeed, so no credits came for it. Change how you pay.", False
        case Status.INCOMPLETE:
            return "The first payment is not finished.", False
        case Status.PAUSED:
            return "It is paused: nothing is charged, and no credits come.", False
    if ends:
        return f"It ends on {ends}. Nothing more is charged, and your credits stay.", True
    return (f"The next credits come on {renews}, with the next payment." if renews else "It goes on each month."), True
