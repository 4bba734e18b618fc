"""What the inputs of all image models share: the prompt, the seed, and what is asked of any input."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from generations.catalogue.addresses import Lora, StyleReference
from generations.catalogue.strict import Choice, Strict, choices, refused

PROMPT_MAX = 5000
SEED_MAX = 2**32 - 1

# Every line break that an editor or a PDF may paste, vertical tab and form feed included.
LINE_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")


def _one_kind_of_line_break(value: object) -> object:
    return LINE_BREAK.sub("\n", value) if isinstance(value, str) else value


def _readable(value: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in value if character not in "\n\t"):
        raise refused("not_allowed", "must not hold control characters")  # PostgreSQL cannot store a NUL
    if not any(character.isprintable() and not character.isspace() for character in value):
        raise refused("too_short", f"is empty: describe the picture in 1 to {PROMPT_MAX} characters")
    return value


Prompt = Annotated[
    str,
    Field(
        title="Prompt",
        description="What the picture should show, in your own words.",
        examples=["A lighthouse in thick fog at dawn, oil on canvas, soft grey light"],
        min_length=1,
        max_length=PROMPT_MAX,
    ),
    BeforeValidator(_one_kind_of_line_break),
    AfterValidator(_readable),
]

Seed = Annotated[
    Annotated[int, Field(ge=0, le=SEED_MAX)] | None,
    Field(
        title="Seed",
        description="The same seed with the same input gives the same picture again. Left out: a random one.",
        examples=[20261120],
        json_schema_extra={"x-advanced": True, "x-seed": True},
    ),
]

ACCELERATIONS = (
    Choice("none", "None", "No short cuts: the best picture this image model can draw."),
    Choice("regular", "Regular", "A little quicker, hardly to be told apart."),
    Choice("high", "High", "The quickest; fine detail may suffer."),
)

OutputFormat = Annotated[
    Literal["jpeg", "png"],
    Field(
        title="File format",
        description="The kind of file you get.",
        json_schema_extra=choices(
            (
                Choice("jpeg", "JPEG", "Small files, good for photographs."),
                Choice("png", "PNG", "Larger files, nothing lost."),
            ),
            **{"x-advanced": True},
        ),
    ),
]

SafetyChecker = Annotated[
    bool,
    Field(
        title="Safety checker",
        description="Holds back pictures that are not safe to show. Only some accounts may switch it off.",
        json_schema_extra={"x-advanced": True, "x-needs-permission": True},
    ),
]


class Input(Strict):
    """What an image model is asked for: checked JSON whose field names are fal's own."""

    SURCHARGES: ClassVar[tuple[str, ...]] = ()
    """Every surcharge that this input can cause: the names of price items behind `<image model id>.`"""
    REFERENCES: ClassVar[str] = "image_style_references"
    """The field that holds the style references, in an input that takes any."""
    LORAS: ClassVar[str] = "loras"
    """The field that holds the LoRAs, in an input that takes any."""

    prompt: Prompt
    seed: Seed = None

    def pixel_size(self) -> tuple[int, int]:
        """Width and height of the picture to expect, in pixels."""
        raise NotImplementedError

    def surcharges(self) -> tuple[str, ...]:
        """Those of SURCHARGES that apply to this input, each charged once for each image."""
        return ()

    def style_references(self) -> tuple[StyleReference, ...]:
        return ()

    def lora_weights(self) -> tuple[Lora, ...]:
        return ()

    def needs_permission(self) -> tuple[str, ...]:
        """Fields with a value that only some users may choose; the caller knows the user."""
        return ()

    def fal_body(self, seed: int, reference_urls: Sequence[str] = ()) -> dict[str, Any]:
        """What fal is sent: every field said aloud, so that no default of theirs can change a picture."""
        return self.model_dump(mode="json", exclude_none=True) | {"seed": seed}
