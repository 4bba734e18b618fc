"""A generation in the words of the statement: "2 images, Krea 2 Large, style references". Never the prompt."""

from . import catalogue
from .brief import BadBrief, Brief
from .models import Generation


def ordered(generation: Generation, brief: Brief) -> str:
    """What was ordered, for what is set aside."""
    return _words(_images(generation.quantity), generation, brief)


def delivered(generation: Generation, stored: int) -> str:
    """What was paid for: how many of the images arrived, where some did not."""
    quantity = generation.quantity
    return _words(
        _images(quantity) if stored == quantity else f"{stored} of {_images(quantity)}", generation, _brief(generation)
    )


def paid_back(generation: Generation, returned: int) -> str:
    """What credits came back for."""
    quantity = generation.quantity
    told = _images(quantity) if returned == quantity else f"{returned} of {_images(quantity)}"
    return f"Credits back for {told}, {model_name(generation.image_model)}"


def model_name(image_model: str) -> str:
    """As people call it; the id of one that today's catalogue does not know."""
    known = next((each for each in catalogue.all() if each.id == image_model), None)
    return known.name if known else image_model


def _words(images: str, generation: Generation, brief: Brief | None) -> str:
    words = [images, model_name(generation.image_model)]
    if brief and (size := _priced_size(brief)):
        words.append("{} \N{MULTIPLICATION SIGN} {} pixels".format(*size))
    if generation.references:
        words.append("style references")
    return ", ".join(words)


def _brief(generation: Generation) -> Brief | None:
    """None for one that today's catalogue would refuse."""
    try:
        return generation.brief
    except BadBrief:
        return None


def _priced_size(brief: Brief) -> tuple[int, int] | None:
    """The size, where the price follows from it."""
    return brief.size() if any(item.pixels for item in brief.price_items()) else None


def _images(number: int) -> str:
    return f"{number} image{'' if number == 1 else 's'}"
