"""The calculator of the landing page: an image model, a quantity, a size and style references become a price, by the
same brief and the same price rows as an order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from billing import prices

from . import catalogue, lifecycle, switches
from .brief import BadBrief
from .catalogue import ImageModel
from .catalogue.form_fields import Field
from .forms import StudioForm, known_model, source_of
from .offers import NOT_FOR_SALE

REFERENCES = "references"


@dataclass(frozen=True)
class Calculation:
    """The calculator's form and its result in 1/100 credit; `problem` says why there is none. `size` is the field that
    changes the price, None where no size does; `typed` what stands in the form, by the names of its controls."""

    image_model: ImageModel
    size: Field | None
    takes_references: bool
    each: int = 0
    quantity: int = 1
    problem: str = ""
    pixels: tuple[int, int] = (0, 0)
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.each * self.quantity


def calculate(asked: Mapping[str, str]) -> Calculation:
    """From `model`, `quantity`, `size` (with `width` and `height` for a size of one's own) and `references`; what is
    missing stands at its default."""
    image_model = known_model(asked.get("model", "")) or catalogue.get(catalogue.DEFAULT)
    fields = image_model.fields()
    size = next((each for each in fields if each.kind == "size"), None)
    lists = [each for each in fields if each.kind == "references"]
    typed = {"model": image_model.id, "quantity": asked.get("quantity", "").strip() or "1"}
    shown = dict(typed)
    if size is not None:
        shown["size"] = asked.get("size") or str(size.default)
        shown |= {part.name: asked.get(part.name, "").strip() or str(part.example) for part in size.parts}
        typed[size.name] = shown["size"]
        typed |= {f"{size.name}.{part.name}": shown[part.name] for part in size.parts}
    if lists and asked.get(REFERENCES):
        shown[REFERENCES] = "on"
        typed |= {f"{each.name}.0.{source_of(each).name}": str(source_of(each).example) for each in lists}
    return _priced(StudioForm(image_model, typed), Calculation(image_model, size, bool(lists), typed=shown))


def _priced(form: StudioForm, unpriced: Calculation) -> Calculation:
    try:
        brief = form.priced_brief()
        if notice := switches.now().notice(brief.image_model):
            return replace(unpriced, problem=notice)
        each = lifecycle.price(brief).amount
    except BadBrief as bad:
        return replace(unpriced, problem=bad.errors[0].in_form)
    except prices.NoPrice:
        return replace(unpriced, problem=NOT_FOR_SALE)
    return replace(unpriced, each=each, quantity=brief.quantity, pixels=brief.size())
