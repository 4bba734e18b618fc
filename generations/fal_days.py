"""One day (UTC) of fal's records against our draws, endpoint by endpoint: what is safe is mended, the rest is listed.

What is younger than fal's books can be is neither believed nor missed. Repeatable: each mend is an UPDATE with its
condition, and the day's rows are replaced.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from . import catalogue, fal_requests
from .dollars import of_microusd
from .fal import platform
from .fal.platform import NotAllowed, UsageLine
from .fal_told import LIVES_FOR, Told
from .models import FalDay

__all__ = ["LIVES_FOR", "compare"]
logger = logging.getLogger(__name__)

SETTLES = timedelta(minutes=2)  # by how much fal's clock and books may be behind ours; what is younger is not looked at


def compare(day: date, *, now: datetime, breathe: Callable[[], None] = lambda: None) -> list[FalDay]:
    """Compare a day, as far as it is over, and write its rows. `breathe` is called between calls of fal's. Unavailable;
    what was mended until then stays mended."""
    since = datetime.combine(day, time(), UTC)
    until = min(since + timedelta(days=1), now - SETTLES)
    if until <= since:
        return []
    ours = {model.endpoint for model in catalogue.all()}
    lines = _usage(since, until, ours)
    rows = []
    for endpoint in sorted(ours | (lines or {}).keys()):
        breathe()
        told = Told(endpoint, since, until, now)
        if endpoint in ours:
            fal_requests.look_for_the_lost(told, breathe)
            fal_requests.by_events(told, breathe)
            fal_requests.by_history(told, breathe)
            fal_requests.unheard_of(told, breathe)
            fal_requests.strangers(told, breathe)
        rows.append(_keep(day, told, None if lines is None else lines.get(endpoint, [])))
    return [row for row in rows if row is not None]


def _usage(since: datetime, until: datetime, endpoints: Iterable[str]) -> dict[str, list[UsageLine]] | None:
    """fal's own sums by endpoint; None where this key may not see them."""
    try:
        lines = platform.usage(since, until, endpoints)
    except NotAllowed as refusal:
        logger.warning("fal's usage may not be read with this key: %s", refusal)
        return None
    found: dict[str, list[UsageLine]] = defaultdict(list)
    for line in lines:
        found[line.endpoint].append(line)
    return dict(found)


def _keep(day: date, told: Told, lines: list[UsageLine] | None) -> FalDay | None:
    """Write the row of the day, unless there is nothing to tell. What a person explained stays explained while no more
    is found."""
    _grouped(told)
    charged = told.charged if told.events else None
    if lines is not None:
        charged = sum(line.microusd for line in lines)
        _sums(told, lines, charged)
    fields: dict[str, Any] = {
        "fal_requests": told.requests,
        "fal_units_millionths": None if lines is None else sum(line.units_millionths for line in lines),
        "fal_unit": lines[0].unit if lines else "", "fal_microusd": charged,
        "our_draws": told.draws, "our_units_millionths": told.units, "our_microusd": told.ours,
        "mended": told.mended, "left": told.left, "findings": told.findings, "compared_at": told.now,
    }  # fmt: skip
    before = FalDay.objects.filter(day=day, endpoint=told.endpoint).first()
    if before is None and not any((told.requests, told.draws, charged, told.findings)):
        return None
    if before is not None and told.left > before.left:
        fields |= {"explained_microusd": None, "explained_why": ""}
    return FalDay.objects.update_or_create(day=day, endpoint=told.endpoint, defaults=fields)[0]


def _grouped(told: Told) -> None:
    """What many draws have in common is one finding."""
    for (ours, theirs), draws in sorted(told.prices.items()):
        more = (theirs - ours) * len(draws)
        words = (
            f"fal charges {of_microusd(theirs)} where our table says {of_microusd(ours)}: "
            f"{len(draws):,} pictures, {of_microusd(more)} in all"
        )
        told.found(told.endpoint, words, is_mended=False, draw=draws[0])
    if told.unbilled:
        cost = sum(told.unbilled.values())
        told.known -= cost
        words = f"{len(told.unbilled):,} pictures that fal does not charge for; our draws say {of_microusd(cost)}"
        told.found(told.endpoint, words, is_mended=False, draw=next(iter(told.unbilled)))


def _sums(told: Told, lines: list[UsageLine], charged: int) -> None:
    """fal's own sum of the day must be that of what was looked at by request. Without billing events a day that is
    not over for long proves nothing."""
    slack = max(told.draws, 1)  # a millionth for each picture is rounding
    if told.endpoint not in {model.endpoint for model in catalogue.all()}:
        told.known += charged
        told.found(told.endpoint, f"{of_microusd(charged)} at an endpoint that nobody here uses", is_mended=False)
    elif told.events and abs(charged - told.charged) > slack:
        words = f"fal's usage says {of_microusd(charged)}, its billing events add up to {of_microusd(told.charged)}"
        told.found(told.endpoint, words, is_mended=False)
    elif not told.events and told.is_booked(told.until) and abs(charged - told.ours - told.known) > slack:
        words = f"fal's usage says {of_microusd(charged)}, our draws {of_microusd(told.ours)}"
        told.found(told.endpoint, words, is_mended=False)
