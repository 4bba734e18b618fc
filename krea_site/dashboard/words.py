"""Figures as people read them: dollars, credits, times. Whole numbers in, no float."""

from billing import credits

MINUS = "\N{MINUS SIGN}"
MICROUSD = 1_000_000
SECOND_MS, MINUTE_MS, HOUR_MS = 1000, 60_000, 3_600_000


def dollars(microusd: int) -> str:
    """`1234560000` as `"$1,234.56"`; what is below a dollar has four decimals where it needs them."""
    sign, amount = (MINUS if microusd < 0 else ""), abs(microusd)
    if amount < MICROUSD and amount % 10_000:
        return f"{sign}$0.{(amount + 50) // 100:04d}" if amount < MICROUSD - 50 else f"{sign}$1.00"
    whole, rest = divmod((amount + 5_000) // 10_000, 100)
    return f"{sign}${whole:,}.{rest:02d}"


def whole_credits(amount: int) -> str:
    """`123450000` as `"1,234,500"`; places only where there are any."""
    return f"{MINUS if amount < 0 else ''}{credits.whole(abs(amount))}"


def number(value: int) -> str:
    return f"{MINUS if value < 0 else ''}{abs(value):,}"


def took(ms: int) -> str:
    """`740` as `"0.7 s"`, `95000` as `"1 min 35 s"`."""
    if ms < MINUTE_MS:
        return f"{ms // SECOND_MS}.{ms % SECOND_MS // 100} s"
    if ms < HOUR_MS:
        return f"{ms // MINUTE_MS} min {ms % MINUTE_MS // SECOND_MS} s"
    return f"{ms // HOUR_MS} h {ms % HOUR_MS // MINUTE_MS} min"


def per_mille(value: int | None) -> str:
    """`345` as `"34.5 %"`."""
    if value is None:
        return ""
    return f"{MINUS if value < 0 else ''}{abs(value) // 10}.{abs(value) % 10} %"


def age(seconds: float) -> str:
    """How long ago: `"12 s"`, `"5 min"`, `"3 h"`, `"4 days"`."""
    whole = max(0, int(seconds))
    for length, name in ((86_400 * 2, "days"), (3600, "h"), (60, "min")):
        if whole >= length:
            return f"{whole // (86_400 if name == 'days' else length)} {name}"
    return f"{whole} s"
