"""The benchmarks: `python -m bench` prints a table and writes JSON under bench/results/."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import database, report, trials
from bench.acceptance import SECONDS, acceptance
from bench.dashboard import IMAGES, dashboard
from bench.gallery import PICTURES, gallery
from bench.hooks import SECONDS as HOOKS_S
from bench.hooks import hooks
from bench.interaction import REPETITIONS, interaction
from bench.lighthouse import RUNS, lighthouse
from bench.readers import readers
from bench.soak import MINUTES, soak
from bench.statement import MOVEMENTS, statement
from bench.status import CALLS, status
from bench.streams import STREAMS, streams
from bench.world import Plan

RESULTS = Path(__file__).parent / "results"
TRIALS = ("burst", "steady", "polling", "readers")
# Only when named: one fetches a program, one wants a browser, two make very many rows, three want the machine alone.
BY_NAME = (
    "lighthouse", "interaction", "statement", "gallery", "status", "streams", "acceptance", "hooks", "dashboard",
    "soak",
)  # fmt: skip
NAMES = f"of {', '.join(TRIALS)}: all when none is named; or {', '.join(BY_NAME)}"


def main() -> int:
    given = arguments()
    passed = True
    for kind in kinds(given) * given.repeat:
        plan = Plan(database=kind, server=given.server, latency_s=given.latency, redis=given.redis)
        found = {"machine": machine(), "database": kind, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        for name, figures in run(plan, given):
            found[name] = figures
            print(report.table(f"{name} ({kind})", figures), flush=True)
            passed = passed and figures["passed"]
        print(f"\nWritten to {write(found, given.results)}", flush=True)
    return 0 if passed else 1


def run(plan: Plan, given: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and figures of each benchmark that was asked for; the steady ones run at half the rate of the burst."""
    rate = given.rate
    if "burst" in given.trials:
        figures = trials.burst(plan, pictures=given.pictures, each=given.each, within_s=given.within)
        rate = rate or figures["rate"] / 2
        yield "burst", figures
    for name, webhooks in (("steady", True), ("polling", False)):
        if name in given.trials:
            if not rate:
                sys.exit("Without the burst, say at which rate: --rate 3")
            chosen = replace(plan, webhooks=webhooks)
            yield name, trials.steady(chosen, rate=rate, seconds=given.seconds, within_s=given.within)
    if "readers" in given.trials:
        yield "readers", readers(plan)
    if "lighthouse" in given.trials:
        yield "lighthouse", lighthouse(plan, runs=given.runs, names=given.page)
    if "interaction" in given.trials:
        yield "interaction", interaction(plan, repetitions=given.repetitions)
    if "statement" in given.trials:
        yield "statement", statement(plan, movements=given.movements)
    if "gallery" in given.trials:
        yield "gallery", gallery(plan, pictures=given.gallery)
    if "streams" in given.trials:
        yield "streams", streams(plan, count=given.streams)
    if "status" in given.trials:
        yield "status", status(plan, calls=given.calls)
    if "acceptance" in given.trials:
        yield "acceptance", acceptance(plan, seconds=given.acceptance)
    if "dashboard" in given.trials:
        yield "dashboard", dashboard(plan, images=given.images)
    if "soak" in given.trials:
        yield "soak", soak(plan, minutes=given.minutes, rate=given.rate)
    if "hooks" in given.trials:
        yield "hooks", hooks(plan, seconds=given.hooks)


def kinds(given: argparse.Namespace) -> list[str]:
    if given.database == "both":
        return ["sqlite", "postgres"]
    if given.database:
        return [given.database]
    return ["postgres"] if database.reachable(given.server) else ["sqlite"]


def machine() -> dict[str, Any]:
    """What it ran on. `load`: how many others wanted the processor a minute before."""
    return {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def write(found: dict[str, Any], folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    file = folder / f"{stamp}-{found['database']}.json"
    file.write_text(json.dumps(found, indent=1))
    return file


def server() -> str:
    """The PostgreSQL of DATABASE_URL where that names one, else the one of this machine."""
    url = os.environ.get("DATABASE_URL", "")
    return url if url.startswith("postgres") else database.POSTGRES


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Benchmarks, on loopback alone.")
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=NAMES)
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], help="PostgreSQL where it is reachable")
    parser.add_argument("--server", default=server(), help="a PostgreSQL on which a database may be made")
    parser.add_argument("--redis", default="", help="REDIS_URL, to use Redis as the tasks' broker")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--each", type=int, default=10, help="pictures of one generation of the burst")
    parser.add_argument("--latency", type=float, default=10.0, help="seconds that the stand-in takes for a picture")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the steady ones")
    parser.add_argument("--rate", type=float, help="pictures a second of the steady ones; else half the burst's")
    parser.add_argument("--runs", type=int, default=RUNS, help="of lighthouse on each page")
    parser.add_argument("--page", action="append", default=[], help="of lighthouse, by name; else all")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="of interaction, of each act")
    parser.add_argument("--movements", type=int, default=MOVEMENTS, help="of the statement")
    parser.add_argument("--gallery", type=int, default=PICTURES, help="pictures of the gallery")
    parser.add_argument("--images", type=int, default=IMAGES, help="of the dashboard; twice as many transfers")
    parser.add_argument("--streams", type=int, default=STREAMS, help="idle ones")
    parser.add_argument("--calls", type=int, default=CALLS, help="of status, of each kind")
    parser.add_argument("--acceptance", type=float, default=SECONDS, help="seconds of each load of the acceptance")
    parser.add_argument("--hooks", type=float, default=HOOKS_S, help="seconds of it")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of the soak")
    parser.add_argument("--repeat", type=int, default=1, help="do it all so many times")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON")
    parser.add_argument("--within", type=float, default=900.0, help="seconds after which a benchmark gives up")
    given = parser.parse_args()
    if unknown := set(given.trials) - {*TRIALS, *BY_NAME}:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join([*TRIALS, *BY_NAME])}")
    given.trials = given.trials or list(TRIALS)
    return given


if __name__ == "__main__":
    sys.exit(main())
