"""What the stopwatch wrote (`bench.stopwatch`), read and summed up."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "stopwatch"
Lap = dict[str, Any]


@dataclass
class Sum:
    """All laps of one kind; `clock`, `cpu` and `database` in seconds, as the steps: clock, processor."""

    count: int = 0
    clock: float = 0.0
    cpu: float = 0.0
    database: float = 0.0
    queries: int = 0
    commits: int = 0
    steps: dict[str, list[float]] = field(default_factory=dict)

    def add(self, lap: Lap) -> None:
        self.count += 1
        self.clock += lap["clock"]
        self.cpu += lap["cpu"]
        self.database += lap["database"]
        self.queries += lap["queries"]
        self.commits += lap["commits"]
        for name, (clock, cpu) in lap["steps"].items():
            step = self.steps.setdefault(name, [0.0, 0.0])
            step[0] += clock
            step[1] += cpu


def read(folder: Path) -> Iterator[Lap]:
    """Every lap of every process, in no order; a line that a killed process left unfinished is passed over."""
    for file in (folder / FOLDER).glob("*.jsonl"):
        for line in file.read_text().splitlines():
            if line.endswith("}"):
                yield {**json.loads(line), "pid": int(file.stem)}


def sums(laps: Iterable[Lap], *, since: float = 0.0) -> dict[str, Sum]:
    """By kind, of what ended after `since`."""
    found: dict[str, Sum] = defaultdict(Sum)
    for lap in laps:
        if lap["ended"] >= since:
            found[lap["kind"]].add(lap)
    return dict(found)
