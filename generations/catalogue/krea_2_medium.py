"""Krea 2 Medium: quick and cheap, for finding the picture. Facts: fal's and Civitai's pages of Krea 2."""

from generations.catalogue.image_model import ImageModel
from generations.catalogue.krea_2 import Krea2Input

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
)
