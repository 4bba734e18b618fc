"""The benchmarks of the road: each builds a world, has a scene played in it, and returns its figures."""

from typing import Any

from bench import figures
from bench.meter import Meter
from bench.world import Plan, World, world

SHARE = 0.95
WITHIN_S = {True: 2.0, False: 4.0}  # with webhooks, and by polling
SPARE_S = 120.0  # for starting, and for looking through the books
MOST_ROWS = 100


def burst(plan: Plan, *, pictures: int, each: int, within_s: float) -> dict[str, Any]:
    """All pictures ordered at once: how long until all are stored, in what memory, and where the time goes."""
    with world(plan) as made, _meter(made) as meter:
        told = made.play("burst", within_s=within_s + SPARE_S, pictures=pictures, each=each, give_up_s=within_s)
        found = _common(made, meter, told)
    line = told["line"]
    found |= {
        "pictures": pictures,
        "rate": round(found["stored"] / told["took_s"], 2) if told["took_s"] else 0.0,
        "all_accepted_s": next((row["at_s"] for row in line if row["accepted"] >= pictures), None),
        "most_on_the_road": max(row["at_fal"] + row["storing"] for row in line),
        "most_drawn_at_once": told["most_drawn_at_once"],
        "calls_at_fal": told["calls_at_fal"],
        "line": line[:: len(line) // MOST_ROWS + 1],
    }
    return found | {"passed": figures.is_right(found)}


def steady(plan: Plan, *, rate: float, seconds: float, within_s: float) -> dict[str, Any]:
    """Pictures ordered at an even pace: how long each takes from fal's completion until it is available."""
    with world(plan) as made, _meter(made) as meter:
        limit = seconds + within_s
        told = made.play("steady", within_s=limit + SPARE_S, rate=rate, seconds=seconds, give_up_s=limit)
        found = _common(made, meter, told)
    waits = told["waits_s"]
    found |= {
        "webhooks": plan.webhooks,
        "rate": round(rate, 2),
        "pictures": int(rate * seconds),
        "wait_p50_s": figures.quantile(waits, 0.5),
        "wait_p95_s": figures.quantile(waits, SHARE),
        "wait_max_s": figures.quantile(waits, 1.0),
        "wait_goal_s": WITHIN_S[plan.webhooks],
    }
    in_time = len(waits) == found["pictures"] and found["wait_p95_s"] <= found["wait_goal_s"]
    return found | {"passed": in_time and figures.is_right(found)}


def _meter(made: World) -> Meter:
    url = made.environment["DATABASE_URL"]
    return Meter(made.pids, url.rpartition("/")[2] if made.plan.database == "postgres" else "")


def _common(made: World, meter: Meter, told: dict[str, Any]) -> dict[str, Any]:
    start, end, stored = told["began"], told["began"] + told["took_s"], told["final"].get("stored", 0)
    return {
        "stored": stored,
        "took_s": told["took_s"],
        "ordered_s": told["ordered_s"],
        "final": told["final"],
        "drawn_again": told["drawn_again"],
        "findings": told["findings"],
        "memory_mb": figures.memory(meter),
        "costs": figures.costs(made.folder, meter, start=start, end=end, pictures=stored),
    }
