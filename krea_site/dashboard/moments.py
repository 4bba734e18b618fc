"""Moments as staff types them: in UTC, as a browser's own field for date and time writes them."""

from datetime import UTC, datetime

from django.utils import timezone

ALLOWED = "such as 2026-12-24T18:00, in UTC"


def read(text: str) -> datetime | None:
    """The moment that was typed; None where nothing was. ValueError that says what is allowed."""
    words = text.strip()
    if not words:
        return None
    try:
        moment = datetime.fromisoformat(words.replace(" ", "T"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{words[:40]!r} is not a date and time, {ALLOWED}.") from None


def typed(moment: datetime | None) -> str:
    """As the field shows it; seconds only where there are any."""
    if moment is None:
        return ""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds").removesuffix(":00")


def in_words(moment: datetime) -> str:
    """`"24 December 2026, 18:00:00 UTC"`"""
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC"


def soon(seconds: float) -> datetime:
    """So many seconds from now, to the whole second."""
    moment = datetime.fromtimestamp(int(timezone.now().timestamp() + seconds) + 1, UTC)
    return moment
