"""What the present lines of the log are about: one request from the browser to fal, its generation, image and draw.

The ids live in the context of the running code: a thread, a coroutine or a task says `about(…)` around its work, and
the formatters (krea_site/logs.py) write them with every line. The id of the request is made where it comes in, kept on
the generation (`Generation.trace`), and taken up again by whatever works on it later.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .models import Draw, Generation

REQUEST: Final = "request"
NAMES: Final = (REQUEST, "generation", "image", "draw", "task")
HEADER: Final = "X-Krea-Request-Id"  # what fal is told; servers pass over headers that they do not know
_NOTHING: Final[Mapping[str, str]] = {}
_present: ContextVar[Mapping[str, str]] = ContextVar("generations.trace", default=_NOTHING)


def present() -> Mapping[str, str]:
    """The ids that are known here, by NAMES."""
    return _present.get()


def request() -> str | None:
    """The id of the request that the present work began with."""
    return _present.get().get(REQUEST)


@contextmanager
def about(**ids: str | None) -> Iterator[None]:
    """Within, lines of the log carry these ids beside those that are known already; None leaves one as it is."""
    token = _present.set({**_present.get(), **{name: id for name, id in ids.items() if id}})
    try:
        yield
    finally:
        _present.reset(token)


def begin(**ids: str | None) -> None:
    """From here on these ids and no others, for a process that does one thing after another."""
    _present.set({name: id for name, id in ids.items() if id})


def of(generation: "Generation") -> dict[str, str | None]:
    """For `about`."""
    return {REQUEST: generation.trace, "generation": str(generation.pk)}


def of_draw(draw: "Draw") -> dict[str, str | None]:
    """For `about`; the draw comes with its image and generation."""
    return {**of(draw.image.generation), "image": str(draw.image_id), "draw": str(draw.pk)}
