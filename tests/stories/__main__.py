"""Every story in very many orders: `python -m tests.stories [--orders 200] [--minutes 60] [--seed N] [--only WORDS]`.

Each worker has a ledger (SQLite, in a folder that is gone afterwards) and a stand-in for Stripe of its own. The seed is
printed; with it, the same story's nth order is told the same way again. Ends with a table, and with status 1 where
anything was wrong.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def main() -> int:
    given = arguments()
    print(f"seed {given.seed}", flush=True)
    lines: list[dict[str, Any]] = []
    workers = [_worker(given, number) for number in range(given.workers)]
    readers = [threading.Thread(target=_read, args=(worker, lines)) for worker in workers]
    for reader in readers:
        reader.start()
    try:
        for reader in readers:
            reader.join()
        broken = [worker.wait() for worker in workers]
    finally:
        for worker in workers:
            worker.terminate()
    return _report(given, lines) or max(broken)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.stories", description=__doc__)
    parser.add_argument("--orders", type=int, default=200, help="of each story")
    parser.add_argument("--minutes", type=float, default=60.0, help="after which no further order is begun")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="stories whose name has these words")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first order, to tell one of them again")
    return parser.parse_args()


def _worker(given: argparse.Namespace, number: int) -> "subprocess.Popen[str]":
    told = {"number": number, **{name: getattr(given, name) for name in vars(given)}}
    command = [sys.executable, "-m", "tests.stories.worker", json.dumps(told)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _read(worker: "subprocess.Popen[str]", lines: list[dict[str, Any]]) -> None:
    assert worker.stdout is not None
    shown_at = time.monotonic()
    for line in worker.stdout:
        found = json.loads(line)
        lines.append(found)
        for words in found["wrong"]:
            print(f"WRONG: {found['story']}, order {found['order']}: {words}", flush=True)
        if time.monotonic() - shown_at > 60:
            shown_at = time.monotonic()
            print(f"… {len(lines)} orders", flush=True)


def _report(given: argparse.Namespace, lines: list[dict[str, Any]]) -> int:
    """The table; 1 where anything was wrong."""
    print(f"\n{'story':<70}{'orders':>7}{'deliveries':>11}{'deaths':>8}{'pauses':>8}{'nights':>8}{'wrong':>7}")
    counts: dict[str, Counter[str]] = {}
    for line in lines:
        counts.setdefault(line["story"], Counter()).update(line["counts"], orders=1, wrong=bool(line["wrong"]))
    for name, found in counts.items():
        print(_row(name, found))
    print(_row(f"{len(counts)} stories, seed {given.seed}", sum(counts.values(), Counter())))
    return int(any(line["wrong"] for line in lines))


def _row(name: str, found: "Counter[str]") -> str:
    figures = "".join(
        f"{found[each]:>{width}}"
        for each, width in (
            ("orders", 7),
            ("deliveries", 11),
            ("deaths", 8),
            ("pauses", 8),
            ("nights", 8),
            ("wrong", 7),
        )
    )
    return f"{name[:69]:<70}{figures}"


if __name__ == "__main__":
    sys.exit(main())
