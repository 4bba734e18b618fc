"""Walks one order to its end again and again, and dies a little later each time; then somebody immortal finishes it.

    python -m tests.faults.mortal ROAD QUANTITY KIND...

on the database, the folder and the stand-in that the environment names; ROAD is `webhook` or `polling`, KIND one of
`bomb.KINDS`. Django is set up once and forked for every life. Prints one line of JSON for each life: whether it met
its bomb, and what was wrong once all was finished.
"""

import sys
import time
from pathlib import Path

import django

django.setup()

import time_machine  # noqa: E402
from asgiref.sync import async_to_sync, sync_to_async  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402
from django_q.models import OrmQ  # noqa: E402

from billing import ledger  # noqa: E402
from billing.models import Hold, Transfer  # noqa: E402
from generations import dispatch, follow, lifecycle, looks, sweep  # noqa: E402
from generations.brief import Brief  # noqa: E402
from generations.fal import client  # noqa: E402
from generations.models import FINAL, Generation, Image  # noqa: E402
from generations.pictures import store  # noqa: E402
from tests.faults.bomb import Bomb  # noqa: E402
from tests.faults.clean import empty_the_books  # noqa: E402
from tests.faults.invariants import broken  # noqa: E402
from tests.faults.letterbox import Letterbox  # noqa: E402
from tests.faults.lives import done, lead  # noqa: E402
from tests.faults.standin_control import StandinControl  # noqa: E402

CREDITS = 100_00
INPUT = {"prompt": "a fox", "image_size": {"width": 256, "height": 256}, "output_format": "png"}
ROUNDS, ROUND_S = 40, 31
MOST_LIVES = 1000
User = get_user_model()


class Road:
    def __init__(self, name: str, quantity: int, letters: Letterbox, standin: StandinControl) -> None:
        self.by_webhook = name == "webhook"
        self.brief = Brief.read("flux-krea-dev", INPUT, quantity)
        self.letters, self.standin = letters, standin
        settings.PUBLIC_URL, settings.FAL_WEBHOOKS = letters.url, "on" if self.by_webhook else "off"

    def live(self, bomb: Bomb) -> None:
        """From empty books to a delivered picture, as far as it goes."""
        empty_the_books()
        cache.clear()
        user = User.objects.get_or_create(email="alice@example.com")[0]
        ledger.grant(user, CREDITS, key="first", memo="For the play")
        connections.close_all()
        bomb.arm()
        self._order()
        for _ in range(ROUNDS):
            if self._work(looks_too=not self.by_webhook):
                return

    def afterlife(self) -> list[str]:
        """The customer, who saw no answer, sends the form again; then everything runs, and time passes."""
        with time_machine.travel(time.time(), tick=True) as clock:
            self._order()
            for _ in range(ROUNDS):
                if self._work(looks_too=True):
                    return [*self._wrong()]
                clock.shift(ROUND_S)
        return [f"still under way: {list(Image.objects.values_list('status', flat=True))}"]

    def _order(self) -> None:
        lifecycle.submit(User.objects.get(), self.brief, wish="the one wish")

    def _work(self, *, looks_too: bool) -> bool:
        """One round of worker, web and follower; True when all images are final."""
        self._run_tasks()
        if self.by_webhook:
            self.standin.wait_until_all_is_told()
            self.letters.deliver()
        if looks_too:
            look_at_everything()
        self._run_tasks()
        if not Image.objects.exclude(status__in=FINAL).exists():
            return True
        sweep.run()
        dispatch.run()
        return False

    def _run_tasks(self) -> None:
        """By webhook, a job that its worker dies over is run again, as with the database's queue; else it is gone, as
        with Redis."""
        while (row := OrmQ.objects.order_by("id").first()) is not None:
            if not self.by_webhook:
                row.delete()
            import_string(row.task["func"])(*row.task["args"], **row.task["kwargs"])
            if self.by_webhook:
                row.delete()

    def _wrong(self) -> list[str]:
        """What the customer, the books or fal's bill should not show."""
        found = [*broken(), *self.letters.refusals]
        generations = list(Generation.objects.values_list("outcome", flat=True))
        if generations != ["succeeded"]:
            found.append(f"one order came to {generations}")
        price = sum(image.price for image in Image.objects.all())
        paid = list(Transfer.objects.filter(kind="usage").values_list("amount", flat=True))
        if paid != [price] or Hold.objects.filter(settled_at=None).exists():
            found.append(f"paid {paid} for {price}, open holds: {Hold.objects.filter(settled_at=None).count()}")
        for image in Image.objects.all():
            names = [image.name, *(variant["name"] for variant in image.variants.values())]
            found += [f"the file {name!r} is missing" for name in names if not name or not store.exists(name)]
        drawn = self.standin.summary()["billed_draws"]
        if drawn != self.brief.quantity:
            found.append(f"fal billed {drawn} pictures for {self.brief.quantity}")
        return found


@async_to_sync
async def look_at_everything() -> None:
    async with client.open_async() as http:
        for draw in await sync_to_async(follow.in_flight)():
            await looks.look(http, draw)


def main(name: str, quantity: int, kinds: list[str]) -> None:
    done(lambda: call_command("migrate", verbosity=0))
    standin = StandinControl(settings.FAL_QUEUE_URL.removesuffix("/queue"))
    with Letterbox(Path(settings.VAR_DIR) / "letters") as letters:
        road = Road(name, quantity, letters, standin)

        def begin() -> None:
            standin.start_anew()
            letters.empty()

        lead(kinds, begin, lambda bomb, _: road.live(bomb), lambda _: road.afterlife(), most=MOST_LIVES)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
