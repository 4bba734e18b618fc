"""How many HTTP requests this machine answered, how, and how quickly: by route, method and class of status.

Each web process counts in memory and keeps its counts in a file of its own (`VAR_DIR/metrics/web-0.json`, …), which the
next process in its place goes on with; whichever process is asked for /metrics adds up the files. So the totals are
those of all processes and never go down. A disk that is full costs the counts of that time, and no request.
"""

import fcntl
import json
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Key = tuple[str, str, str]  # route, method, class of status

BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
WAITED: Final = " (waited)"  # a call that asked to wait for pictures tells nothing of how quick we are
MOST_PLACES: Final = 64  # web processes of one machine
MOST_ROUTES: Final = 400
_call: "ContextVar[Call | None]" = ContextVar("krea_site.traffic", default=None)


@dataclass
class Count:
    """`buckets` are not added up: each counts what was slower than the bound before it."""

    calls: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))

    def add(self, other: "Count") -> None:
        self.calls += other.calls
        self.seconds += other.seconds
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]


class Call:
    """One request on its way. Its time is that until the answer begins: how quickly it is read is the reader's."""

    def __init__(self, method: str, path: str) -> None:
        self.method = method if method in METHODS else "other"
        self.route = "static" if path.startswith(settings.STATIC_URL) else "unmatched"
        self.waited = False
        self._began = time.monotonic()
        self._is_counted = False

    def answered(self, status: int) -> None:
        self._count(f"{status // 100}xx")

    def ended(self) -> None:
        """Without any answer: the caller went away."""
        self._count("none")

    def _count(self, answer: str) -> None:
        if self._is_counted:
            return
        self._is_counted = True
        took = time.monotonic() - self._began
        HERE.add((self.route + (WAITED if self.waited else ""), self.method, answer), took)


@contextmanager
def under_way(call: Call) -> Iterator[None]:
    token = _call.set(call)
    try:
        yield
    finally:
        _call.reset(token)


def goes_to(route: str) -> None:
    """Say where the present request went."""
    if (call := _call.get()) is not None:
        call.route = route


def waits() -> None:
    """Say that the present request waits for pictures."""
    if (call := _call.get()) is not None:
        call.waited = True


def by_route(get_response: Any) -> Any:
    """Middleware: what Django answers is counted under the name of its address, never under the address itself."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer: HttpResponseBase = get_response(request)
        if request.resolver_match is not None:
            goes_to(request.resolver_match.view_name)
        return answer

    return middleware


class Counts:
    """The counts of this process, and its place among the files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Key, Count] = {}
        self._place: IO[str] | None = None
        self._file: Path | None = None

    def add(self, key: Key, took_s: float) -> None:
        with self._lock:
            if key not in self._counts and len(self._counts) >= MOST_ROUTES * len(METHODS):
                return
            count = self._counts.setdefault(key, Count())
            count.calls += 1
            count.seconds += took_s
            count.buckets[bisect_left(BOUNDS_S, took_s)] += 1

    def take_place(self) -> None:
        """Go on with the lowest file that no living process has."""
        with suppress(OSError):
            folder().mkdir(parents=True, exist_ok=True)
            for number in range(MOST_PLACES):
                place = (folder() / f"web-{number}.lock").open("a")
                try:
                    fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    place.close()
                    continue
                self._place, self._file = place, folder() / f"web-{number}.json"
                with self._lock:
                    for key, count in read(self._file).items():
                        self._counts.setdefault(key, Count()).add(count)
                return

    def keep(self) -> None:
        """Write the file; where that fails, the counts wait for the next time."""
        if self._file is None:
            return
        with self._lock:
            rows = [[*key, count.calls, count.seconds, count.buckets] for key, count in self._counts.items()]
        written = self._file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            written.write_text(json.dumps(rows))
            written.replace(self._file)

    def of_all(self) -> dict[Key, Count]:
        """What the processes of this machine have counted, this one up to now."""
        self.keep()
        if self._file is None:
            with self._lock:
                return {key: Count(one.calls, one.seconds, list(one.buckets)) for key, one in self._counts.items()}
        found: dict[Key, Count] = {}
        for path in sorted(folder().glob("web-*.json")):
            for key, count in read(path).items():
                found.setdefault(key, Count()).add(count)
        return found


def folder() -> Path:
    return settings.VAR_DIR / "metrics"


def read(path: Path) -> Mapping[Key, Count]:
    """What a file says; nothing where it is not there, cannot be read, or is of another version."""
    try:
        rows = json.loads(path.read_text())
        return {
            (str(route), str(method), str(status)): Count(int(calls), float(seconds), [int(each) for each in buckets])
            for route, method, status, calls, seconds, buckets in rows
            if len(buckets) == len(BOUNDS_S) + 1
        }
    except (OSError, ValueError, TypeError):
        return {}


HERE = Counts()
