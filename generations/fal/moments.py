"""Moments as fal's platform API writes them: ISO 8601, sometimes without a zone, which then is UTC."""

from datetime import UTC, datetime


def read_moment(value: object) -> datetime | None:
    """A moment out of an answer; None for what is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(moment: datetime) -> str:
    """A moment for a question, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
