"""From samples and laps to figures: what a run cost, by process and by step, and whether it was right."""

import math
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import laps
from bench.meter import Meter, Seen

MOST_MEMORY_BYTES = 300_000_000
TASKS, KEEPING = "worker: tasks", "worker: queue keeping"


def quantile(values: list[float], share: float) -> float | None:
    """The smallest value that at least this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)] if values else None


def costs(folder: Path, meter: Meter, *, start: float, end: float, pictures: int) -> dict[str, Any]:
    """Between two moments: seconds of processor time by role, and what the stopwatch saw, by kind of task."""
    found = list(laps.read(folder))
    workers = {lap["pid"] for lap in found if lap["kind"] != "webhook"}
    spent: dict[str, float] = defaultdict(float)
    for seen in meter.seen.values():
        spent[_role(seen, workers)] += seen.cpu_between(start, end)
    return {
        "cpu_s": {role: round(seconds, 1) for role, seconds in sorted(spent.items())},
        "cpu_ms_a_picture": {role: round(1000 * s / max(1, pictures), 1) for role, s in sorted(spent.items())},
        "tasks": {kind: asdict(total) for kind, total in sorted(laps.sums(found, since=start).items())},
    }


def memory(meter: Meter) -> dict[str, dict[str, float]]:
    """The most memory that any one process of each role had, in MB: resident, and its proportional share."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: {"rss": 0.0, "pss": 0.0})
    for seen in meter.seen.values():
        most = found[seen.role]
        most["rss"] = max(most["rss"], round(seen.rss / 1e6, 1))
        most["pss"] = max(most["pss"], round(seen.pss / 1e6, 1))
    return dict(found)


def is_right(figures: dict[str, Any]) -> bool:
    """Every picture stored and none drawn twice, the books right, and no process of ours too large."""
    ours = [most["rss"] for role, most in figures["memory_mb"].items() if role != "postgres"]
    return (
        figures["final"] == {"stored": figures["pictures"]}
        and not figures["findings"]
        and not figures["drawn_again"]
        and max(ours) * 1e6 <= MOST_MEMORY_BYTES
    )


def _role(seen: Seen, workers: set[int]) -> str:
    if seen.role != "worker":
        return seen.role
    return TASKS if seen.pid in workers else KEEPING
