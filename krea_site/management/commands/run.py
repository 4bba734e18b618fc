"""Run the whole site on this machine: web, worker, follower, and the stand-ins where no key is set."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from krea_site import assets, database, demo, occupied, ports, staff
from krea_site.ending import Ending
from krea_site.processes import Supervisor

STARTS_WITHIN_S = 90.0
DEATHS_AT_START = 3  # what dies so often before it ever worked will not work
LOOK_EVERY_S = 0.1


class Command(BaseCommand):
    help = "Migrate, seed the demo, start every process and say where the site is. Ctrl-C ends it all."

    def handle(self, **_: Any) -> None:
        with ExitStack() as stack:
            ending = stack.enter_context(Ending())
            fds = self._take_places(stack)
            database.migrate()
            self.check(tags=[Tags.database], databases=["default"])
            if not settings.DEBUG:
                assets.collect()
            guest = None if settings.IS_PUBLIC else demo.seed()
            supervisor = Supervisor(self._say)
            ending.at_once = supervisor.kill
            stack.callback(supervisor.end)
            started = time.monotonic()
            start(supervisor, fds)
            wait_until_ready(supervisor, ending, started)
            connection.close()
            if not ending.asked:
                self.stdout.write(welcome(guest))
                self.stdout.flush()
            while not ending.asked:
                time.sleep(LOOK_EVERY_S)
                supervisor.look()
            self._say("Ending …")

    def _say(self, text: str) -> None:
        self.stderr.write(text, str)  # without the red of errors

    def _take_places(self, stack: ExitStack) -> list[int]:
        """Hold VAR_DIR and the ports, before anything is changed; the listening sockets for the web processes."""
        try:
            stack.enter_context(occupied.occupy(settings.PUBLIC_URL))
        except occupied.Occupied as error:
            raise CommandError(
                f"{error} End that one, or give this one files of its own: VAR_DIR=/another/folder PORT=9000."
            ) from None
        try:
            sockets = [stack.enter_context(each) for each in ports.listen(settings.PORT)]
        except ports.PortTaken as error:
            raise CommandError(f"{error} End what uses it, or choose another one: PORT=9000.") from None
        if staff.needs_standin():
            check_place("fal", settings.STANDIN_FAL_PORT, "STANDIN_FAL_PORT=9100")
        if staff.needs_stripe_standin():
            check_place("Stripe", settings.STANDIN_STRIPE_PORT, "STANDIN_STRIPE_PORT=9200")
        return [each.fileno() for each in sockets]


def check_place(party: str, port: int, example: str) -> None:
    """CommandError where a stand-in's port is taken."""
    try:
        ports.check_free(port)
    except ports.PortTaken as error:
        raise CommandError(f"{error} The stand-in for {party} would be there. Choose another one: {example}.") from None


def start(supervisor: Supervisor, fds: list[int]) -> None:
    if staff.needs_standin():
        supervisor.start(staff.standin())
    if staff.needs_stripe_standin():
        supervisor.start(staff.stripe_standin())
    for child in [*staff.web(fds), staff.worker(), staff.follower()]:
        supervisor.start(child)


def wait_until_ready(supervisor: Supervisor, ending: Ending, started: float) -> None:
    """Until the pages answer and worker and follower gave a sign of life since `started`, or somebody asks to end."""
    missing: dict[str, Callable[[], bool]] = {
        "web process": staff.web_answers,
        "follower": lambda: staff.beat_since("follower", started),
        "worker": lambda: staff.beat_since("worker", started),
    }
    if staff.needs_standin():
        missing["stand-in for fal"] = staff.standin_answers
    if staff.needs_stripe_standin():
        missing["stand-in for Stripe"] = staff.stripe_standin_answers
    while missing and not ending.asked:
        name = next(iter(missing))
        if missing[name]():
            del missing[name]
            continue
        time.sleep(LOOK_EVERY_S)
        supervisor.look()
        broken = next((child.name for child in supervisor.children if child.deaths >= DEATHS_AT_START), None)
        if broken or time.monotonic() - started > STARTS_WITHIN_S:
            raise CommandError(f"The {broken or name} does not start; what it said stands above.")


def welcome(guest: demo.Demo | None) -> str:
    """What to do next, on a terminal."""
    root = f"http://localhost:{settings.PORT}"
    lines = [("Site", f"{root}/")]
    if guest is not None:
        lines += [("Log in with", f"{guest.email}  {guest.password}"), ("API key", guest.api_key)]
        lines.append(("Dashboard", f"{root}/admin/  {guest.operator}  {guest.operator_password}"))
    if not settings.EMAIL_URL:
        lines.append(("Mail inbox", f"{root}/inbox/"))
    if staff.needs_standin():
        lines.append(("Drawn by", f"the local stand-in for fal, {settings.STANDIN_FAL_URL}/ (set FAL_KEY for fal)"))
    if staff.needs_stripe_standin():
        said = f"the local stand-in for Stripe, {settings.STANDIN_STRIPE_URL}/ (set STRIPE_SECRET_KEY for Stripe)"
        lines.append(("Payments by", said))
    width = max(len(name) for name, _ in lines)
    table = "\n".join(f"  {name:<{width}}  {value}" for name, value in lines)
    return f"\n{settings.SITE_NAME} is running. Ctrl-C ends it.\n\n{table}\n"
