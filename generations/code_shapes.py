"""What a sample of code is made of: a language, a way to get at the pictures, and a door, an API of the site."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .catalogue import ImageModel

Body = Callable[[ImageModel, Mapping[str, Any], int], dict[str, Any]]


class CannotSay(ValueError):
    """A door has no words for an order, though it has the image model; a sentence for the customer."""


@dataclass(frozen=True)
class Language:
    """`needs`: what has to be installed to run a sample."""

    id: str
    name: str
    ending: str
    needs: str


@dataclass(frozen=True)
class Way:
    """One way to get at the pictures: its heading, and in a sentence when to take it."""

    id: str
    name: str
    about: str


def every(image_model: ImageModel) -> bool:
    """For a door that serves all image models."""
    return True


@dataclass(frozen=True)
class Door:
    """An API of the site. `path` is where it begins, `body` what is sent: for an image model, its input, a quantity.

    `body` raises CannotSay for an order that it has no words for. `serves` says which image models it has; `about` for
    whom it is, in a sentence; `needs` what has to be installed, by the id of a language, where that is not the
    language's own. `more` adds to what its templates are filled with.
    """

    id: str
    name: str
    path: str
    body: Body
    ways: tuple[Way, ...]
    about: str = ""
    serves: Callable[[ImageModel], bool] = every
    needs: Mapping[str, str] = field(default_factory=dict)
    more: Callable[[ImageModel], Mapping[str, Any]] = field(default=lambda image_model: {})


@dataclass(frozen=True)
class Sample:
    door: Door
    way: Way
    language: Language
    code: str

    @property
    def needs(self) -> str:
        return self.door.needs.get(self.language.id, self.language.needs)


LANGUAGES = (
    Language("curl", "curl", "sh", "bash, curl and jq"),
    Language("python", "Python", "py", "Python 3.9 or later, no package"),
    Language("javascript", "JavaScript", "mjs", "Node 18 or later, no package"),
)
