"""What the processes of a benchmark cost, read from /proc once a second: memory and processor time of each."""

import os
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 1.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass
class Seen:
    """One process: `cpu` are (moment, seconds of processor time up to then), memory is in bytes at its most."""

    role: str
    pid: int
    rss: int = 0
    pss: int = 0
    cpu: list[tuple[float, float]] = field(default_factory=list)

    def cpu_between(self, start: float, end: float) -> float:
        """Seconds of processor time between two moments of the wall clock, to the nearest sample."""
        before = [cpu for at, cpu in self.cpu if at <= start]
        until = [cpu for at, cpu in self.cpu if at <= end + EVERY_S]
        return (until[-1] if until else 0.0) - (before[-1] if before else 0.0)


class Meter:
    """Samples, from `with` on, the trees of processes below `roots` (role by process id), and PostgreSQL's processes
    that serve the database of that name."""

    every_s = EVERY_S

    def __init__(self, roots: dict[int, str], database: str = "") -> None:
        self._roots, self._database = roots, database
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seen: dict[int, Seen] = {}

    def __enter__(self) -> "Meter":
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()

    def _run(self) -> None:
        while not self._stop.wait(self.every_s):
            self._sample()

    def _sample(self) -> None:
        for pid, role in self._processes():
            with suppress(OSError, ValueError, IndexError):  # it ended just now
                self._measure(self.seen.setdefault(pid, Seen(role, pid)))

    def _processes(self) -> list[tuple[int, str]]:
        children = defaultdict(list)
        found: list[tuple[int, str]] = []
        for pid in (int(each.name) for each in PROC.iterdir() if each.name.isdigit()):
            with suppress(OSError, ValueError, IndexError):
                children[int(_stat(pid)[1])].append(pid)
                if self._database and _serves(pid, self._database):
                    found.append((pid, "postgres"))
        todo = list(self._roots.items())
        while todo:
            pid, role = todo.pop()
            found.append((pid, role))
            todo += [(child, role) for child in children[pid]]
        return found

    def _measure(self, seen: Seen) -> None:
        seen.cpu.append((time.time(), cpu(seen.pid)))
        seen.rss = max(seen.rss, kilobytes(PROC / str(seen.pid) / "status", "VmRSS:"))
        seen.pss = max(seen.pss, kilobytes(PROC / str(seen.pid) / "smaps_rollup", "Pss:"))


def rss(pid: int) -> int:
    """Bytes of memory of one process now."""
    return kilobytes(PROC / str(pid) / "status", "VmRSS:")


def cpu(pid: int) -> float:
    """Seconds of processor time of one process so far, to 10 ms."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def threads(pid: int) -> int:
    return len(list((PROC / str(pid) / "task").iterdir()))


def _stat(pid: int) -> list[str]:
    """What stands behind the name, which may hold anything: state, parent, …"""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _serves(pid: int, database: str) -> bool:
    command = (PROC / str(pid) / "cmdline").read_bytes()
    return command.startswith(b"postgres:") and f" {database} ".encode() in command


def kilobytes(file: Path, name: str) -> int:
    lines = [line for line in file.read_text().splitlines() if line.startswith(name)]
    return int(lines[0].split()[1]) * 1024  # IndexError: a process that has ended and is not yet buried
