"""Orders, and the steps of a picture in values, as worker, follower and fal take them."""

from django.db.models import F

from generations import dispatch, draws, lifecycle
from generations.brief import Brief
from generations.models import Draw, Status
from tests.faults.pretend_fal import DELIVERED

FOX = Brief.read("krea-2-medium", {"prompt": "a fox"})
PAIR = Brief.read("krea-2-medium", {"prompt": "two foxes"}, 2)
TEN = Brief.read("krea-2-medium", {"prompt": "ten foxes"}, 10)
FOX_COSTS = 39_00


def claimed_draws() -> list[Draw]:
    """Everything that there is room for, dispatched, sent and taken by fal."""
    dispatch.run()
    current = Draw.objects.filter(image__draw=F("pk"), image__status=Status.SENDING)
    found = list(current.select_related("image__generation"))
    for draw in found:
        draws.claim(draw)
        draws.accepted(draw, f"request-{draw.pk}")
    return found


def delivered(draw: Draw) -> None:
    """fal's webhook."""
    draws.answered(draw, *DELIVERED, request_id=f"request-{draw.pk}")


def fetched(draw: Draw) -> bool:
    """The last step of a picture that was fetched, as `collect` takes it."""
    return lifecycle.finish(draw.image, Status.STORED, draw=draw, sha256=draw.pk.hex * 2)
