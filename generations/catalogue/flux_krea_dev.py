"""FLUX.1 Krea [dev]: steps and guidance by hand. Facts: fal's page of the endpoint."""

from typing import Annotated, Literal

from pydantic import Field

from generations.catalogue.image_model import Advice, ImageModel
from generations.catalogue.inputs import ACCELERATIONS, OutputFormat
from generations.catalogue.sizes import ImageSize, SizedInput
from generations.catalogue.strict import choices


class FluxKreaDevInput(SizedInput):
    """A prompt, a size, and the two dials of a diffusion model: steps and guidance."""

    image_size: ImageSize = "landscape_4_3"
    num_inference_steps: Annotated[
        int,
        Field(
            title="Steps",
            description="How many passes the picture gets. More is finer and slower.",
            ge=1,
            le=50,
        ),
    ] = 28
    guidance_scale: Annotated[
        float,
        Field(
            title="Guidance",
            description="How closely the picture keeps to the prompt. Higher is closer and less natural.",
            ge=1,
            le=20,
        ),
    ] = 4.5
    acceleration: Annotated[
        Literal["none", "regular", "high"],
        Field(
            title="Acceleration",
            description="Quicker drawing for a little less care.",
            json_schema_extra=choices(ACCELERATIONS, **{"x-advanced": True}),
        ),
    ] = "none"
    output_format: OutputFormat = "jpeg"


IMAGE_MODEL = ImageModel(
    id="flux-krea-dev",
    order=40,
    name="FLUX.1 Krea [dev]",
    endpoint="fal-ai/flux/krea",
    oxen_id="flux-krea-dev",
    summary="Best for fine control: set the steps, the guidance and the size yourself.",
    not_for="It takes no style references, no LoRA and no negative prompt.",
    licence="Personal and commercial use",
    input_schema=FluxKreaDevInput,
    max_quantity=4,
    priced_by="megapixel",
    typical_s=(5, 15),  # our own guess, that of Krea 2 Medium: no page gives a time
    deadline_s=300,
    good_for=(
        "Photographs that look taken rather than drawn.",
        "Work where steps, guidance and size have to be set by hand and repeated exactly.",
        "Sizes in pixels of your own, up to 4 megapixels, priced by the megapixel.",
    ),
    bad_for=(
        "Following the style of a picture: Krea 2 Medium and Large take style references.",
        "A subject or style that you trained yourself: Krea 2 Turbo + LoRA takes your weights.",
    ),
    advice=(
        Advice("The picture leaves the prompt", "Raise the guidance, to 6 or 7. Above 10 colours turn hard."),
        Advice("The picture looks forced or too bright", "Lower the guidance, to 3 or 3.5."),
        Advice("Small things are unclear", "Raise the steps to 40. More than that rarely shows."),
        Advice(
            "You look for a composition",
            "Draw it small with acceleration high, then order the one you like at full size without acceleration.",
        ),
        Advice(
            "You found the picture and want it again",
            "Each picture keeps its seed. The same seed with the same input draws it again; a batch with a seed uses "
            "that seed and the ones after it.",
        ),
        Advice(
            "A picture is blocked",
            "The safety checker held it back and nothing was charged. The same input is stopped again, so change it.",
        ),
    ),
)
