"""The supervisor: starts the processes of the site, starts again what dies, and leaves nothing behind when it ends.

Each process leads a group of its own, so that its children end with it and Ctrl-C on the terminal reaches the
supervisor alone; each is on a leash (`krea_site.leash`), so that it ends too when the supervisor is killed.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

from django.conf import settings

PAUSES_S = (1, 2, 4, 8, 15, 30)  # before the first, second, … new start in a row
LIVED_WELL_S = 60  # who lived for so long begins again with the shortest pause
GRACE_S = 10  # what a process has in hand is finished within; all else is made for being killed
LOOK_EVERY_S = 0.05


@dataclass
class Child:
    """One process that is to run. `program` is what stands behind `python`; `ends_last` outlives its users."""

    name: str
    program: Sequence[str]
    fds: Sequence[int] = ()
    ends_last: bool = False
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    started_at: float = 0.0
    deaths: int = 0  # in a row
    start_at: float | None = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Call `look` often. `say` is told in a sentence of every death; `output` takes what the processes write."""

    def __init__(self, say: Callable[[str], None], output: IO[Any] | None = None) -> None:
        self.children: list[Child] = []
        self._say = say
        self._output = output if output is not None else sys.stderr

    def start(self, child: Child) -> None:
        self.children.append(child)
        self._launch(child)

    def look(self) -> None:
        """Notice who died, and start again those whose pause is over."""
        for child in self.children:
            if child.start_at is not None:
                if time.monotonic() >= child.start_at:
                    self._launch(child)
            elif not child.is_running:
                self._mourn(child)

    def end(self) -> None:
        """End every process and its group: asked first, killed after the grace. Raises nothing, leaves nothing."""
        for is_last in (False, True):
            leaving = [child for child in self.children if child.ends_last == is_last and child.process]
            for child in leaving:
                _signal(child, signal.SIGTERM)
            ends_at = time.monotonic() + GRACE_S
            while any(child.is_running for child in leaving) and time.monotonic() < ends_at:
                time.sleep(LOOK_EVERY_S)
            for child in leaving:
                _sweep(child)
        self.children.clear()

    def kill(self) -> None:
        for child in self.children:
            _sweep(child)

    def _launch(self, child: Child) -> None:
        command = [sys.executable, "-m", "krea_site.leash", str(os.getpid()), *child.program]
        child.process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=child.fds,
            start_new_session=True,
        )
        child.started_at, child.start_at = time.monotonic(), None

    def _mourn(self, child: Child) -> None:
        _sweep(child)
        if time.monotonic() - child.started_at > LIVED_WELL_S:
            child.deaths = 0
        pause = PAUSES_S[min(child.deaths, len(PAUSES_S) - 1)]
        child.deaths += 1
        child.start_at = time.monotonic() + pause
        self._say(f"The {child.name} ended ({_how(child)}); it is started again in {pause} s.")


def _signal(child: Child, signum: int) -> None:
    if child.process is not None and child.process.poll() is None:
        child.process.send_signal(signum)


def _sweep(child: Child) -> None:
    """Kill what is left of the child's group, the child included."""
    if child.process is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


def _how(child: Child) -> str:
    status = child.process.returncode if child.process else 0
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
