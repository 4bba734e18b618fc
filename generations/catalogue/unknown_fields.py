"""What to say to someone who names a field that an image model does not take: what to do instead."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from generations.catalogue.image_model import ImageModel

# Fields of other services that no image model here takes, each with what to do.
ADVICE = {
    "negative_prompt": "no image model here does. Say in the prompt what you do want to see",
    "num_images": "use quantity, beside the input",
    "num_outputs": "use quantity, beside the input",
    "num_generations": "use quantity, beside the input",
    "batch_size": "use quantity, beside the input",
    "n": "use quantity, beside the input",
    "quantity": "quantity stands beside the input, not in it",
    "model": "model stands beside the input, not in it",
    "sync_mode": "it is not supported. Every picture is kept and fetched from its own address",
    "webhook_url": "webhook_url stands beside the input, not in it",
}

# Other people's names for fields that some of ours have.
MEANT = {
    "width": "image_size",
    "height": "image_size",
    "size": "image_size",
    "resolution": "image_size",
    "ratio": "aspect_ratio",
    "lora": "loras",
    "lora_url": "loras",
    "lora_weights": "loras",
    "references": "image_style_references",
    "style_references": "image_style_references",
    "image_url": "image_style_references",
    "steps": "num_inference_steps",
    "num_steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "cfg": "guidance_scale",
    "cfg_scale": "guidance_scale",
    "format": "output_format",
    "safety_checker": "enable_safety_checker",
}

# Two ways to say the same thing, of which an image model has one.
NEAR = {"image_size": "aspect_ratio", "aspect_ratio": "image_size"}


def advise(name: str, image_model: ImageModel, catalogue: Sequence[ImageModel]) -> str:
    """A sentence or two; `name` must already be harmless to show."""
    start = f"{image_model.name} takes no {name}"
    plain = _snake_case(name)
    if plain in ADVICE:
        return f"{start}: {ADVICE[plain]}."
    meant = MEANT.get(plain, plain)
    own = image_model.field_names
    if meant in own:
        return f"{start}: use {meant}."
    takers = [other.name for other in catalogue if meant in other.field_names]
    if takers:
        instead = f": use {NEAR[meant]}" if NEAR.get(meant) in own else ""
        as_meant = "" if meant == name else f", as {meant}"
        return f"{start}{instead}. {_list(takers)} {'takes' if len(takers) == 1 else 'take'} it{as_meant}."
    close = get_close_matches(plain, own, n=1)
    if close:
        return f"{start}. Did you mean {close[0]}?"
    return f"{start}. It takes {_list(own)}."


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def _list(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
