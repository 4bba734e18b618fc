"""The brief: what a customer asked to be drawn. Every door makes one; all below sees only that."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any, cast

from generations import catalogue
from generations.catalogue.field_errors import FieldError, Place
from generations.catalogue.image_model import ImageModel, PriceItem
from generations.catalogue.inputs import SEED_MAX, Input
from generations.catalogue.reading import read

__all__ = ["BadBrief", "Brief", "FieldError"]


class BadBrief(Exception):
    """The brief cannot be drawn as it is; `errors` says everything that is wrong with it, at once."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(" ".join(error.detail for error in self.errors))


@dataclass(frozen=True)
class Brief:
    """An image model, its input and how many pictures: checked once, here, and never changed after.

    `input` is canonical: defaults are filled in, so that a picture can be made again when defaults have
    changed, and a seed that is not pinned is left out. `same_seed` gives every image of a batch the one
    pinned seed. The input stays out of `repr`, since prompts do not belong in logs.
    """

    image_model: str
    input: Mapping[str, Any] = field(repr=False)
    quantity: int = 1
    same_seed: bool = False
    _checked: Input = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        raw: object = self.input
        if isinstance(raw, Mapping):
            raw = {key: _thawed(value) for key, value in raw.items()}
        checked = _check(self.image_model, raw, self.quantity)
        object.__setattr__(self, "_checked", checked)
        object.__setattr__(self, "input", _frozen(checked.model_dump(mode="json", exclude_none=True)))

    def __hash__(self) -> int:
        return hash(self.digest())

    @classmethod
    def read(
        cls, image_model_id: object, raw_input: object, quantity: object = 1, *, same_seed: bool = False
    ) -> "Brief":
        """A brief from whatever a door was given, or from a row. BadBrief with every error there is."""
        raw = cast(Mapping[str, Any], raw_input)
        return cls(cast(str, image_model_id), raw, cast(int, quantity), same_seed)

    @property
    def model(self) -> ImageModel:
        return catalogue.get(self.image_model)

    @property
    def seed(self) -> int | None:
        """The pinned seed; None when each image is to get a random one."""
        return self._checked.seed

    def input_json(self) -> dict[str, Any]:
        """The input as plain JSON values, for the caller to keep or change."""
        return cast(dict[str, Any], _thawed(self.input))

    def digest(self) -> str:
        """SHA-256 in hexadecimal of the canonical JSON: equal for equal briefs, however they were written."""
        values = [self.image_model, self.input_json(), self.quantity, self.same_seed]
        return sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def price_items(self) -> tuple[PriceItem, ...]:
        """What one of the images costs; the brief costs `quantity` times that."""
        return self.model.price_items(self._checked)

    def size(self) -> tuple[int, int]:
        """Width and height to expect, in pixels."""
        return self.model.size(self._checked)

    def seeds(self, random_source: Callable[[int], int] = secrets.randbelow) -> list[int]:
        """A seed for each image; `random_source(n)` gives an integer from 0 to n - 1."""
        if self.seed is None:
            return [random_source(SEED_MAX + 1) for _ in range(self.quantity)]
        step = 0 if self.same_seed else 1
        return [(self.seed + index * step) % (SEED_MAX + 1) for index in range(self.quantity)]

    def needs_permission(self) -> list[str]:
        """Fields of the input with a value that only some users may choose."""
        return self.model.needs_permission(self._checked)

    def reference_urls(self) -> tuple[str, ...]:
        """Where the style references are: http(s) addresses, data URIs or ids of uploads."""
        return tuple(reference.image_url for reference in self.model.references(self._checked))

    def reference_place(self, index: int) -> Place:
        """Where that reference stands in the body, for `FieldError.at`."""
        return ("input", self._checked.REFERENCES, index, "image_url")

    def lora_paths(self) -> tuple[str, ...]:
        """The https addresses of the LoRA weights."""
        return tuple(lora.path for lora in self.model.loras(self._checked))

    def lora_place(self, index: int) -> Place:
        """Where that LoRA stands in the body, for `FieldError.at`."""
        return ("input", self._checked.LORAS, index, "path")

    def with_references(self, new_urls: Sequence[str]) -> "Brief":
        """A copy with other addresses for the same references, in order; ValueError for more or fewer."""
        references = self.model.references(self._checked)
        if not references and not new_urls:
            return self
        pairs = zip(references, new_urls, strict=True)
        replaced = [{"image_url": url, "strength": reference.strength} for reference, url in pairs]
        return replace(self, input=self.input_json() | {self._checked.REFERENCES: replaced})

    def fal_body(self, seed: int, reference_urls: Sequence[str] = ()) -> dict[str, Any]:
        """What fal is sent for one image: with this seed, and with addresses that fal can reach."""
        return self.model.fal_body(self._checked, seed, reference_urls)


def _check(image_model_id: object, raw_input: object, quantity: object) -> Input:
    image_models = catalogue.all()
    image_model = next((known for known in image_models if known.id == image_model_id), None)
    if image_model is None:
        ids = [known.id for known in image_models]
        names = ", ".join(known.name for known in image_models)
        detail, in_form = f"model must be one of {', '.join(ids)}.", f"Image model must be one of {names}."
        unknown = FieldError.at(("model",), "not_allowed", detail, ids, in_form)
        most = max(known.max_quantity for known in image_models)
        raise BadBrief([unknown, *_quantity_errors(quantity, most)])
    checked, errors = read(image_model, raw_input, image_models)
    errors += _quantity_errors(quantity, image_model.max_quantity)
    if checked is None or errors:
        raise BadBrief(errors)
    return checked


def _quantity_errors(quantity: object, most: int) -> list[FieldError]:
    is_integer = isinstance(quantity, int) and not isinstance(quantity, bool)
    if is_integer and 1 <= cast(int, quantity) <= most:
        return []
    code = "out_of_range" if is_integer else "wrong_type"
    because = f"must be a whole number from 1 to {most}."
    allowed = {"minimum": 1, "maximum": most}
    return [FieldError.at(("quantity",), code, f"quantity {because}", allowed, f"Quantity {because}")]


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(inner) for key, inner in value.items()})
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value


def _thawed(value: Any) -> Any:
    """Undo `_frozen`, and go no further: the rest is a stranger's, and nested as deep as they like."""
    if isinstance(value, MappingProxyType):
        return {key: _thawed(inner) for key, inner in value.items()}
    return [_thawed(inner) for inner in value] if isinstance(value, tuple) else value
