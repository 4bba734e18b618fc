"""One's own ceilings, as the page shows and changes them. The ledger enforces them (`ledger.hold`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import AbstractBaseUser

from . import allowances, credits, ledger
from .models import Account, Allowance, Period

LABELS = {Period.DAY: "Today", Period.MONTH: "This month"}


@dataclass(frozen=True)
class Meter:
    """One period: what was set aside or spent in it, and its ceiling, in 1/100 credit; None where there is none.
    `typed` and `problem` are what the customer wrote last and what is wrong with it."""

    period: Period
    used: int
    limit: int | None
    renews: date
    typed: str = ""
    problem: str = ""

    @property
    def label(self) -> str:
        return LABELS[self.period]

    @property
    def left(self) -> int:
        return max((self.limit or 0) - self.used, 0)

    @property
    def percent(self) -> int:
        """How much of the ceiling is used, at most 100."""
        if not self.limit:
            return 100
        return min(100 * self.used // self.limit, 100)

    @property
    def shown(self) -> str:
        """What stands in the field."""
        return self.typed or ("" if self.limit is None else credits.show(self.limit))


def meters(wallet: Account, *, today: date, refused: Mapping[Period, tuple[str, str]] | None = None) -> list[Meter]:
    """The day and the month; `refused` has by period what was typed and what is wrong with it."""
    limits = allowances.own_limits(wallet)
    since = {each.period: each.period.since(today) for each in limits}
    rows = Allowance.objects.filter(name=allowances.own_name(wallet.pk), since__in=since.values())
    used = {(row.period, row.since): row.used for row in rows}
    return [
        Meter(
            own.period, used.get((own.period, since[own.period]), 0), own.limit, own.period.renews(today),
            *(refused or {}).get(own.period, ("", "")),
        )
        for own in limits
    ]  # fmt: skip


def change(user: AbstractBaseUser, period: Period, typed: str) -> int | None:
    """Set what was typed as the ceiling, or remove it where that is empty; the new one in 1/100 credit.

    Raises ValueError that says what is allowed."""
    limit = credits.read(typed) if typed.strip() else None
    ledger.set_ceiling(user, period, limit)
    return limit
