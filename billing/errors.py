"""What the ledger refuses, in values that a door can show."""

from datetime import date

from django.conf import settings

from .credits import show

CEILINGS = "/billing/#ceilings"
BUY = "/billing/buy/"


class LedgerError(Exception):
    """The ledger refused; nothing was moved."""


class InsufficientCredits(LedgerError):
    """The wallet cannot pay `price`. All amounts in 1/100 credit; `missing` is what has to come in first. More are
    bought at `BUY`, a path of the site."""

    def __init__(self, *, price: int, available: int, debt: int = 0) -> None:
        self.price, self.available, self.debt = price, available, debt
        self.missing = max(price - available + debt, 0)
        super().__init__(
            f"This costs {show(price)} credits and {show(available)} are available; {show(self.missing)} are missing."
        )


class AllowanceExceeded(LedgerError):
    """A limit of this day or month leaves too little. `left` is in 1/100 credit; `renews` the day (UTC) with whose
    beginning it counts from nothing again."""

    def __init__(self, *, name: str, price: int, limit: int, left: int, period: str, renews: date) -> None:
        self.name, self.price, self.limit, self.left = name, price, limit, left
        self.period, self.renews = period, renews
        super().__init__(f"This costs {show(price)} credits; {self._left}")

    @property
    def _left(self) -> str:
        return f"{show(self.left)} of this {self.period}'s limit of {show(self.limit)} are left."


class CeilingReached(AllowanceExceeded):
    """The customer's own ceiling leaves too little; they may change it at `CEILINGS`, a path of the site."""

    @property
    def ceiling(self) -> str:
        """What the customer calls it."""
        return {"day": "daily", "month": "monthly"}[self.period] + " ceiling"

    @property
    def _left(self) -> str:
        return (
            f"{show(self.left)} of your own {self.ceiling} of {show(self.limit)} are left until {self.renews:%-d %B}, "
            f"00:00 UTC. You can change it on the billing page ({settings.PUBLIC_URL}{CEILINGS})."
        )


class KeyReused(LedgerError):
    """The operation's name was used before with other numbers."""


class AlreadySettled(LedgerError):
    """The hold was settled before with another amount, or the amount is more than was held."""


class ReturnedTooMuch(LedgerError):
    """More was to be given back than was captured and not given back before."""


class StillHeld(LedgerError):
    """The wallet cannot be closed while credits are set aside for something."""


class NothingToForgive(LedgerError):
    """More was to be let go than the wallet owes, or nothing. Amounts in 1/100 credit."""

    def __init__(self, *, asked: int, debt: int) -> None:
        self.asked, self.debt = asked, debt
        super().__init__(f"{show(asked)} credits were to be forgiven, and {show(debt)} are owed.")
