"""Krea 2 Large: slower and finer, for the final picture. Facts: fal's and Civitai's pages of Krea 2."""

from generations.catalogue.image_model import Advice, ImageModel
from generations.catalogue.krea_2 import ADVICE, Krea2Input

IMAGE_MODEL = ImageModel(
    id="krea-2-large",
    order=20,
    name="Krea 2 Large",
    endpoint="krea/v2/large/text-to-image",
    oxen_id="krea-v2-large-text-to-image",
    summary="Best for the final picture: the finest detail, worth the wait.",
    not_for="It takes no LoRA, no negative prompt and no width or height of your own.",
    licence="Commercial use",
    input_schema=Krea2Input,
    max_quantity=10,
    priced_by="image",
    typical_s=(15, 40),
    deadline_s=600,
    good_for=(
        "The final picture, once the idea is found: fine detail, texture, many figures.",
        "Print, covers and hero pictures, where one good picture is worth more than four quick ones.",
        "Complex scenes that Krea 2 Medium draws too simply.",
    ),
    bad_for=(
        "Looking for an idea: Krea 2 Medium takes the same input, is quicker and costs less.",
        "A subject or style that you trained yourself: Krea 2 Turbo + LoRA takes your weights.",
        "A size in pixels of your own: FLUX.1 Krea [dev] and Krea 2 Turbo + LoRA take width and height.",
    ),
    advice=(
        Advice(
            "You come from Krea 2 Medium",
            "Keep the whole input and change only the image model. The seed does not carry over: the two draw "
            "different pictures from the same seed.",
        ),
        Advice(
            "You draw several at once",
            "Do not hold the line for a large batch: order, then ask for it or listen to events.",
        ),
        *ADVICE,
    ),
)
