"""What a new price means, before it is saved: typical orders before and after, fal's charge, and what is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing import prices, repricing, shop
from billing.models import Price
from billing.repricing import NewPrice
from generations import catalogue, typical_orders
from generations.catalogue import ImageModel

LIST_CENTS, LIST_CREDITS = 1, 1000  # 10.00 credits for a cent


@dataclass(frozen=True)
class Step:
    """The totals of an order of so many pictures, in 1/100 credit; `was` None where it had no price."""

    quantity: int
    was: int | None
    will: int


@dataclass(frozen=True)
class Line:
    """One typical picture: its price, fal's charge, and what is left of it at the list price of credits and at the
    lowest one on offer, in millionths of a dollar."""

    words: str
    steps: tuple[Step, ...]
    cost: int
    margin: int
    least_margin: int
    margin_was: int | None

    @property
    def per_cent(self) -> int | None:
        """By how much the price changes."""
        first = self.steps[0]
        return None if not first.was else round(100 * (first.will - first.was) / first.was)

    @property
    def share(self) -> int:
        """What is left of the list price, in per cent."""
        return self.margin * 100 // max(self.steps[0].will * repricing.MICROUSD_A_HUNDREDTH, 1)


def model_of(item: str) -> ImageModel | None:
    """The image model whose price an item is a part of."""
    return next((each for each in catalogue.all() if item in each.price_item_names), None)


def items() -> list[str]:
    return [name for each in catalogue.all() for name in each.price_item_names]


def preview(new: NewPrice) -> list[Line]:
    """Every typical order that the item is a part of, with what else holds at that moment."""
    image_model = model_of(new.item)
    if image_model is None:
        return []
    unit = Price.objects.filter(item=new.item).values_list("unit", flat=True)[0]
    was = rows_at(image_model, new.holds_from)
    fresh = Price(item=new.item, unit=unit, amount=new.amount, cost_microusd=new.cost_microusd)
    will = {**was, new.item: fresh}
    cheapest = _cheapest()
    found = typical_orders.of_item(new.item, image_model)
    return [_line(each, was, will, cheapest) for each in found if _is_whole(each, will)]


def now(image_model: ImageModel) -> list[Line]:
    """The same as it stands, for the list."""
    rows = rows_at(image_model, None)
    cheapest = _cheapest()
    return [_line(each, rows, rows, cheapest) for each in typical_orders.of(image_model) if _is_whole(each, rows)]


def warnings(new: NewPrice, lines: list[Line]) -> list[str]:
    """What somebody should see before they save it."""
    told = []
    if any(line.margin < 0 for line in lines):
        told.append("At this price some pictures cost us more at fal than they bring: the margin is negative.")
    elif any(line.least_margin < 0 for line in lines):
        told.append("With credits from the cheapest pack or plan on offer the margin of some pictures is negative.")
    leaps = [line.per_cent for line in lines if line.per_cent is not None]
    largest = max((abs(each) for each in leaps), default=0)
    if largest > repricing.PER_CENT_OF_A_LEAP:
        told.append(f"Some orders change by {largest} per cent. Is there a digit too many, or one too few?")
    return told


def rows_at(image_model: ImageModel, moment: datetime | None) -> dict[str, Price]:
    found: dict[str, Price] = {}
    for name in image_model.price_item_names:
        try:
            found |= prices.current([name], at=moment)
        except prices.NoPrice:
            continue
    return found


def _is_whole(each: typical_orders.Typical, rows: Mapping[str, Price]) -> bool:
    return all(part.item in rows for part in each.items)


def _line(
    each: typical_orders.Typical, was: Mapping[str, Price], will: Mapping[str, Price], cheapest: tuple[int, int]
) -> Line:
    after = prices.add_up(each.items, will)
    before = prices.add_up(each.items, was) if _is_whole(each, was) else None
    cents, credits = cheapest
    return Line(
        each.words,
        tuple(
            Step(quantity, before.amount * quantity if before else None, after.amount * quantity)
            for quantity in each.quantities
        ),
        after.cost_microusd,
        repricing.margin(after.amount, after.cost_microusd),
        repricing.margin(after.amount, after.cost_microusd, cents=cents, credits_of_cents=credits),
        repricing.margin(before.amount, before.cost_microusd) if before else None,
    )


def _cheapest() -> tuple[int, int]:
    """The offer that gives most credits for its money: cents, and 1/100 credits."""
    offers = [(each.cents, each.credits) for each in (*shop.packs(), *shop.plans())]
    return min([(LIST_CENTS, LIST_CREDITS), *offers], key=lambda each: each[0] / each[1])
