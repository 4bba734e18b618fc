"""What the ledger refuses, in values that a door can show."""

from .credits import show


class LedgerError(Exception):
    """The ledger refused; nothing was moved."""


class InsufficientCredits(LedgerError):
    """The wallet cannot pay `price`. All amounts in 1/100 credit; `missing` is what has to come in first."""

    def __init__(self, *, price: int, available: int, debt: int = 0) -> None:
        self.price, self.available, self.debt = price, available, debt
        self.missing = max(price - available + debt, 0)
        super().__init__(
            f"This costs {show(price)} credits and {show(available)} are available; {show(self.missing)} are missing."
        )


class AllowanceExceeded(LedgerError):
    """A limit of this month leaves too little. `left` is in 1/100 credit."""

    def __init__(self, *, name: str, price: int, limit: int, left: int) -> None:
        self.name, self.price, self.limit, self.left = name, price, limit, left
        super().__init__(
            f"This costs {show(price)} credits; {show(left)} of this month's limit of {show(limit)} are left."
        )


class KeyReused(LedgerError):
    """The operation's name was used before with other numbers."""


class AlreadySettled(LedgerError):
    """The hold was settled before with another amount, or the amount is more than was held."""
