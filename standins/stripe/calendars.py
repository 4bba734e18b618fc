"""When periods of a subscription end: months are months, and the 31st stays the last day of shorter ones."""

import calendar
from datetime import UTC, datetime, timedelta

from standins.stripe.objects import Object


def after(anchor: int, recurring: Object, count: int) -> int:
    """The moment `count` periods after the anchor."""
    start = datetime.fromtimestamp(anchor, UTC)
    step = count * int(recurring["interval_count"])
    interval = recurring["interval"]
    if interval in ("day", "week"):
        return int((start + timedelta(days=step * (7 if interval == "week" else 1))).timestamp())
    months = start.year * 12 + start.month - 1 + step * (12 if interval == "year" else 1)
    year, month = months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())
