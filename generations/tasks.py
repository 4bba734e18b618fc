"""The tasks, thin doors into the road: fetch by id, call, done. Each may run twice; none waits for a picture."""

from uuid import UUID

from asgiref.sync import async_to_sync
from django.utils import timezone

from . import cancels, fal_balance, fal_erasures, fal_state, looks, sends, trace, unknowns
from . import collect as collecting
from . import dispatch as dispatching
from .models import Beat, Draw


def dispatch() -> None:
    dispatching.run()


def send(draw_id: str) -> None:
    draw = Draw.objects.select_related("image__generation").get(pk=UUID(draw_id))
    with trace.about(**trace.of_draw(draw)):
        sends.send(draw)


def look(draw_id: str) -> None:
    async_to_sync(looks.look_alone)(UUID(draw_id))


def cancel(image_id: str) -> None:
    cancels.ask(UUID(image_id))


def collect(draw_id: str) -> None:
    collecting.collect(UUID(draw_id))


def resolve(draw_id: str) -> None:
    unknowns.resolve(UUID(draw_id))


def erase_at_fal(id: str) -> None:
    fal_erasures.work(UUID(id))


def read_balance() -> None:
    fal_balance.look()


def probe() -> None:
    fal_state.probe()


def beat() -> None:
    """A worker lives and the queue moves."""
    Beat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})
