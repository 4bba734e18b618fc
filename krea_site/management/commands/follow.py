"""The follower: asks fal about everything in flight, ticks the dispatcher and the sweep, carries webhooks out, and
makes rounds of the watch."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from generations.follow import Follower
from krea_site import sweeps
from krea_site.watch.rounds import Rounds
from partners.webhooks.courier import Courier


class Command(BaseCommand):
    help = "Follow everything that fal is drawing, until told to stop. Any number may run; one works."

    def handle(self, **_: Any) -> None:
        asyncio.run(follow())


async def follow() -> None:
    """Work until SIGTERM or SIGINT, then end the round that is on and hand the lease back."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await asyncio.gather(Follower(sweeps.run).run(stop), Courier().run(stop), Rounds("follower").run(stop))
