"""Credits in US dollars, to be read: exact, since a thousand credits are one dollar and nothing is rounded."""

from billing.credits import CREDITS_A_DOLLAR, PER_CREDIT


def in_dollars(amount: int) -> str:
    """1/100 credits as dollars with at least two decimals: `3900` as `"$0.039"`, `450000` as `"$4.50"`."""
    whole, rest = divmod(amount, CREDITS_A_DOLLAR * PER_CREDIT)
    decimals = f"{rest:05d}".rstrip("0").ljust(2, "0")
    return f"${whole:,}.{decimals}"


def of_microusd(amount: int) -> str:
    """Millionths of a dollar, exactly, with at least two decimals: `39000` as `"$0.039"`, `-500000` as `"-$0.50"`."""
    whole, rest = divmod(abs(amount), 1_000_000)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}${whole:,}.{decimals}"
