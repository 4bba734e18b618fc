"""Krea 2 Large: slower and finer, for the final picture. Facts: fal's and Civitai's pages of Krea 2."""

from generations.catalogue.image_model import ImageModel
from generations.catalogue.krea_2 import Krea2Input

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
)
