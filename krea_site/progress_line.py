"""How far a generation is, for whoever waits at a terminal: one line that changes, or lines where it cannot."""

import time
from collections import Counter
from collections.abc import Iterable

from django.core.management.base import OutputWrapper

from generations.models import FINAL, Image, Status

WIDTH = 24  # characters of the bar
WORDS = {
    Status.QUEUED: "waiting",
    Status.SENDING: "being sent",
    Status.UNKNOWN: "being looked for",
    Status.DRAWING: "being drawn",
    Status.STORING: "being fetched",
    Status.STORED: "ready",
    Status.FAILED: "failed",
    Status.BLOCKED: "blocked",
    Status.CANCELED: "canceled",
}


class ProgressLine:
    """`show` it the images as often as you like; `close` before anything else is written."""

    def __init__(self, file: OutputWrapper) -> None:
        self._file = file
        self._bar = file.isatty()
        self._began = time.monotonic()
        self._shown = ""

    def show(self, images: Iterable[Image]) -> None:
        statuses = [image.status for image in images]
        words = in_words(statuses)
        if self._bar:
            done = sum(status in FINAL for status in statuses)
            full = WIDTH * done // max(len(statuses), 1)
            seconds = time.monotonic() - self._began
            self._write(f"\r\x1b[K[{'#' * full}{'.' * (WIDTH - full)}] {words}  {seconds:.0f} s")
        elif words != self._shown:
            self._write(f"{words}\n")
        self._shown = words

    def close(self) -> None:
        if self._bar and self._shown:
            self._write("\n")
            self._shown = ""

    def _write(self, text: str) -> None:
        self._file.write(text, str, ending="")
        self._file.flush()


def in_words(statuses: Iterable[str]) -> str:
    """`1 ready, 2 being drawn`, in the order of the road."""
    counts = Counter(statuses)
    return ", ".join(f"{counts[status]} {word}" for status, word in WORDS.items() if counts[status])
