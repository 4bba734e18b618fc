"""What the studio shows of prices: the exact one of the form as it stands, with the token that binds it, and what each
image model costs by its price rows."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser

from billing import prices
from billing.credits import show
from billing.models import Account, Price, Unit

from . import catalogue, lifecycle, switches
from .brief import BadBrief, Brief
from .catalogue import ImageModel
from .forms import StudioForm

NOT_FOR_SALE = "This image model has no price at the moment, so it cannot be used. Please choose another."
UNITS = {Unit.IMAGE: "an image", Unit.MEGAPIXEL: "a megapixel"}


@dataclass(frozen=True)
class Offer:
    """The price of a form, in 1/100 credit. `problem` says why there is none; then the numbers mean nothing."""

    each: int = 0
    quantity: int = 1
    available: int = 0
    debt: int = 0
    token: str = ""
    problem: str = ""

    @property
    def total(self) -> int:
        return self.each * self.quantity

    @property
    def after(self) -> int:
        return self.available - self.total

    @property
    def missing(self) -> int:
        return max(self.total - self.available + self.debt, 0) if self.total else 0


@dataclass(frozen=True)
class Repeat:
    """A button that orders something known: where it sends to, what it says, and what that costs. `key` is its id on a
    page, and `nonce` names the wish, so that a double click is one order."""

    key: str
    address: str
    words: str
    offer: Offer
    nonce: str


@dataclass(frozen=True)
class PriceTag:
    """An image model with the lines of its price list: an amount in 1/100 credit, and what it is for."""

    image_model: ImageModel
    lines: tuple[tuple[int, str], ...]
    is_on: bool = True

    @property
    def is_for_sale(self) -> bool:
        return bool(self.lines) and self.is_on

    @property
    def short(self) -> str:
        """`"39.00 credits an image"`"""
        if not self.is_on:
            return "switched off at the moment"
        return f"{show(self.lines[0][0])} credits {self.lines[0][1]}" if self.lines else "not for sale now"

    @property
    def surcharges(self) -> tuple[tuple[int, str], ...]:
        """`(650, "more an image with style references")`"""
        return self.lines[1:]

    @property
    def seconds(self) -> str:
        """How long a picture typically takes."""
        return "typically {}-{} s".format(*self.image_model.typical_s).replace("-", "\N{EN DASH}")


def of(form: StudioForm, user: AbstractBaseUser) -> Offer:
    """The exact price of the form as it stands, signed for ten minutes."""
    try:
        return of_brief(form.priced_brief(), user)
    except BadBrief as bad:
        purse = _purse(user)
        return Offer(problem=bad.errors[0].in_form, available=purse.available, debt=purse.debt)


def of_brief(brief: Brief, user: AbstractBaseUser) -> Offer:
    """The exact price of a brief, signed for ten minutes, and what the user has."""
    purse = _purse(user)
    if off := switches.now().refusal(brief.image_model):
        return Offer(problem=off.notice, available=purse.available, debt=purse.debt)
    try:
        each = lifecycle.price(brief).amount
    except prices.NoPrice:
        return Offer(problem=NOT_FOR_SALE, available=purse.available, debt=purse.debt)
    token = prices.sign(brief.digest(), each, brief.quantity)
    return Offer(each, brief.quantity, purse.available, purse.debt, token)


def _purse(user: AbstractBaseUser) -> Account:
    return Account.objects.filter(user_id=user.pk).first() or Account()


def price_tags() -> list[PriceTag]:
    """Every image model with what its price rows say now; without lines where a row is missing."""
    image_models = catalogue.all()
    rows = price_rows([name for image_model in image_models for name in image_model.price_item_names])
    off = switches.now().off
    return [PriceTag(each, _lines(each, rows), each.id not in off) for each in image_models]


def price_rows(names: list[str]) -> dict[str, Price]:
    """The rows that hold now, in one query; an item without one is left out."""
    try:
        return prices.current(names)
    except prices.NoPrice:
        return {row.item: row for name in names for row in _row(name)}


def _row(name: str) -> list[Price]:
    try:
        return list(prices.current([name]).values())
    except prices.NoPrice:
        return []


def _lines(image_model: ImageModel, rows: dict[str, Price]) -> tuple[tuple[int, str], ...]:
    if any(name not in rows for name in image_model.price_item_names):
        return ()
    base, *more = (rows[name] for name in image_model.price_item_names)
    return (base.amount, UNITS[Unit(base.unit)]), *((row.amount, _surcharge(image_model, row)) for row in more)


def _surcharge(image_model: ImageModel, row: Price) -> str:
    what = row.item.removeprefix(f"{image_model.id}.").replace("_", " ")
    return f"more {UNITS[Unit(row.unit)]} with {what}"
