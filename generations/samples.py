"""The sample pictures of the landing and model pages: what is drawn for them, and what was.

`manage.py draw_samples` draws WISHES through the product and writes thumbnails with a list of them; the ones that are
shipped lie in static/samples, an operator's own in VAR_DIR/assets/samples, which comes first where static files are
looked for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.templatetags.static import static

from .forms import known_model

FOLDER = "samples"
LIST = "samples.json"
STAND_IN = "stand-in"


@dataclass(frozen=True)
class Wish:
    """A picture to draw: the name of its files, its image model and its input."""

    name: str
    image_model: str
    input: Mapping[str, Any]


WISHES = (
    Wish(
        "coast",
        "krea-2-large",
        {
            "prompt": "A lighthouse above calm water, first light through thin fog, oil on canvas",
            "aspect_ratio": "3:2",
            "seed": 4,
        },
    ),
    Wish(
        "hills",
        "krea-2-medium",
        {
            "prompt": "Layered hills at dusk after a hot day, a low sun, tall firs in front",
            "aspect_ratio": "3:2",
            "creativity": "high",
            "seed": 1,
        },
    ),
    Wish(
        "paper",
        "krea-2-turbo-lora",
        {
            "prompt": "Rings of cut paper around a pale sun, forest green, soft shadows",
            "image_size": {"width": 1248, "height": 832},
            "seed": 3,
        },
    ),
    Wish(
        "night",
        "flux-krea-dev",
        {
            "prompt": "Dunes under a clear night sky full of stars, long exposure, photograph",
            "image_size": {"width": 1248, "height": 832},
            "seed": 2,
        },
    ),
)


@dataclass(frozen=True)
class Sample:
    """One sample picture; `files` are (file name, width in pixels), rising, `width` and `height` those of the last."""

    image_model: str
    prompt: str
    drawn_by: str
    width: int
    height: int
    files: tuple[tuple[str, int], ...]

    @property
    def model_name(self) -> str:
        image_model = known_model(self.image_model)
        return image_model.name if image_model else self.image_model

    @property
    def is_by_standin(self) -> bool:
        return self.drawn_by == STAND_IN

    @property
    def src(self) -> str:
        """The address of the middle size."""
        return static(f"{FOLDER}/{self.files[len(self.files) // 2][0]}")

    @property
    def srcset(self) -> str:
        return ", ".join(f"{static(f'{FOLDER}/{name}')} {width}w" for name, width in self.files)


@cache
def pictures() -> tuple[Sample, ...]:
    """Every sample there is, in order; none where the list is missing. Read once in the life of a process."""
    found = finders.find(f"{FOLDER}/{LIST}")
    if not found:
        return ()
    listed = json.loads(Path(found).read_text())
    return tuple(Sample(**each | {"files": tuple((name, width) for name, width in each["files"])}) for each in listed)


def of_model(id: str) -> Sample | None:
    """The sample picture of an image model, if it has one."""
    return next((sample for sample in pictures() if sample.image_model == id), None)
