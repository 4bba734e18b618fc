"""Krea 2 Medium: quick and cheap, for finding the picture. Facts: fal's and Civitai's pages of Krea 2."""

from generations.catalogue.image_model import Advice, ImageModel
from generations.catalogue.krea_2 import ADVICE, Krea2Input

IMAGE_MODEL = ImageModel(
    id="krea-2-medium",
    order=10,
    name="Krea 2 Medium",
    endpoint="krea/v2/medium/text-to-image",
    oxen_id="krea-v2-medium-text-to-image",
    summary="Best for exploring: quick, cheap pictures while you look for the right one.",
    not_for="It takes no LoRA, no negative prompt and no width or height of your own.",
    licence="Commercial use",
    input_schema=Krea2Input,
    max_quantity=10,
    priced_by="image",
    typical_s=(5, 15),
    deadline_s=300,
    finished_by="krea-2-large",
    good_for=(
        "Finding the picture: try prompts, shapes and styles quickly and at a low price.",
        "Everyday pictures for posts, slides and drafts.",
        "Series in one style, held together by the same style references.",
    ),
    bad_for=(
        "The last bit of detail: Krea 2 Large takes the same input and draws finer.",
        "A subject or style that you trained yourself: Krea 2 Turbo + LoRA takes your weights.",
        "A size in pixels of your own: FLUX.1 Krea [dev] and Krea 2 Turbo + LoRA take width and height.",
    ),
    advice=(
        Advice(
            "You do not know yet what you want",
            "Start with a short prompt, a quantity of four and creativity high; then name what you liked.",
        ),
        *ADVICE,
    ),
)
