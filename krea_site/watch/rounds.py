"""Rounds of the watch: every kind of process makes them, so that a dead one is noticed by another.

A lease by the database's clock gives each round to one of them: whoever comes first after WATCH_EVERY_S. The machine
itself is looked at by its own processes, under a lease of its own. A round is some thirty short queries.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.models import Q
from django.db.models.functions import Now

from generations.models import Beat
from krea_site import groups
from krea_site.watch import conditions, facts, letters, resort, rows

logger = logging.getLogger(__name__)

SITE = "watch"
EVERY = timedelta(seconds=settings.WATCH_EVERY_S)
WAS_OFF = 2 * timedelta(seconds=settings.WATCH_PATIENCE_S) + 2 * EVERY
LOOKS = {"follower": 1.0, "web": 2.0}  # how often each comes to look whether a round is due, in rounds


def make(name: str) -> bool:
    """One round by the process called `name`, if one is due; whether it was."""
    groups.note(name)
    if name == facts.WEB:
        _beat(facts.WEB)
    looks_at_machine = _take(f"{SITE} {facts.HOST}", name)
    if looks_at_machine:
        machine = facts.read_machine()
        rows.bring_up_to_date(rows.of_machine(machine.host), conditions.of_machine(machine))
    looks_at_site = _take(SITE, name)
    if looks_at_site:
        rows.bring_up_to_date(rows.of_site(), conditions.of_site(facts.read()))
        rows.end_those_of_lost_machines()
    if looks_at_machine or looks_at_site:
        letters.send()
        letters.deliver_what_waits()
    return looks_at_site


class Rounds:
    """The rounds of a process that lives long: a coroutine, with a thread of its own for the work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch")
        self._every_s = settings.WATCH_EVERY_S * LOOKS[name]

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; survives whatever is away."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            await loop.run_in_executor(self._thread, make_safely, self._name)
            try:
                await asyncio.wait_for(stop.wait(), self._every_s)
            except TimeoutError:
                continue
        self._thread.shutdown(wait=False)


def make_safely(name: str) -> None:
    """One round, whatever it meets: a watch that fell over would see nothing any more."""
    try:
        make(name)
    except (DatabaseError, OSError, ImproperlyConfigured) as error:
        logger.error("a round of the watch failed: %s", type(error).__name__)
        resort.tell(error)
    except Exception:
        logger.exception("a round of the watch failed")
    else:
        resort.all_is_well()
    finally:
        connection.close()  # a round is rare: it keeps none


def _take(lease: str, name: str) -> bool:
    """Whether the round of this lease is ours. Where the site's had none for long, the site was off: what is silent
    since then is only starting."""
    row = Beat.objects.filter(name=lease[:32])
    _, is_new = Beat.objects.get_or_create(name=lease[:32], defaults={"at": Now()})
    if lease == SITE and (is_new or row.filter(at__lt=Now() - WAS_OFF).exists()):
        _beat(facts.WATCHING_SINCE)
    free = Q(until=None) | Q(until__lte=Now())
    return bool(row.filter(free).update(at=Now(), holder=name, until=Now() + EVERY))


def _beat(name: str) -> None:
    if not Beat.objects.filter(name=name).update(at=Now()):
        Beat.objects.get_or_create(name=name, defaults={"at": Now()})
