"""Fair order: who is drawn next when many customers share a few slots at fal (start-time fair queueing).

A turn is a point on a clock that counts milliseconds of drawing; an image that waits has one, the lowest goes first.
"""

from collections.abc import Sequence

from django.db.models import Count, Max, Min, Q

from billing import set_limits
from billing.set_limits import Limit

from .models import FalState, Image

WEIGHT = Limit(
    "queue_weight", "Weight in the queue", "times the usual share",
    "Of customers who wait at the same time, one with weight 3 gets three times as many pictures drawn. It holds for "
    "images that are ordered from now on.",
    lambda: 1, least=1, most=100,
)  # fmt: skip


def first_turn(user_id: int) -> int:
    """The turn before this customer's next one: the present, or the last that they already have waiting.

    Call it after the wallet is locked: two submits of one customer must not take the same turns.
    """
    waiting = Image.objects.queued().filter(user_id=user_id).aggregate(last=Max("turn"))["last"]
    return max(present_turn(), waiting or 0)


def present_turn() -> int:
    """The turn of the image dispatched last; before the first dispatch, the lowest that waits."""
    last = FalState.objects.values_list("present_turn", flat=True).first() or 0
    return last or Image.objects.queued().aggregate(first=Min("turn"))["first"] or 0


def stride(user_id: int, typical_seconds: float) -> int:
    """How far one image moves its customer on."""
    return max(1, int(typical_seconds * 1000) // set_limits.amount(WEIGHT, user_id))


def position(image: Image) -> int:
    """How many images are drawn before this one, as the queue stands now."""
    return Image.objects.queued().filter(_ahead(image)).count()


def positions(images: Sequence[Image]) -> list[int]:
    """The same for each of many images, in one query."""
    if not images:
        return []
    counts = {f"n{place}": Count("pk", filter=_ahead(image)) for place, image in enumerate(images)}
    rows = Image.objects.queued().filter(turn__lte=max(image.turn for image in images))
    return list(rows.aggregate(**counts).values())


def _ahead(image: Image) -> Q:
    return Q(turn__lt=image.turn) | Q(turn=image.turn, id__lt=image.id)
