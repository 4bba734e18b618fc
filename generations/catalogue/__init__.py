"""The catalogue of image models: one file each in this folder, found by itself.

A new image model is a new file here that declares IMAGE_MODEL, and a price row in billing. Its form, its
validation, its JSON Schema, its price items and what fal is sent all follow from that file.
"""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from generations.catalogue.image_model import ImageModel, PriceItem

DEFAULT = "krea-2-medium"

__all__ = ["DEFAULT", "ImageModel", "PriceItem", "UnknownImageModel", "all", "find", "get"]


class UnknownImageModel(LookupError):
    """There is no image model of this id; `known` are the ids that there are."""

    def __init__(self, id: str, known: Iterable[str]) -> None:
        self.known = tuple(known)
        super().__init__(f"There is no image model {id[:60]!r}. There are: {', '.join(self.known)}.")


@cache
def all() -> tuple[ImageModel, ...]:
    """Every image model, in the order in which lists show them."""
    return find(__path__, __name__)


def get(id: str) -> ImageModel:
    """The image model of an id. UnknownImageModel names those that exist."""
    for image_model in all():
        if image_model.id == id:
            return image_model
    raise UnknownImageModel(id, (image_model.id for image_model in all()))


def find(folders: Iterable[str], package: str) -> tuple[ImageModel, ...]:
    """The IMAGE_MODEL of every module in the folders of a package; ValueError where two share an id."""
    modules = [import_module(f"{package}.{found.name}") for found in iter_modules(folders)]
    image_models = [module.IMAGE_MODEL for module in modules if hasattr(module, "IMAGE_MODEL")]
    ids = [image_model.id for image_model in image_models]
    if len(set(ids)) < len(ids):
        raise ValueError(f"Two image models share an id: {sorted(ids)}")
    return tuple(sorted(image_models, key=lambda image_model: (image_model.order, image_model.id)))


all()  # on import, so that a broken file stops the start of a process and not a customer
