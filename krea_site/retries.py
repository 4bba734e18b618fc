"""Drawing again what became no picture: a new generation of the same customer, from the same brief, which names the
first.

An image is drawn again once, however many press at once (`RetriedImage`); what fails again is drawn again from there.
At the house's cost, exactly the price is granted first, in the same transaction; what is not drawn after all is taken
back when the credits set aside for it come back, so that no failure is a gift. Nothing else of the road knows of it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from billing import ledger, moves, prices
from billing.errors import LedgerError
from generations import lifecycle, switches, unfinished
from generations.brief import BadBrief, Brief
from generations.catalogue.inputs import SEED_MAX
from generations.models import Generation, Image, Status, Upload
from krea_site import reasons
from krea_site.models import RETRY, BulkAct, RetriedImage, Retry
from krea_site.steering import Refused, has_left
from partners import limits
from partners.models import Order

AGAIN = (Status.FAILED, Status.BLOCKED, Status.CANCELED)
_REFUSALS = (
    BadBrief, LedgerError, prices.NoPrice, lifecycle.PriceRose, switches.Unavailable, unfinished.TooManyUnfinished
)  # fmt: skip


@transaction.atomic
def retry(
    generation_id: UUID,
    image_ids: Collection[UUID] | None = None,
    *,
    at_house_cost: bool,
    by: Any,
    why: str,
    bulk: BulkAct | None = None,
) -> list[Retry]:
    """Draw images again: those named, or all that failed. One new generation, or one for each run of seeds where they
    were pinned. Empty where there is nothing to do, or it was done. Raises Refused; then nothing is changed."""
    first = Generation.objects.get(pk=generation_id)
    if has_left(first.user_id):
        raise Refused("This customer's account is deleted.")
    uploads = _uploads(first)
    images = list(Image.objects.select_for_update().filter(generation=first).order_by("id"))
    chosen = [each for each in images if _is_meant(each, image_ids)]
    done = set(RetriedImage.objects.filter(image__in=chosen).values_list("image", flat=True))
    chosen = sorted((each for each in chosen if each.pk not in done), key=lambda image: image.index)
    if not chosen:
        return []
    if first.erased_at or first.deleted_at:
        raise Refused("Its customer deleted it: there is nothing to draw it from.")
    try:
        return [
            _again(first, run, uploads, at_house_cost=at_house_cost, by=by, why=why, bulk=bulk)
            for run in _runs(first, chosen)
        ]
    except _REFUSALS as refusal:
        raise Refused(str(refusal)) from refusal


def price(generation: Generation, images: Sequence[Image]) -> int | None:
    """What drawing these again would cost now, in 1/100 credit; None where it cannot be ordered today."""
    if not images:
        return 0
    try:
        return lifecycle.price(_brief(generation, images)).amount * len(images)
    except _REFUSALS:
        return None


def on_generation_settled(*, generation: Generation, captured: int, **_: object) -> None:
    """Receiver of generations' `generation_settled`: what the house gave for images that were not drawn goes back, as
    far as no debt took it."""
    if not (generation.wish or "").startswith(RETRY):
        return
    row = Retry.objects.filter(again=generation, at_house_cost=True).first()
    back = min(row.amount - captured, ledger.wallet(generation.user).available) if row else 0
    if row and back > 0:
        memo = "What was given for drawing again, and was not needed"
        ledger.take_away(generation.user, back, key=unused(row.key), memo=memo, actor=moves.SYSTEM)


def unused(key: str) -> str:
    """In the ledger: what was taken back of a retry of this name."""
    return f"{key}:unused"


def _again(
    first: Generation,
    images: Sequence[Image],
    uploads: Sequence[Upload],
    *,
    at_house_cost: bool,
    by: Any,
    why: str,
    bulk: BulkAct | None,
) -> Retry:
    brief = _brief(first, images)
    total = lifecycle.price(brief).amount * brief.quantity
    row = Retry(id=uuid7(), first=first, at_house_cost=at_house_cost, why=why, by=by, bulk=bulk)
    if at_house_cost and total:
        row.amount = total
        words = f"For drawing {len(images)} image{'' if len(images) == 1 else 's'} again, at our cost"
        ledger.grant(first.user, total, key=row.key, memo=words, actor=reasons.actor(by))
    order = Order.objects.select_related("key").filter(generation=first).first()
    again = lifecycle.submit(
        first.user, brief, uploads=uploads, at_most=total, wish=row.key, output_format=first.output_format,
        limits=[] if at_house_cost or order is None else limits.of_month(order.key),
    )  # fmt: skip
    if again.quoted != total:
        raise Refused("The price changed this very moment. Press again.")
    row.again = again
    row.save(force_insert=True)
    RetriedImage.objects.bulk_create(RetriedImage(image=each, retry=row) for each in images)
    if order is not None:
        _take_over(order, again)
    return row


def _take_over(order: Order, again: Generation) -> None:
    """A partner finds the new one under the words of the first, and is told of it where the first was told of in our
    words; a dialect's own address knows only the id that it was given."""
    Order.objects.create(
        generation=again, key=order.key, reference=order.reference, metadata=order.metadata,
        webhook_url="" if order.dialect else order.webhook_url,
    )  # fmt: skip


def _uploads(generation: Generation) -> list[Upload]:
    """Its style references in order, locked before anything else, as whoever orders with them does."""
    rows = Upload.objects.select_for_update().filter(pk__in=generation.references).order_by("id")
    there = {str(each.pk): each for each in rows}
    if any(id not in there for id in generation.references):
        raise Refused("A style reference of it is gone.")
    return [there[id] for id in generation.references]


def _is_meant(image: Image, image_ids: Collection[UUID] | None) -> bool:
    return image.status == Status.FAILED if image_ids is None else image.status in AGAIN and image.pk in image_ids


def _runs(generation: Generation, images: Iterable[Image]) -> list[list[Image]]:
    """All at once; where the seed was pinned, as many as have seeds that follow upon each other, so that none is drawn
    that was there already."""
    runs: list[list[Image]] = []
    for image in images:
        follows = runs and image.seed == (runs[-1][-1].seed + 1) % (SEED_MAX + 1)
        if runs and (follows or "seed" not in generation.input):
            runs[-1].append(image)
        else:
            runs.append([image])
    return runs


def _brief(generation: Generation, images: Sequence[Image]) -> Brief:
    values = generation.input | {"seed": images[0].seed} if "seed" in generation.input else generation.input
    return Brief.read(generation.image_model, values, len(images))
