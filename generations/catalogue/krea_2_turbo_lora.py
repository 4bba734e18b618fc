"""Krea 2 Turbo + LoRA: draws with weights that the customer trained. Facts: fal's page of the endpoint."""

from typing import Annotated, Literal

from pydantic import Field

from generations.catalogue.addresses import Lora
from generations.catalogue.image_model import Advice, ImageModel
from generations.catalogue.inputs import ACCELERATIONS, OutputFormat
from generations.catalogue.sizes import ImageSize, SizedInput
from generations.catalogue.strict import choices

LORAS_MAX = 3


class Krea2TurboLoraInput(SizedInput):
    """A prompt, a size, and up to three sets of your own weights."""

    image_size: ImageSize = "square_hd"
    loras: Annotated[
        tuple[Lora, ...],
        Field(
            title="LoRAs",
            description="Weights of your own subject or style.",
            max_length=LORAS_MAX,
            strict=False,  # JSON knows lists only, and a tuple cannot be changed afterwards
            json_schema_extra={"x-kind": "loras"},
        ),
    ] = ()
    acceleration: Annotated[
        Literal["none", "regular"],
        Field(
            title="Acceleration",
            description="Quicker drawing for a little less care.",
            json_schema_extra=choices(ACCELERATIONS[:2], **{"x-advanced": True}),
        ),
    ] = "none"
    output_format: OutputFormat = "png"

    def lora_weights(self) -> tuple[Lora, ...]:
        return self.loras


IMAGE_MODEL = ImageModel(
    id="krea-2-turbo-lora",
    order=30,
    name="Krea 2 Turbo + LoRA",
    endpoint="fal-ai/krea-2/turbo/lora",
    oxen_id="krea-2-turbo-lora",
    summary="Best for your own subject or style: bring up to three LoRAs that you trained.",
    not_for="It takes no style references, no creativity and no negative prompt.",
    licence="See https://fal.ai/models/fal-ai/krea-2/turbo/lora",
    input_schema=Krea2TurboLoraInput,
    max_quantity=4,
    priced_by="megapixel",
    typical_s=(4, 12),  # our own guess, from its being the quick one: no page gives a time
    deadline_s=300,
    good_for=(
        "Your own subject, face, product or style, from weights that you trained.",
        "Many cheap pictures: it is priced by the megapixel, and a small picture costs little.",
        "Sizes in pixels of your own, up to 4 megapixels.",
    ),
    bad_for=(
        "Following the style of a picture without training: Krea 2 Medium and Large take style references.",
        "Fine control of steps and guidance: FLUX.1 Krea [dev] has both.",
    ),
    advice=(
        Advice(
            "Your subject hardly shows",
            "Use the trigger word that it was trained with, then raise the scale in small steps above 1.",
        ),
        Advice(
            "Everything looks like the training pictures", "Lower the scale: 0.6 to 0.8 leaves room for the prompt."
        ),
        Advice("Two LoRAs fight", "Lower both scales, so that together they stay near 1."),
        Advice(
            "A LoRA is refused",
            "Its address must begin with https, end in .safetensors and be open to everybody. Nothing is charged for "
            "a refusal.",
        ),
        Advice(
            "You look for a composition",
            "Draw it small first, at 512 x 512: a quarter of the pixels is a quarter of the price.",
        ),
        Advice(
            "A picture is blocked",
            "The safety checker held it back and nothing was charged. The same input is stopped again, so change it.",
        ),
    ),
)
