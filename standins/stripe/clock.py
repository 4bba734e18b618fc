"""The stand-in's own time: the machine's, moved forward on command, standing still while the past is worked off."""

import time


class Clock:
    """Whole seconds. `ahead_s` outlives a restart through the store."""

    def __init__(self) -> None:
        self.ahead_s = 0
        self._held: int | None = None

    def now(self) -> int:
        return int(time.time()) + self.ahead_s if self._held is None else self._held

    def advance(self, seconds: int) -> None:
        self.ahead_s += seconds

    def hold(self, moment: int | None) -> None:
        """Say that it is `moment` now, until the next word; None lets it run again."""
        self._held = moment
