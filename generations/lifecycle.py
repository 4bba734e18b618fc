"""The life of a generation: submit, cancel, delete, finish. Each change and its money are one transaction.

Locks are taken in one order everywhere: images by id, generation, event sequence, key, then the ledger's (hold,
allowances, wallet). What happens to one attempt at fal is told in `draws`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from billing import ledger, prices
from billing.compiled import insert
from billing.credits import show
from billing.prices import ImagePrice, Quote
from billing.returning import update_returning

from . import erasure, events, fair_order, let_in, memo, search, switches, trace, unfinished, upkeep
from .brief import BadBrief, Brief, FieldError
from .models import FINAL, Customer, Draw, Generation, Image, Outcome, Status, Upload
from .nudge import CANCEL, DISPATCH, nudge
from .signals import generation_changed, generation_settled

_OUTCOMES = {
    Status.STORED: Outcome.SUCCEEDED,
    Status.BLOCKED: Outcome.BLOCKED,
    Status.CANCELED: Outcome.CANCELED,
}
GIVEN_BACK = "given_back"  # the error of an image that we canceled, since its image model was switched off


class PriceRose(Exception):
    """The price is now higher than the customer was shown. `total` is the new one, in 1/100 credit."""

    def __init__(self, total: int) -> None:
        self.total = total
        super().__init__(f"The price is now {show(total)} credits.")


def price(brief: Brief) -> ImagePrice:
    """What one image of the brief costs now."""
    items = [prices.Item(each.item, each.pixels) for each in brief.price_items()]
    return prices.of_image(items)


def submit(
    user: AbstractBaseUser,
    brief: Brief,
    *,
    uploads: Sequence[Upload] = (),
    quote: Quote | None = None,
    at_most: int | None = None,
    wish: str | None = None,
    limits: Iterable[ledger.Limit] = (),
    output_format: str = "",
) -> Generation:
    """Take an order: write it down, hold its price, put its images in the queue.

    `uploads` stand for the brief's style references, in order. `limits` is walked under the lock of the customer's
    event sequence, so that it may count what is under way. A fresh `quote` of this very brief binds its price, or
    a lower one that holds meanwhile; `at_most` is the highest total that the customer was shown. `wish` names the
    customer's wish: said twice, it is one generation. `output_format`: one of OutputFormat; empty: as it comes. Raises
    BadBrief, PriceRose, TooManyUnfinished, InsufficientCredits, AllowanceExceeded or switches.Unavailable, and then
    nothing is written or held.
    """
    known = _wished_before(user, wish)
    if known:
        return known
    try:
        with transaction.atomic():
            return place(
                user, brief, uploads=uploads, quote=quote, at_most=at_most, wish=wish, limits=limits,
                output_format=output_format,
            )[0]  # fmt: skip
    except IntegrityError:
        known = _wished_before(user, wish)
        if known is None:
            raise
        return known


def place(
    user: AbstractBaseUser,
    brief: Brief,
    *,
    uploads: Sequence[Upload] = (),
    quote: Quote | None = None,
    at_most: int | None = None,
    wish: str | None = None,
    limits: Iterable[ledger.Limit] = (),
    output_format: str = "",
) -> tuple[Generation, list[Image]]:
    """As `submit`, with the images, in a transaction of the caller, which has to be given up where this raises;
    IntegrityError for a wish that was said before. What nobody waits for is written before the first lock is taken."""
    check_permission(user, brief)
    switches.check(brief.image_model)
    each = price(brief)
    amount = each.amount
    if quote is not None and quote.digest == brief.digest() and prices.is_fresh(quote):
        amount = min(amount, quote.image_price)
    total = amount * brief.quantity
    if at_most is not None and total > at_most:
        raise PriceRose(total)
    kept = brief.with_references([str(upload.id) for upload in uploads]) if uploads else brief
    purse = ledger.wallet(user)  # made before the event sequence is locked, as everywhere: see decision 0001
    generation = Generation(
        user_id=user.pk, image_model=brief.image_model, input=kept.input_json(),
        references=[str(upload.id) for upload in uploads], quantity=brief.quantity, output_format=output_format,
        image_price=amount, image_cost_microusd=each.cost_microusd, wish=wish, unfinished=brief.quantity,
        trace=trace.request(),
    )  # fmt: skip
    insert(generation)
    _use(generation, brief, uploads)
    search.write(generation)
    nudge(DISPATCH)
    words = memo.ordered(generation, brief)
    _tell_of_order(generation, is_paid=total > 0)
    let_in.check(generation.user_id)
    unfinished.check(generation)
    limits = tuple(limits)
    if total:
        ledger.set_aside(purse, total, memo=words, key=generation.key, limits=limits, is_told=True)
    return generation, _queue_images(generation, brief, amount)


def _tell_of_order(generation: Generation, *, is_paid: bool) -> None:
    """With the event of the balance, for which the ledger would take a number of its own."""
    told: list[events.Told] = [(events.GENERATION_UPDATED, generation.id, {"status": "queued"})]
    if is_paid:
        told.append((events.BALANCE_UPDATED, None, {}))
    events.write_all(generation.user_id, told)
    generation_changed.send(sender=Generation, generation_id=generation.id)


def _use(generation: Generation, brief: Brief, uploads: Sequence[Upload]) -> None:
    """Note which uploads a generation needs. BadBrief for one that was deleted since it was found."""
    gone = upkeep.use(generation, uploads) if uploads else []
    if gone:
        places = [index for index, upload in enumerate(uploads) if upload.pk in gone]
        words = "it was deleted at this moment; upload the picture again"
        raise BadBrief(
            [
                FieldError.at(brief.reference_place(index), "unknown_upload", f"Style reference {index + 1}: {words}")
                for index in places
            ]
        )


def _queue_images(generation: Generation, brief: Brief, amount: int) -> list[Image]:
    turn = fair_order.first_turn(generation.user_id)
    stride = fair_order.stride(generation.user_id, brief.model.typical_seconds)
    images = [
        Image(
            generation=generation, user_id=generation.user_id, image_model=generation.image_model,
            index=index, seed=seed, price=amount, turn=turn + stride * (index + 1),
        )
        for index, seed in enumerate(brief.seeds())
    ]  # fmt: skip
    insert(*images)
    return images


def has_permission(user: AbstractBaseUser) -> bool:
    """Whether the operator lets this user choose what needs permission; looked up anew for each order."""
    return Customer.objects.filter(user_id=user.pk, may_disable_safety_checker=True).exists()


def check_permission(user: AbstractBaseUser, brief: Brief) -> None:
    """Raises BadBrief for a choice that only some customers have."""
    wanted = brief.needs_permission()
    if not wanted or has_permission(user):
        return
    raise BadBrief(
        [
            FieldError(
                pointer=f"/input/{name}", field=name, allowed=[True], code="not_permitted",
                detail=f"{name} can only be switched off for accounts that support has allowed to; leave it on.",
            )
            for name in wanted
        ]
    )  # fmt: skip


def _wished_before(user: AbstractBaseUser, wish: str | None) -> Generation | None:
    return Generation.objects.filter(user_id=user.pk, wish=wish).first() if wish else None


def cancel(generation: Generation) -> None:
    """Wish every unfinished image of a generation canceled: what still waits here is canceled now and free, what was
    sent is asked back from fal, what is being stored is delivered."""
    for image in Image.objects.filter(generation=generation, cancel_requested_at=None).order_by("id"):
        cancel_image(image)


@transaction.atomic
def cancel_image(image: Image) -> bool:
    """Wish one image canceled; False when it is too late: it is final, or its picture is here already."""
    open_rows = Image.objects.filter(
        pk=image.pk, status__in=[Status.QUEUED, Status.SENDING, Status.UNKNOWN, Status.DRAWING]
    )
    if not open_rows.update(cancel_requested_at=timezone.now()):
        return False
    if not finish(image, Status.CANCELED, only_from=[Status.QUEUED]):
        nudge(CANCEL, str(image.pk))
    return True


def give_back(image: Image, message: str) -> bool:
    """Cancel one image that waits here, for a reason of ours that `message` tells: free, as every cancel of what waits.
    False when it does not wait any more."""
    return finish(
        image, Status.CANCELED, only_from=[Status.QUEUED], cancel_requested_at=timezone.now(),
        error_code=GIVEN_BACK, error_message=message[:500],
    )  # fmt: skip


def delete(generation: Generation) -> None:
    """Hide a generation from its owner for good, with its files, and cancel what still runs; its transfers stay."""
    erasure.delete_generation(generation)
    cancel(generation)


def cancel_deleted() -> None:
    """For the sweep: who deleted a running generation died before it was cancelled."""
    waiting = Image.objects.exclude(status__in=FINAL).filter(cancel_requested_at=None)
    deleted = Generation.objects.running().filter(Exists(waiting.filter(generation=OuterRef("pk"))))
    for generation in deleted.filter(deleted_at__isnull=False):
        cancel(generation)


@transaction.atomic
def finish(
    image: Image, to: Status, *, only_from: Collection[Status] = (), draw: Draw | None = None, **fields: Any
) -> bool:
    """An image's last step; the last image of a generation settles it. False when somebody else was first.

    The count goes down by UPDATE … RETURNING: of two last images that end together, exactly one reads 0.
    """
    if not image.step(to, draw=draw, only_from=only_from, **fields):
        return False
    generation = Generation.objects.filter(pk=image.generation_id)
    left = update_returning(generation, "unfinished", unfinished=F("unfinished") - 1)[0]
    tell_image(image, status=str(to))
    if left == 0:
        settle(generation.get())
    if to != Status.STORED and Status.QUEUED not in only_from:  # else it held no place at fal any more
        place_is_free()
    return True


def place_is_free() -> None:
    """A place at fal came free: have it filled, where something waits for one."""
    if Image.objects.queued().due().exists():
        nudge(DISPATCH)


@transaction.atomic
def settle_late(generation: Generation) -> None:
    """For the sweep: settle what was finished and not settled."""
    settle(Generation.objects.select_for_update().get(pk=generation.pk))


def settle(generation: Generation) -> None:
    """Write down the outcome and settle the hold: captured for what was delivered, released for the rest."""
    images = list(Image.objects.filter(generation=generation))
    statuses = Counter(image.status for image in images)
    outcome = _outcome(statuses, len(images))
    code, message = _most_frequent_error(images) if outcome != Outcome.SUCCEEDED else ("", "")
    is_first = Generation.objects.filter(pk=generation.pk, outcome=None, unfinished=0).update(
        outcome=outcome, finished_at=timezone.now(), error_code=code, error_message=message
    )
    if not is_first:
        return
    tell(generation, events.GENERATION_FINISHED, status=str(outcome))
    if generation.quoted:
        delivered = sum(image.price for image in images if image.status == Status.STORED)
        words = memo.delivered(generation, statuses[Status.STORED])
        ledger.capture(generation.key, delivered, memo=words, subject=generation.image_model)
        generation_settled.send(sender=Generation, generation=generation, captured=delivered)


def tell(generation: Generation, kind: str, **data: Any) -> None:
    """Write an event about a generation and ring for those above."""
    events.write(generation.user_id, kind, generation.id, **data)
    generation_changed.send(sender=Generation, generation_id=generation.id)


def tell_image(image: Image, **data: Any) -> None:
    events.write(image.user_id, events.IMAGE_UPDATED, image.id, generation=str(image.generation_id), **data)
    generation_changed.send(sender=Generation, generation_id=image.generation_id)


def _outcome(statuses: "Counter[str]", total: int) -> Outcome:
    stored = statuses[Status.STORED]
    if 0 < stored < total:
        return Outcome.PARTIAL
    for status, outcome in _OUTCOMES.items():
        if statuses[status] == total:
            return outcome
    return Outcome.FAILED


def _most_frequent_error(images: list[Image]) -> tuple[str, str]:
    errors = Counter((image.error_code, image.error_message) for image in images if image.error_code)
    return errors.most_common(1)[0][0] if errors else ("", "")
