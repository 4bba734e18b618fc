"""What a submit says beside its body: the parameters and headers of fal's platform that change something here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from generations.brief import BadBrief, FieldError
from partners.webhooks import addresses

WEBHOOK, MOST_WAITING, START_WITHIN = "fal_webhook", "fal_max_queue_length", "X-Fal-Request-Timeout"
SHORTEST_S, LONGEST_S = 0.1, 86_400.0


@dataclass(frozen=True)
class Options:
    """`webhook_url` is told the result, empty: nobody; nothing is ordered where more than `most_waiting` images are
    drawn before; what has not begun after `start_within` is canceled."""

    webhook_url: str = ""
    most_waiting: int | None = None
    start_within: timedelta | None = None


def read(query: Mapping[str, str], headers: Mapping[str, str]) -> Options:
    """Raises BadBrief with everything that is wrong."""
    errors: list[FieldError] = []
    url, most, seconds = query.get(WEBHOOK, ""), query.get(MOST_WAITING, ""), headers.get(START_WITHIN, "")
    if url:
        try:
            addresses.check(url)
        except addresses.BadAddress as bad:
            errors.append(_wrong("query", WEBHOOK, str(bad), addresses.ALLOWED))
    if most and not (most.isascii() and most.isdigit() and len(most) < 10):
        errors.append(_wrong("query", MOST_WAITING, "It must be a whole number, 0 or more.", {"minimum": 0}))
    start_within = _seconds(seconds)
    if seconds and start_within is None:
        bounds = {"exclusiveMinimum": SHORTEST_S, "maximum": LONGEST_S}
        said = f"It must be a number of seconds above {SHORTEST_S}, at most {LONGEST_S:.0f}."
        errors.append(_wrong("header", START_WITHIN.lower(), said, bounds))
    if errors:
        raise BadBrief(errors)
    return Options(url, int(most) if most else None, start_within)


def _seconds(text: str) -> timedelta | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return timedelta(seconds=value) if math.isfinite(value) and SHORTEST_S < value <= LONGEST_S else None


def _wrong(where: str, name: str, said: str, allowed: object) -> FieldError:
    return FieldError.at((where, name), "not_allowed", f"{name}: {said}", allowed)
