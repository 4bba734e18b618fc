"""Rows as the API shows them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from billing.credits import show
from billing.models import Account, Price
from billing.statement import Movement
from generations import fair_order, switches
from generations.catalogue import ImageModel
from generations.fal.verdicts import CODES
from generations.models import TAKEN_DOWN, Generation, Image, Status, Upload
from generations.pictures import links
from partners.models import Order

from . import shapes

NOTHING = show(0)
IMAGES = Prefetch("images", Image.objects.order_by("index"))
CANCELED = "This image was canceled. Nothing was charged for it."
REFUNDED = "This image was delivered. Its price was given back later."


def readable(user_id: int) -> "QuerySet[Generation]":
    """A user's generations with all that `generation` reads."""
    mine = Generation.objects.filter(user_id=user_id, deleted_at=None)
    return mine.select_related("order").prefetch_related(IMAGES)


def generation(row: Generation) -> shapes.Generation:
    return generations([row])[0]


def ordered(row: Generation, images: Sequence[Image]) -> shapes.Generation:
    """A generation that was written this moment with these images: they need not be read."""
    known: Any = row.images.all()
    known._result_cache, known._prefetch_done = list(images), True  # as `prefetch_related` does
    vars(row)["_prefetched_objects_cache"] = {"images": known}
    return generation(row)


def generations(rows: Sequence[Generation]) -> list[shapes.Generation]:
    """As many at once as a page has, with one look at the queue for all of them."""
    waiting = {row.pk: first for row in rows if (first := _first_waiting(row))}
    places = dict(zip(waiting, fair_order.positions(list(waiting.values())), strict=True))
    return [_generation(row, places.get(row.pk)) for row in rows]


def _generation(row: Generation, place: int | None) -> shapes.Generation:
    images = list(row.images.all())
    order: Order | None = getattr(row, "order", None)
    return shapes.Generation(
        id=row.pk,
        status=cast(shapes.GenerationStatus, row.status),
        model=row.image_model,
        input=row.input,
        quantity=row.quantity,
        quoted=show(row.quoted),
        cost=_cost(row, images),
        images=[image(each) for each in images],
        error=_failure(row.error_code, row.error_message),
        reference=order.reference if order else None,
        metadata=order.metadata if order else {},
        created_at=utc(row.created_at),
        started_at=utc(row.started_at) if row.started_at else None,
        finished_at=utc(row.finished_at) if row.finished_at else None,
        queue=None if place is None else shapes.QueuePlace(position=place),
    )


def image(row: Image) -> shapes.Image:
    link = links.link(row.name, absolute=True) if row.is_there else None
    return shapes.Image(
        id=row.pk,
        index=row.index,
        status=cast(shapes.ImageStatus, row.public_status),
        seed=row.seed,
        price=show(row.price),
        url=link.address if link else None,
        url_expires_at=link.expires_at if link else None,
        width=row.width if link else None,
        height=row.height if link else None,
        content_type=row.content_type if link else None,
        bytes=row.bytes if link else None,
        sha256=row.sha256 if link else None,
        error=_failure(row.error_code, row.error_message) if row.is_final and not link else None,
    )


def upload(row: Upload) -> shapes.Upload:
    return shapes.Upload(
        id=row.pk,
        url=f"{settings.PUBLIC_URL}/api/v1/uploads/{row.pk}/content",
        width=row.width,
        height=row.height,
        content_type=row.content_type,
        bytes=row.bytes,
        sha256=row.sha256,
        created_at=utc(row.created_at),
    )


def image_model(model: ImageModel, prices: dict[str, Price]) -> shapes.ImageModel:
    """`prices`: the rows that hold now, by item; an image model of which one is missing is not for sale."""
    rows = [prices[name] for name in model.price_item_names if name in prices]
    is_for_sale = len(rows) == len(model.price_item_names)
    refusal = switches.now().refusal(model.id)
    return shapes.ImageModel(
        id=model.id,
        name=model.name,
        summary=model.summary,
        not_for=model.not_for,
        licence=model.licence,
        max_quantity=model.max_quantity,
        typical_seconds=shapes.Seconds(minimum=model.typical_s[0], maximum=model.typical_s[1]),
        prices=[_price_line(row) for row in rows] if is_for_sale else [],
        available=refusal is None,
        notice=refusal.notice if refusal else None,
        input_schema=model.json_schema(),
    )


def maintenance() -> shapes.Maintenance | None:
    """What is announced now."""
    shown = switches.now().announcement()
    if shown is None:
        return None
    return shapes.Maintenance(text=shown.text, starts_at=utc(shown.starts_at), ends_at=utc(shown.ends_at))


def balance(purse: Account) -> shapes.Balance:
    return shapes.Balance(available=show(purse.available), held=show(purse.held), debt=show(purse.debt))


def movements(found: Iterable[Movement], following: str) -> shapes.Movements:
    return shapes.Movements(items=[_movement(each) for each in found], next=following or None)


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _movement(row: Movement) -> shapes.Movement:
    return shapes.Movement(
        id=row.transfer.pk,
        kind=row.transfer.kind,
        amount=show(row.amount),
        balance=None if row.balance is None else show(row.balance),
        memo=row.transfer.memo,
        generation=row.generation,
        created_at=utc(row.transfer.created_at),
    )


def _price_line(row: Price) -> shapes.PriceLine:
    return shapes.PriceLine.model_validate({"item": row.item, "unit": row.unit, "price": show(row.amount)})


def _cost(row: Generation, images: list[Image]) -> shapes.Cost:
    if row.outcome is None:
        return shapes.Cost(held=show(row.quoted), charged=NOTHING, refunded=NOTHING, refunds=[])
    charged = sum(each.price for each in images if each.is_charged)
    return shapes.Cost(
        held=show(row.quoted),
        charged=show(charged),
        refunded=show(row.quoted - charged),
        refunds=[_refund(each) for each in images if not each.is_charged],
    )


def _refund(row: Image) -> shapes.Refund:
    """Without a code of its own it was canceled: whatever else ends an image says why."""
    if row.refunded_at:
        return shapes.Refund(image=row.pk, amount=show(row.price), code="refunded", message=REFUNDED)
    code, message = (row.error_code, row.error_message) if row.error_code else ("canceled", CANCELED)
    return shapes.Refund(image=row.pk, amount=show(row.price), code=code, message=message)


def _first_waiting(row: Generation) -> Image | None:
    """The image that is drawn first of those that wait."""
    waiting = [each for each in row.images.all() if each.status == Status.QUEUED]
    return min(waiting, key=lambda each: (each.turn, each.pk), default=None)


def _failure(code: str, message: str) -> shapes.Failure | None:
    if not code:
        return None
    known = CODES.get(code.removeprefix("reference_").removeprefix("lora_"))
    # A code that fal's table does not have is of our own road: a fault that passes.
    return shapes.Failure(code=code, message=message, retryable=known.retryable if known else code != TAKEN_DOWN)
