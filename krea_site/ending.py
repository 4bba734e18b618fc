"""Whether somebody asked this program to end: Ctrl-C, SIGTERM, or a terminal that was closed."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """While it is entered, the signals set `asked` instead of ending the program; the second one calls `at_once`.

    A flag and no threading.Event: a handler that sets an event may meet the lock that it interrupted."""

    def __init__(self) -> None:
        self.asked = False
        self.asked_again = False  # what `at_once` raises may be lost: Python drops exceptions inside finalizers
        self.at_once: Callable[[], None] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {signum: signal.signal(signum, self._take) for signum in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def _take(self, signum: int, frame: FrameType | None) -> None:
        self.asked_again = self.asked
        self.asked = True
        if self.asked_again and self.at_once is not None:
            self.at_once()
