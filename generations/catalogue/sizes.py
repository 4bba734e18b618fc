"""Sizes in pixels, for the image models that let one choose: a preset of fal's, or a size of one's own."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from generations.catalogue.inputs import Input, SafetyChecker
from generations.catalogue.strict import Choice, Strict, choices, refused

SIDE_MIN, SIDE_MAX = 256, 2048
PIXELS_MAX = 4_000_000

PRESETS = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
LABELS = {
    "square_hd": "Square",
    "square": "Small square",
    "portrait_4_3": "Portrait 3:4",
    "portrait_16_9": "Portrait 9:16",
    "landscape_4_3": "Landscape 4:3",
    "landscape_16_9": "Landscape 16:9",
}

Preset = Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]

Side = Annotated[int, Field(ge=SIDE_MIN, le=SIDE_MAX)]


class OwnSize(Strict):
    """A width and height of your own, in pixels; at most 4 megapixels together."""

    model_config = ConfigDict(title="Own size")

    width: Annotated[Side, Field(title="Width", description="In pixels.", examples=[1280])]
    height: Annotated[Side, Field(title="Height", description="In pixels.", examples=[720])]

    @model_validator(mode="after")
    def not_too_many_pixels(self) -> Self:
        if self.width * self.height > PIXELS_MAX:
            because = f"must have at most 4 megapixels: width times height may be {PIXELS_MAX}"
            raise refused("out_of_range", because, {"max_pixels": PIXELS_MAX})
        return self


def _kind_of_size(value: object) -> str:
    return "<own>" if isinstance(value, dict | OwnSize) else "<preset>"


ImageSize = Annotated[
    Annotated[Preset, Tag("<preset>")] | Annotated[OwnSize, Tag("<own>")],
    Discriminator(_kind_of_size),
    Field(
        title="Size",
        description="A size by name, or a width and height of your own.",
        examples=["landscape_4_3", {"width": 1280, "height": 720}],
        json_schema_extra=choices(
            [Choice(name, LABELS[name], f"{width} x {height} pixels") for name, (width, height) in PRESETS.items()],
            **{"x-kind": "size"},
        ),
    ),
]


class SizedInput(Input):
    """An input with `image_size`, and with a safety checker that only some users may switch off."""

    image_size: ImageSize
    enable_safety_checker: SafetyChecker = True

    def pixel_size(self) -> tuple[int, int]:
        if isinstance(self.image_size, OwnSize):
            return self.image_size.width, self.image_size.height
        return PRESETS[self.image_size]

    def needs_permission(self) -> tuple[str, ...]:
        return () if self.enable_safety_checker else ("enable_safety_checker",)
