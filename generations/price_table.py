"""What every image model costs now, by its price rows: one picture as the form first shows it, one with a style
reference, and each price item in words. One query for all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing import prices
from billing.models import Price, Unit

from . import catalogue, switches
from .brief import Brief
from .catalogue import ImageModel, examples
from .offers import price_rows


@dataclass(frozen=True)
class ItemLine:
    """One price item: `amount` in 1/100 credit, and for what, to go on after the amount."""

    item: str
    amount: int
    meaning: str


@dataclass(frozen=True)
class ModelPrices:
    """An image model's prices in 1/100 credit. `plain`: one picture at the default `size`; `with_references` None where
    it takes none. Without `items` it is not for sale, and then the numbers mean nothing. `notice`: what staff says
    while it is switched off."""

    image_model: ImageModel
    size: tuple[int, int]
    plain: int = 0
    with_references: int | None = None
    items: tuple[ItemLine, ...] = ()
    notice: str = ""

    @property
    def is_for_sale(self) -> bool:
        return bool(self.items)


def read(image_models: Sequence[ImageModel] | None = None) -> list[ModelPrices]:
    """The prices of these image models (all), as they are now."""
    wanted = catalogue.all() if image_models is None else image_models
    rows = price_rows([name for image_model in wanted for name in image_model.price_item_names])
    return [_of(image_model, rows) for image_model in wanted]


def _of(image_model: ImageModel, rows: Mapping[str, Price]) -> ModelPrices:
    plain = Brief.read(image_model.id, examples.usual(image_model))
    if any(name not in rows for name in image_model.price_item_names):
        return ModelPrices(image_model, plain.size(), notice=switches.now().notice(image_model.id))
    referenced = with_reference(image_model)
    return ModelPrices(
        image_model,
        plain.size(),
        _amount(plain, rows),
        None if referenced is None else _amount(referenced, rows),
        tuple(_line(image_model, rows[name]) for name in image_model.price_item_names),
        switches.now().notice(image_model.id),
    )


def with_reference(image_model: ImageModel) -> Brief | None:
    """The usual brief with one style reference, for its price alone; None where the image model takes none."""
    lists = [field for field in image_model.fields() if field.kind == "references"]
    more = {field.name: examples.value_of(field) for field in lists}
    return Brief.read(image_model.id, examples.usual(image_model) | more) if more else None


def _amount(brief: Brief, rows: Mapping[str, Price]) -> int:
    return prices.add_up([prices.Item(each.item, each.pixels) for each in brief.price_items()], rows).amount


def _line(image_model: ImageModel, row: Price) -> ItemLine:
    if row.item != image_model.id:
        what = row.item.removeprefix(f"{image_model.id}.").replace("_", " ")
        return ItemLine(row.item, row.amount, f"added once to each picture with {what}")
    if row.unit == Unit.MEGAPIXEL:
        pixels = "1,000,000 pixels, width times height, rounded up to 1/100 credit for each picture"
        return ItemLine(row.item, row.amount, f"for {pixels}")
    return ItemLine(row.item, row.amount, "for each picture, whatever its shape")
