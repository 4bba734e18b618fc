"""Credits on the wire and on pages: decimal strings with two places; inside, integers of 1/100 credit."""

import re

PER_CREDIT = 100
CREDITS_A_DOLLAR = 1000
_DECIMAL = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?")


def show(amount: int) -> str:
    """`23400` as `"234.00"`."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), PER_CREDIT)
    return f"{sign}{whole}.{rest:02d}"


def whole(amount: int) -> str:
    """`2600000` as `"26,000"`; places only where there are any."""
    credits, rest = divmod(amount, PER_CREDIT)
    return f"{credits:,}.{rest:02d}" if rest else f"{credits:,}"


def read(text: str) -> int:
    """`"234"`, `"234.5"` or `"234.50"` as 1/100 credit; ValueError that says what is allowed for anything else."""
    match = _DECIMAL.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"{text[:40]!r} is not an amount of credits: a number with at most two decimal places, such as 45.50."
        )
    whole, rest = match.groups()
    return int(whole) * PER_CREDIT + int((rest or "0").ljust(2, "0"))
