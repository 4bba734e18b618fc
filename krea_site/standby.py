"""What a command needs to run and nobody runs: started beside it, and only that ended with it.

While `manage.py run` holds VAR_DIR, everything is looked after. Without it each part is looked for by itself, and one
that goes away later, such as what another command had started for itself, is started then.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from krea_site import occupied, ports, staff
from krea_site.processes import Child, Supervisor

LOOK_AROUND_EVERY_S = 1.0
DEATHS_UNTIL_HOPELESS = 3


class Hopeless(Exception):
    """A process dies again and again."""


@dataclass(frozen=True)
class Part:
    is_there: Callable[[], bool]
    make: Callable[[], Child]


class Standby:
    """Call `look` often while waiting."""

    def __init__(self, supervisor: Supervisor, log: Path, *, needs_web: bool) -> None:
        self._supervisor = supervisor
        self._log = log
        self._looked_at = 0.0
        self._missing = [Part(staff.worker_lives, staff.worker), Part(staff.follower_lives, staff.follower)]
        if staff.needs_standin():  # the first: the others talk to it
            self._missing.insert(0, Part(staff.standin_answers, staff.standin))
        if needs_web and staff.public_url_is_here():
            self._missing.append(Part(staff.web_answers, self._web))
        self._started: dict[str, Part] = {}

    def look(self) -> None:
        """Start again what died, and start what is missing. Raises Hopeless."""
        self._supervisor.look()
        if time.monotonic() - self._looked_at < LOOK_AROUND_EVERY_S:
            return
        self._looked_at = time.monotonic()
        for child in list(self._supervisor.children):
            self._judge(child)
        if occupied.occupant() is None:
            for part in list(self._missing):
                if not part.is_there():
                    self._start(part)

    def _start(self, part: Part) -> None:
        try:
            child = part.make()
        except ports.PortTaken:
            return
        self._supervisor.start(child)
        self._missing.remove(part)
        self._started[child.name] = part

    def _judge(self, child: Child) -> None:
        """A child that died because somebody else does its work is let go; one that cannot live ends the wait."""
        if child.deaths and not child.is_running and self._started[child.name].is_there():
            self._supervisor.children.remove(child)
            self._missing.append(self._started.pop(child.name))
        elif child.deaths >= DEATHS_UNTIL_HOPELESS:
            raise Hopeless(f"The {child.name} does not start; {self._log} has what it said.")

    def _web(self) -> Child:
        """One web process, so that webhooks and references arrive. PortTaken while something else has the port: then
        fal is asked instead."""
        return staff.web([each.detach() for each in ports.listen(settings.PORT)])[0]


@contextmanager
def standby(*, needs_web: bool) -> Iterator[Standby]:
    """Whatever was started is ended with the block. What the processes say is written to VAR_DIR/standby.log."""
    log = settings.VAR_DIR / "standby.log"
    with log.open("ab") as output:
        supervisor = Supervisor(lambda text: None, output)
        try:
            yield Standby(supervisor, log, needs_web=needs_web)
        finally:
            supervisor.end()
