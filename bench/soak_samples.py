"""What a soak watches: memory and open files of every process, rows and bytes of every table; and what "flat" means.

Memory of a role is flat where a straight line through the samples of the last two thirds of the run rises, over those
two thirds, by no more than 5 per cent of their mean or 6 MB, whichever is more. Open files are flat where the most of
the last third is no more than 20 above the most of the second. A table is bounded where it grew, for each picture, in
the last third no more than a tenth and 60 rows more than in the second: what customers order is kept, and nothing else
piles up.
"""

import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import psycopg
from psycopg import sql

from bench.meter import PROC, Meter, Seen, kilobytes

MB = 1024 * 1024
JUDGED = ("web", "worker", "follower")  # the site's own; the stand-in and the database server are only told
PART, LEAST_MB, MOST_FILES, MOST_ROWS = 0.05, 6.0, 20, 60


@dataclass
class Role:
    """Samples of all processes of one role together: (seconds since the beginning, bytes or files)."""

    pss: list[tuple[float, float]] = field(default_factory=list)
    rss: list[tuple[float, float]] = field(default_factory=list)
    files: list[tuple[float, float]] = field(default_factory=list)


class Watch(Meter):
    """Samples every `every_s` seconds in a thread of its own, as long as the block lasts."""

    def __init__(self, roots: dict[int, str], database: str, *, every_s: float) -> None:
        super().__init__(roots, database)
        self.every_s = every_s
        self.roles: dict[str, Role] = defaultdict(Role)
        self._began = time.monotonic()
        self._sums: dict[str, list[float]] = {}
        self._guard = threading.Lock()

    def _sample(self) -> None:
        with self._guard:
            self._sums = defaultdict(lambda: [0.0, 0.0, 0.0])
            super()._sample()
            at = time.monotonic() - self._began
            for role, (pss, rss, files) in self._sums.items():
                found = self.roles[role]
                for line, value in ((found.pss, pss), (found.rss, rss), (found.files, files)):
                    line.append((at, value))

    def _measure(self, seen: Seen) -> None:
        super()._measure(seen)
        folder = PROC / str(seen.pid)
        sums = self._sums[seen.role.split()[0]]
        sums[0] += kilobytes(folder / "smaps_rollup", "Pss:")
        sums[1] += kilobytes(folder / "status", "VmRSS:")
        with suppress(OSError):
            sums[2] += sum(1 for _ in (folder / "fd").iterdir())


def judged(roles: dict[str, Role], seconds: float) -> dict[str, dict[str, Any]]:
    """Each role's figures and verdicts."""
    found = {}
    for name, role in sorted(roles.items()):
        late = [(at, value) for at, value in role.pss if at >= seconds / 3]
        rise, mean = risen(late) / MB, fmean(value for _, value in late or [(0, 0.0)]) / MB
        allowed = max(PART * mean, LEAST_MB)
        second = max((v for at, v in role.files if seconds / 3 <= at < 2 * seconds / 3), default=0)
        last = max((v for at, v in role.files if at >= 2 * seconds / 3), default=0)
        is_judged = name in JUDGED
        found[name] = {
            "first_mb": round(role.pss[0][1] / MB, 1), "mean_mb": round(mean, 1),
            "most_mb": round(max(v for _, v in role.pss) / MB, 1),
            "rss_most_mb": round(max(v for _, v in role.rss) / MB, 1), "rise_mb": round(rise, 1),
            "allowed_mb": round(allowed, 1), "files_second": int(second), "files_last": int(last),
            "flat": (rise <= allowed and last <= second + MOST_FILES) if is_judged else None,
        }  # fmt: skip
    return found


def risen(line: list[tuple[float, float]]) -> float:
    """By how much a straight line through the points rises from the first moment to the last (least squares)."""
    if len(line) < 2:
        return 0.0
    mid_at, mid_value = fmean(at for at, _ in line), fmean(value for _, value in line)
    spread = sum((at - mid_at) ** 2 for at, _ in line)
    slope = sum((at - mid_at) * (value - mid_value) for at, value in line) / spread
    return slope * (line[-1][0] - line[0][0])


def tables(url: str) -> dict[str, tuple[int, int]]:
    """Rows and bytes, indexes included, of every table of a PostgreSQL database."""
    with psycopg.connect(url) as connection:
        names = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {
            name: connection.execute(
                sql.SQL("SELECT (SELECT COUNT(*) FROM {0}), pg_total_relation_size({1})").format(
                    sql.Identifier(name), sql.Literal(f'public."{name}"')
                )
            ).fetchone() or (0, 0)
            for name in names
        }  # fmt: skip


def grown(marks: list[tuple[int, dict[str, tuple[int, int]]]]) -> dict[str, dict[str, Any]]:
    """Of each table that grew: rows for each picture in the second and the last third, its bytes, and the verdict.
    `marks` are (pictures so far, tables) after each third."""
    (p1, first), (p2, second), (p3, last) = marks
    found = {}
    for name in sorted(last):
        grew = second[name][0] - first[name][0], last[name][0] - second[name][0]
        if any(grew):
            before, after = grew[0] / max(p2 - p1, 1), grew[1] / max(p3 - p2, 1)
            allowed = 1.1 * max(before, 0) * (p3 - p2) + MOST_ROWS
            found[name] = {
                "rows": last[name][0], "kb": round(last[name][1] / 1024), "a_picture_second": round(before, 2),
                "a_picture_last": round(after, 2), "bounded": grew[1] <= allowed,
            }  # fmt: skip
    return found
