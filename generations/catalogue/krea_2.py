"""What Krea 2 Medium and Krea 2 Large have in common: their input, to the letter."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from generations.catalogue.addresses import StyleReference
from generations.catalogue.image_model import Advice
from generations.catalogue.inputs import Input
from generations.catalogue.strict import Choice, choices

REFERENCES_MAX = 10

# fal does not publish these; the true size is read from each file. They serve the form and the quote.
ASPECT_PIXELS = {
    "1:1": (1024, 1024),
    "4:3": (1184, 896),
    "3:2": (1248, 832),
    "16:9": (1376, 768),
    "2.35:1": (1568, 672),
    "4:5": (928, 1152),
    "2:3": (832, 1248),
    "9:16": (768, 1376),
}
ASPECT_LABELS = {
    "1:1": "Square",
    "4:3": "Classic",
    "3:2": "Photo",
    "16:9": "Wide",
    "2.35:1": "Cinema",
    "4:5": "Portrait",
    "2:3": "Tall photo",
    "9:16": "Phone",
}

CREATIVITY = (
    Choice("raw", "Raw", "Draws what the prompt says and adds nothing of its own."),
    Choice("low", "Low", "Stays near the prompt and fills the gaps with care."),
    Choice("medium", "Medium", "A balance of your words and the image model's own ideas."),
    Choice("high", "High", "Takes the prompt as a starting point; surprises are likely."),
)

ADVICE = (
    Advice(
        "The picture leaves the prompt",
        "Set creativity to low. If it still wanders, set it to raw: then only what the prompt says is drawn.",
    ),
    Advice(
        "The picture is correct and dull",
        "Set creativity to high, or say less: a short prompt leaves more room.",
    ),
    Advice(
        "The style is not yours",
        "Add style references, up to ten, each with a strength of its own. They carry brushwork, light and colour; "
        "an object that must appear belongs in the prompt.",
    ),
    Advice(
        "There is a look to avoid",
        "Add a picture of that look as a style reference with a strength below 0: it pushes the result away.",
    ),
    Advice(
        "A style reference is refused",
        "Its address must be open to everybody and lead to a JPEG, PNG or WebP file. Nothing is charged for a refusal.",
    ),
    Advice(
        "You found the picture and want it again",
        "Each picture keeps its seed. The same seed with the same input and image model draws it again; a batch with a "
        "seed uses that seed and the ones after it.",
    ),
    Advice(
        "A picture is blocked",
        "The content check stopped it and nothing was charged. The same input is stopped again, so change the prompt "
        "or the reference.",
    ),
)


class Krea2Input(Input):
    """A prompt, the shape of the picture, how freely to read the prompt, and styles to follow."""

    SURCHARGES: ClassVar[tuple[str, ...]] = ("style_references",)

    aspect_ratio: Annotated[
        Literal["1:1", "4:3", "3:2", "16:9", "2.35:1", "4:5", "2:3", "9:16"],
        Field(
            title="Aspect ratio",
            description="The shape of the picture. Each shape has one fixed size.",
            json_schema_extra=choices(
                [
                    Choice(ratio, f"{ASPECT_LABELS[ratio]} {ratio}", f"about {width} x {height} pixels")
                    for ratio, (width, height) in ASPECT_PIXELS.items()
                ]
            ),
        ),
    ] = "1:1"
    creativity: Annotated[
        Literal["raw", "low", "medium", "high"],
        Field(
            title="Creativity",
            description="How freely the prompt is read.",
            json_schema_extra=choices(CREATIVITY),
        ),
    ] = "medium"
    image_style_references: Annotated[
        tuple[StyleReference, ...],
        Field(
            title="Style references",
            description="Pictures whose style to follow. They carry style rather than objects.",
            max_length=REFERENCES_MAX,
            strict=False,  # JSON knows lists only, and a tuple cannot be changed afterwards
            json_schema_extra={"x-kind": "references"},
        ),
    ] = ()

    def pixel_size(self) -> tuple[int, int]:
        return ASPECT_PIXELS[self.aspect_ratio]

    def surcharges(self) -> tuple[str, ...]:
        return self.SURCHARGES if self.image_style_references else ()

    def style_references(self) -> tuple[StyleReference, ...]:
        return self.image_style_references

    def fal_body(self, seed: int, reference_urls: Sequence[str] = ()) -> dict[str, Any]:
        pairs = zip(reference_urls, self.image_style_references, strict=True)
        references = [{"image_url": url, "strength": reference.strength} for url, reference in pairs]
        return super().fal_body(seed) | {"image_style_references": references}
