"""What one press orders of what was drawn before: a picture again on the image model that finishes it, with its seed,
references and settings; and the pictures of a generation that failed, once more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.urls import reverse

from billing import prices
from billing.models import Price

from . import offers, orders, switches
from .brief import BadBrief, Brief
from .catalogue import ImageModel
from .forms import known_model
from .models import Generation, Image, Status
from .offers import Offer, Repeat
from .presentation import Card, Tile

FAILED = Status.FAILED  # what was blocked would be blocked again


def finisher(image_model_id: str) -> ImageModel | None:
    """The image model that draws the same input finer."""
    image_model = known_model(image_model_id)
    return known_model(image_model.finished_by) if image_model else None


def short_name(finer: ImageModel, than: str) -> str:
    """What sets its name apart from the other's: `"Large"` for Krea 2 Large, which finishes Krea 2 Medium."""
    other = known_model(than)
    shared = set(other.name.split()) if other else set()
    return " ".join(word for word in finer.name.split() if word not in shared) or finer.name


def finishing_brief(image: Image) -> Brief | None:
    """The picture's own input and seed for the image model that finishes it; None where nothing does."""
    finer = finisher(image.generation.image_model)
    if finer is None or not image.is_there:
        return None
    return _read(finer.id, image.generation, 1, image.seed)


def again_brief(generation: Generation, images: Iterable[Image]) -> Brief | None:
    """As many pictures of the same input as failed; None for none. Where a seed was pinned, with the seeds of those
    that failed, as far as they follow upon each other: none that is there already is drawn and paid for again."""
    failed = sorted((image for image in images if image.status == FAILED), key=lambda image: image.index)
    if not failed or generation.outcome is None:
        return None
    if "seed" not in generation.input:
        return _read(generation.image_model, generation, len(failed), None)
    run = [image for place, image in enumerate(failed, failed[0].index) if image.index == place]
    return _read(generation.image_model, generation, len(run), run[0].seed)


def finishing(image: Image) -> Repeat | None:
    """What finishes one picture, at its exact price."""
    brief = finishing_brief(image)
    return _finish(image, brief, _rows([brief])) if brief else None


def offered(cards: Sequence[Card]) -> list[Card]:
    """The cards with what can be ordered from each, at exact prices; the price rows are read once for all."""
    finishes = {tile.image.pk: finishing_brief(tile.image) for card in cards for tile in card.shown}
    agains = {card.generation.pk: again_brief(card.generation, card.images) for card in cards}
    rows = _rows([brief for brief in (*finishes.values(), *agains.values()) if brief])
    return [_offered(card, finishes, agains[card.generation.pk], rows) for card in cards]


def _offered(card: Card, finishes: Mapping[UUID, Brief | None], again: Brief | None, rows: dict[str, Price]) -> Card:
    tiles = [_with_finish(tile, finishes.get(tile.image.pk), rows) for tile in card.tiles]
    finer = finisher(card.generation.image_model)
    return replace(card, tiles=tiles, again=_again(card, again, rows) if again else None, is_unfinished=bool(finer))


def _with_finish(tile: Tile, brief: Brief | None, rows: dict[str, Price]) -> Tile:
    return replace(tile, finish=_finish(tile.image, brief, rows)) if brief else tile


def _finish(image: Image, brief: Brief, rows: dict[str, Price]) -> Repeat:
    words = f"Finish on {short_name(brief.model, image.generation.image_model)}"
    return Repeat(
        f"finish-{image.pk}", reverse("image-finish", args=[image.pk]), words, _offer(brief, rows), orders.new_nonce()
    )


def _again(card: Card, brief: Brief, rows: dict[str, Price]) -> Repeat:
    generation, failed = card.generation, sum(image.status == FAILED for image in card.images)
    words = "Try again"
    if brief.quantity < failed:
        words = f"Try {brief.quantity} of the {failed} failed ones again"
    elif brief.quantity < generation.quantity:
        words = f"Try the {'failed one' if brief.quantity == 1 else f'{brief.quantity} failed ones'} again"
    return Repeat(
        f"again-{generation.pk}",
        reverse("generation-again", args=[generation.pk]),
        words,
        _offer(brief, rows),
        orders.new_nonce(),
    )


def _offer(brief: Brief, rows: dict[str, Price]) -> Offer:
    if off := switches.now().refusal(brief.image_model):
        return Offer(problem=off.notice)
    try:
        items = [prices.Item(each.item, each.pixels) for each in brief.price_items()]
        each = prices.add_up(items, rows).amount
    except KeyError:
        return Offer(problem=offers.NOT_FOR_SALE)
    return Offer(each, brief.quantity, token=prices.sign(brief.digest(), each, brief.quantity))


def _rows(briefs: Iterable[Brief]) -> dict[str, Price]:
    names = {item.item for brief in briefs for item in brief.price_items()}
    return offers.price_rows(sorted(names)) if names else {}


def _read(image_model: str, generation: Generation, quantity: int, seed: int | None) -> Brief | None:
    values = generation.input if seed is None else generation.input | {"seed": seed}
    try:
        return Brief.read(image_model, values, quantity)
    except BadBrief:
        return None  # today's catalogue does not take it any more
