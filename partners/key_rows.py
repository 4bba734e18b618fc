"""Keys as their owner sees them: how each stands, and what of its limits is used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.utils import timezone

from billing import set_limits
from billing.models import Period

from . import limits, rate_limits
from .models import Key


@dataclass(frozen=True)
class Row:
    """`state` in a word, `tone` is the badge's class. `used` in 1/100 credit: what of the monthly limit this month has
    used, with all keys that came from each other. `renews` is the first day of the next month."""

    key: Key
    state: str
    tone: str
    used: int
    renews: date

    @property
    def is_valid(self) -> bool:
        return self.state in ("Valid", "Being replaced")

    @property
    def is_replaced(self) -> bool:
        return self.key.rotated_at is not None

    @property
    def calls(self) -> int:
        """A minute."""
        own = self.key.calls_a_minute
        return set_limits.amount(rate_limits.CALLS, self.key.user_id) if own is None else own

    @property
    def unfinished(self) -> int:
        """Images at once."""
        return limits.unfinished(self.key)

    @property
    def percent(self) -> int:
        """How much of the monthly limit is used, at most 100."""
        limit = self.key.monthly_limit
        return min(100 * self.used // limit, 100) if limit else 100


def of(keys: Iterable[Key]) -> list[Row]:
    """In the order in which they come."""
    listed, now = list(keys), timezone.now()
    today = now.astimezone(UTC).date()
    used = limits.used({key.family for key in listed}, today=today)
    renews = Period.MONTH.renews(today)
    return [Row(key, *_state(key, now), used.get(key.family, 0), renews) for key in listed]


def _state(key: Key, now: datetime) -> tuple[str, str]:
    if key.revoked_at is not None:
        return ("Found in public", "bad") if key.was_found else ("Revoked", "")
    if key.expires_at is not None and key.expires_at <= now:
        return ("Replaced", "") if key.rotated_at else ("Expired", "")
    return ("Being replaced", "warn") if key.rotated_at else ("Valid", "good")
