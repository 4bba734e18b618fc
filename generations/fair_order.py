"""Fair order: who is drawn next when many customers share a few slots at fal (start-time fair queueing).

A turn is a point on a clock that counts milliseconds of drawing; an image that waits has one, the lowest goes first.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Subquery

from billing import set_limits
from billing.compiled import select
from billing.set_limits import Limit

from .models import Customer, FalState, Image

WEIGHT = Limit(
    "queue_weight", "Weight in the queue", "times the usual share",
    "Of customers who wait at the same time, one with weight 3 gets three times as many pictures drawn. It holds for "
    "images that are ordered from now on.",
    lambda: 1, least=1, most=100,
)  # fmt: skip


def first_turn(user_id: int) -> int:
    """The turn before this customer's next one: the present, or the last that they already have waiting. The present is
    the turn of the image dispatched last; before the first dispatch, the lowest that waits.

    Call it after the wallet is locked: two submits of one customer must not take the same turns.
    """
    ((present, lowest, waiting),) = _turns(user_id)
    return max(present or lowest or 0, waiting or 0)


def stride(user_id: int, typical_seconds: float) -> int:
    """How far one image moves its customer on."""
    return max(1, int(typical_seconds * 1000) // set_limits.amount(WEIGHT, user_id))


def position(image: Image) -> int:
    """How many images are drawn before this one, as the queue stands now."""
    return positions([image])[0]


def positions(images: Sequence[Image]) -> list[int]:
    """The same for each of many images, in one query."""
    if not images:
        return []
    if len(images) == 1:
        return [sum(_numbers_ahead(images[0].turn, images[0].pk))]
    counts = {f"n{place}": Count("pk", filter=_ahead(image.turn, image.pk)) for place, image in enumerate(images)}
    rows = Image.objects.queued().filter(turn__lte=max(image.turn for image in images))
    return list(rows.aggregate(**counts).values())


def _ahead(turn: int, id: UUID) -> Q:
    return Q(turn__lt=turn) | Q(turn=turn, id__lt=id)


@select
def _turns(user_id: int) -> "QuerySet[Any, tuple[int | None, int | None, int | None]]":
    """The present, the lowest that waits, and this customer's last."""
    waiting = Image.objects.queued().order_by("turn").values("turn")
    mine = Image.objects.queued().filter(user_id=user_id).order_by("-turn").values("turn")
    one = Customer.objects.filter(user_id=user_id)
    return one.values_list(
        Subquery(FalState.objects.filter(pk=1).values("present_turn")), Subquery(waiting[:1]), Subquery(mine[:1])
    )


@select
def _numbers_ahead(turn: int, id: UUID) -> "QuerySet[Any, int]":
    """None or one number."""
    ahead = Image.objects.queued().filter(_ahead(turn, id)).order_by()
    return ahead.values("status").annotate(number=Count("pk")).values_list("number", flat=True)
