"""A soak: the whole site at a steady pace for a long while, to see whether anything grows that should not.

    python -m bench soak --minutes 30 --database postgres --redis redis://127.0.0.1:6379/12

PostgreSQL, two web processes, worker, follower and the stand-in for fal; half of the pictures are ordered by the API,
half in the studio, at half the pace that the burst showed. It ends by itself.
"""

import os
import re
import sys
import threading
import time
from dataclasses import replace
from typing import Any

from bench import soak_samples
from bench.soak_people import People
from bench.world import Plan, World, world

MINUTES = 30.0
RATE = 2.2  # pictures a second: half of what docs/performance.md has of a burst on PostgreSQL
PARTNERS, GUESTS = 8, 8
SETTLES_S = 420.0  # longer than a sweep takes to find what a lost nudge left
SAMPLES = 120
TROUBLE = re.compile(r"\b(ERROR|CRITICAL)\b|^Traceback", re.MULTILINE)


def soak(plan: Plan, *, minutes: float, rate: float | None) -> dict[str, Any]:
    """Figures and verdicts: memory and files of each role, tables, log, books."""
    if plan.database != "postgres":
        sys.exit("A soak wants PostgreSQL: --database postgres")
    seconds, pace = minutes * 60, rate or RATE
    # The settings of the site itself: the benchmarks' stopwatch would write a line for every task. A queue of its own:
    # tasks that an earlier soak left in Redis are signed with another key.
    more = (
        ("DJANGO_SETTINGS_MODULE", "krea_site.settings"),
        ("QUEUE_NAME", f"soak-{os.getpid()}"),
        ("LOG_LEVEL", "WARNING"),
    )
    with world(replace(plan, latency_s=5.0, concurrency=40, settings=(*plan.settings, *more))) as made:
        told = made.play("soakers", within_s=120, partners=PARTNERS, guests=GUESTS, pictures=int(pace * seconds) + 100)
        database = made.environment["DATABASE_URL"]
        people = People(made.url, told["secrets"], told["cookies"])
        watch = soak_samples.Watch(made.pids, database.rpartition("/")[2], every_s=max(1.0, seconds / SAMPLES))
        marks = []
        with watch:
            began = time.monotonic()
            crowd = threading.Thread(
                target=people.live, kwargs={"pictures_a_second": pace, "until": began + seconds}, daemon=True
            )
            crowd.start()
            for third in (1, 2, 3):
                time.sleep(max(0.0, began + third * seconds / 3 - time.monotonic()))
                marks.append((people.ordered, soak_samples.tables(database)))
            crowd.join()
        ended = made.play("settled", within_s=SETTLES_S + 60, within=SETTLES_S)
        return _figures(made, people, soak_samples.judged(watch.roles, seconds), soak_samples.grown(marks), ended) | {
            "minutes": minutes, "pace": pace,
        }  # fmt: skip


def _figures(
    made: World, people: People, roles: dict[str, Any], tables: dict[str, Any], ended: dict[str, Any]
) -> dict[str, Any]:
    log = (made.folder / "output.txt").read_text(errors="replace")
    trouble = [line[:300] for line in log.splitlines() if TROUBLE.search(line)]
    strange = {act: count for act, count in people.done.items() if not re.search(r" (200|202|302|303)$", act)}
    dead = [role for role, process in made.processes.items() if process.poll() is not None]
    flat = all(role["flat"] is not False for role in roles.values())
    bounded = all(table["bounded"] for table in tables.values())
    whole = ended["final"].get("stored", 0) == sum(ended["final"].values()) == people.ordered
    return {
        "pictures": people.ordered, "stored": ended["final"].get("stored", 0), "roles": roles, "soak_tables": tables,
        "answers_by_act": dict(sorted(people.done.items())), "strange_answers": strange, "log_trouble": trouble[:20],
        "ended_as": ended["final"], "alerts": ended["alerts"], "stood_still": ended["stood_still"],
        "log_lines_of_trouble": len(trouble), "died": dead, "findings": ended["findings"],
        "flat": flat, "bounded": bounded,
        "passed": flat and bounded and whole and not trouble and not strange and not dead and not ended["findings"],
    }  # fmt: skip


def lines(figures: dict[str, Any]) -> list[str]:
    """The tables for the terminal."""
    heads = ("first MB", "mean MB", "most MB", "rise MB", "allowed", "files", "flat")
    out = [f"{'role, shared-out memory':<30}" + "".join(f"{head:>10}" for head in heads)]
    for name, role in figures["roles"].items():
        cells = [role[key] for key in ("first_mb", "mean_mb", "most_mb", "rise_mb", "allowed_mb", "files_last")]
        verdict = {True: "yes", False: "NO", None: "-"}[role["flat"]]
        out.append(f"{name:<30}" + "".join(f"{cell:>10}" for cell in [*cells, verdict]))
    out += ["", f"{'table':<34}{'rows':>9}{'kB':>9}{'second':>9}{'last':>9}{'bounded':>9}   (rows a picture, by third)"]
    for name, table in figures["soak_tables"].items():
        cells = [table[key] for key in ("rows", "kb", "a_picture_second", "a_picture_last")]
        out.append(f"{name:<34}" + "".join(f"{cell:>9}" for cell in [*cells, "yes" if table["bounded"] else "NO"]))
    out += ["", *(f"{act:<45}{count:>12,}" for act, count in figures["answers_by_act"].items())]
    out += ["", f"ended as {figures['ended_as']}; alerts: {', '.join(figures['alerts']) or 'none'}"]
    out += [f"stood still for a minute: {each}" for each in figures["stood_still"]]
    out += [f"log: {line}" for line in figures["log_trouble"]] or ["no error in the log"]
    return out
