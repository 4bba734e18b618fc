"""The stage's clock. It stands still, and only the play moves it: pages look the same at any hour and on any day."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

MOMENT = datetime(2026, 5, 12, 9, 41, tzinfo=UTC)  # when everything is looked at

_now = MOMENT
_numbers = count(1)


def now() -> datetime:
    """What the site takes for the time."""
    return _now


def go_to(**before_the_moment: float) -> None:
    """So long before the moment at which everything is looked at: `go_to(days=2)`."""
    global _now
    _now = MOMENT - timedelta(**before_the_moment)


def pass_by(seconds: float) -> None:
    global _now
    _now += timedelta(seconds=seconds)


def uuid7() -> UUID:
    """In order like the real ones, and the same ones each time."""
    number, millis = next(_numbers), int(_now.timestamp() * 1000)
    # Spread by a multiplication, so that they do not look alike; never twice, since the factor is odd.
    tail = number * 0x9E3779B97F4A7C15 % 2**62
    return UUID(int=millis << 80 | 7 << 76 | number % 2**12 << 64 | 2 << 62 | tail)
