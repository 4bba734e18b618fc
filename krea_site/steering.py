"""What staff may do to the pictures of a customer: cancel them, give their price back, ask fal about them now.

Each goes the way that the product itself goes (`generations.lifecycle`, `generations.paying_back`), is one transaction
or joins the caller's, and does nothing when it is said again. Drawing again is in `krea_site.retries`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from generations import lifecycle, paying_back
from generations.models import Draw, Generation, Image, Status
from generations.nudge import COLLECT, DISPATCH, LOOK, RESOLVE, SEND, nudge
from krea_site.models import Farewell

CANCELABLE = (Status.QUEUED, Status.SENDING, Status.UNKNOWN, Status.DRAWING)


class Refused(Exception):
    """It cannot be done, in words for staff; nothing was changed."""


@dataclass(frozen=True)
class Outcome:
    """How many images something was done to, and what moved for them, in 1/100 credit."""

    images: int = 0
    amount: int = 0


def has_left(user_id: int) -> bool:
    """Whether the account is being deleted, or is. Locks the user's row, so that none begins to leave meanwhile: the
    wallet of one that left stays at zero."""
    list(User.objects.select_for_update(no_key=True).filter(pk=user_id).values_list("pk"))
    return Farewell.objects.filter(user=user_id).exists()


@transaction.atomic
def refund(generation_id: UUID, image_ids: Collection[UUID] | None = None, *, actor: str) -> Outcome:
    """Give credits back for stored images: all, or those named."""
    generation = Generation.objects.get(pk=generation_id)
    if has_left(generation.user_id):
        raise Refused("This customer's account is deleted: its wallet takes nothing any more.")
    if generation.outcome is None:
        raise Refused("It is still under way. What is not delivered is given back by itself; the rest can be refunded "
                      "when it is over.")  # fmt: skip
    back = paying_back.pay_back(generation_id, image_ids, actor=actor)
    return Outcome(back.images, back.amount)


@transaction.atomic
def cancel(generation_id: UUID, image_ids: Collection[UUID] | None = None) -> Outcome:
    """Wish images canceled, all that are under way or those named: what waits here now and free, what fal has is asked
    back. All rows are locked first, in the order in which every other transaction takes them."""
    rows = Image.objects.select_for_update().filter(generation=generation_id).order_by("id")
    wanted = [each for each in rows if each.status in CANCELABLE and not each.cancel_requested_at]
    chosen = [each for each in wanted if image_ids is None or each.pk in image_ids]
    return Outcome(sum(lifecycle.cancel_image(each) for each in chosen))


@transaction.atomic
def ask_now(generation_id: UUID, image_ids: Collection[UUID] | None = None) -> Outcome:
    """Have a worker look at once at images that stand still: what waits for its next try is due, what is unknown is
    looked for in fal's history, what is drawn is asked about, what is stored is fetched."""
    rows = Image.objects.select_for_update().filter(generation=generation_id).order_by("id")
    chosen = [each for each in rows if not each.is_final and (image_ids is None or each.pk in image_ids)]
    waiting = [each.pk for each in chosen if each.status in (Status.QUEUED, Status.STORING)]
    Image.objects.filter(pk__in=waiting).update(not_before=None)
    Draw.objects.filter(pk__in=[each.draw_id for each in chosen if each.status == Status.UNKNOWN]).update(
        history_asked_at=None
    )
    for each in chosen:
        _nudge(each)
    return Outcome(len(chosen))


def _nudge(image: Image) -> None:
    task = _TASKS.get(image.status)
    if image.status == Status.QUEUED:
        nudge(DISPATCH)
    elif task and image.draw_id:
        nudge(task, str(image.draw_id))


_TASKS: dict[Any, str] = {
    Status.SENDING: SEND,
    Status.UNKNOWN: RESOLVE,
    Status.DRAWING: LOOK,
    Status.STORING: COLLECT,
}
