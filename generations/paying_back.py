"""Credits back for pictures that were delivered and paid for. The one place that writes `Image.refunded_at`.

What comes back of a generation never passes what was captured: of each image its price, once, by the UPDATE of its row;
and of the whole by the ledger's own condition (`ledger.pay_back`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing import ledger
from billing.errors import ReturnedTooMuch

from . import events, lifecycle, memo
from .models import Generation, Image, Status


@dataclass(frozen=True)
class Back:
    """How many pictures were paid back, and how much that was, in 1/100 credit."""

    images: int = 0
    amount: int = 0


NOTHING = Back()


@transaction.atomic
def pay_back(generation_id: UUID, image_ids: Collection[UUID] | None = None, *, actor: str) -> Back:
    """Pay back the prices of a settled generation's stored images, of all or of those named. An image that was paid
    back before is left out, so that saying it twice does it once. The picture stays its owner's."""
    rows = Image.objects.select_for_update().filter(generation=generation_id).order_by("id")
    paid = [each for each in rows if each.is_charged and each.price and _is_meant(each, image_ids)]
    generation = Generation.objects.get(pk=generation_id)
    if not paid or generation.outcome is None:
        return NOTHING
    paid.sort(key=lambda image: image.index)
    now_ours = Image.objects.filter(pk__in=[each.pk for each in paid], status=Status.STORED, refunded_at=None)
    if now_ours.update(refunded_at=timezone.now()) != len(paid):
        raise ReturnedTooMuch(generation.key)
    amount = sum(each.price for each in paid)
    lifecycle.tell(generation, events.GENERATION_UPDATED, status=str(generation.outcome))
    ledger.pay_back(
        generation.key, amount, part=",".join(str(each.index) for each in paid),
        memo=memo.paid_back(generation, len(paid)), subject=generation.image_model, actor=actor,
    )  # fmt: skip
    return Back(len(paid), amount)


def _is_meant(image: Image, image_ids: Collection[UUID] | None) -> bool:
    return image_ids is None or image.pk in image_ids
