"""What the processes of this machine take. Each notes what its group takes, itself and what it has forked, in a file
with every round of the watch; whoever is asked adds up the young files.
"""

import json
import os
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Final

from krea_site import traffic

YOUNG_S: Final = 180.0
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
TICKS: Final = os.sysconf("SC_CLK_TCK")
PROC: Final = Path("/proc")


def note(name: str) -> None:
    """Write down what this process and its group take, where the system tells it."""
    with suppress(OSError, ValueError, IndexError):
        group = os.getpgrp()
        resident = cpu = threads = number = 0
        for entry in PROC.iterdir():
            if entry.name.isdigit() and (told := _stat(entry)) and told[2] == str(group):
                number += 1
                resident += int(told[21]) * PAGE
                cpu += int(told[11]) + int(told[12])
                threads += int(told[17])
        values = {"processes": number, "resident_bytes": resident, "cpu_seconds": cpu / TICKS, "threads": threads}
        traffic.folder().mkdir(parents=True, exist_ok=True)
        path = traffic.folder() / f"process-{name}-{group}.json"
        written = path.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps(values))
        written.replace(path)
        for old in traffic.folder().glob("process-*"):
            if time.time() - old.stat().st_mtime > 10 * YOUNG_S:
                old.unlink(missing_ok=True)


def read() -> dict[str, dict[str, float]]:
    """The sums of what each kind of process takes."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for path in traffic.folder().glob("process-*.json"):
        with suppress(OSError, ValueError, TypeError, AttributeError):
            if time.time() - path.stat().st_mtime < YOUNG_S:
                for name, value in json.loads(path.read_text()).items():
                    sums[path.name.split("-")[1]][name] += float(value)
    return sums


def _stat(entry: Path) -> list[str] | None:
    """The fields of /proc/<pid>/stat after the name: state, parent, group, …"""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
