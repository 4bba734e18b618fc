"""Prices as rows with the moment from which they hold, and quotes that bind one for ten minutes.

Amounts are integers of 1/100 credit; what the supplier charges us is in millionths of a US dollar.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.db.models import QuerySet
from django.utils import timezone

from .compiled import select
from .models import Price, Unit

QUOTE_LASTS_S = 600
PIXELS_A_MEGAPIXEL = 1_000_000
_SALT = "billing.quote"

# (item, unit, 1/100 credit, micro-dollars): the first prices; later ones are rows that the operator adds.
FIRST_PRICES = (
    ("krea-2-medium", Unit.IMAGE, 3900, 30_000),
    ("krea-2-medium.style_references", Unit.IMAGE, 650, 5_000),
    ("krea-2-large", Unit.IMAGE, 7800, 60_000),
    ("krea-2-large.style_references", Unit.IMAGE, 650, 5_000),
    ("krea-2-turbo-lora", Unit.MEGAPIXEL, 1300, 10_000),
    ("flux-krea-dev", Unit.MEGAPIXEL, 3250, 25_000),
)
FIRST_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class NoPrice(Exception):
    """An item of the catalogue has no price row that holds now: the operator has to add one."""


class BadQuote(Exception):
    """The quote is not ours, is too old, or was given for something else."""


@dataclass(frozen=True)
class Item:
    """One unit to pay for: per image (`pixels` None) or by the megapixel."""

    item: str
    pixels: int | None = None


@dataclass(frozen=True)
class ImagePrice:
    """What one image costs: `amount` for the customer, `cost_microusd` for us."""

    amount: int
    cost_microusd: int


@dataclass(frozen=True)
class Quote:
    """A price that binds: `image_price` for each of `quantity` images of the brief with this digest."""

    digest: str
    image_price: int
    quantity: int
    expires_at: int

    @property
    def total(self) -> int:
        return self.image_price * self.quantity


def seed() -> None:
    """Write the first price of every item that has none."""
    priced = set(Price.objects.values_list("item", flat=True))
    Price.objects.bulk_create(
        [
            Price(item=item, unit=unit, amount=amount, cost_microusd=cost, holds_from=FIRST_MOMENT)
            for item, unit, amount, cost in FIRST_PRICES
            if item not in priced
        ],
        ignore_conflicts=True,
    )


def current(items: Iterable[str], *, at: datetime | None = None) -> dict[str, Price]:
    """The row that holds for each item at a moment (now); NoPrice names the item that has none."""
    wanted = set(items)
    moment = at or timezone.now()
    if len(wanted) == 1:  # nearly every order's
        (item,) = wanted
        rows = _holding(item, moment)
    else:
        rows = list(
            Price.objects.filter(item__in=wanted, withdrawn_at=None, holds_from__lte=moment).order_by("holds_from")
        )
    found = {row.item: row for row in rows}
    for missing in sorted(wanted - found.keys()):
        raise NoPrice(f"{missing} has no price that holds now.")
    return found


def of_image(items: Sequence[Item], *, at: datetime | None = None) -> ImagePrice:
    """The price of one image: the sum of its items, megapixels rounded up to 1/100 credit."""
    return add_up(items, current((each.item for each in items), at=at))


def add_up(items: Sequence[Item], rows: Mapping[str, Price]) -> ImagePrice:
    """As `of_image`, by price rows that were read already."""
    return ImagePrice(
        amount=sum(_times(rows[each.item], rows[each.item].amount, each) for each in items),
        cost_microusd=sum(_times(rows[each.item], rows[each.item].cost_microusd, each) for each in items),
    )


def sign(digest: str, image_price: int, quantity: int, *, until: int | None = None) -> str:
    """A token that binds this price for ten minutes, or `until` a time in seconds since 1970."""
    expires_at = until or int(timezone.now().timestamp()) + QUOTE_LASTS_S
    return signing.dumps([digest, image_price, quantity, expires_at], salt=_SALT)


def read(token: str) -> Quote:
    """The quote in a token, expired or not; BadQuote when it is not ours. See `is_fresh`."""
    try:
        digest, image_price, quantity, expires_at = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadQuote("This quote is not valid.") from error
    return Quote(digest, image_price, quantity, expires_at)


def is_fresh(quote: Quote) -> bool:
    return quote.expires_at >= timezone.now().timestamp()


@select
def _holding(item: str, at: datetime) -> "QuerySet[Any, Price]":
    return Price.objects.filter(item=item, withdrawn_at=None, holds_from__lte=at).order_by("-holds_from")[:1]


def _times(row: Price, amount: int, item: Item) -> int:
    if row.unit == Unit.IMAGE:
        return amount
    if item.pixels is None:
        raise NoPrice(f"{row.item} is priced by the megapixel, and its image model names no size.")
    return -(-amount * item.pixels // PIXELS_A_MEGAPIXEL)
