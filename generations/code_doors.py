"""The APIs that code samples are shown for. A new one is an entry in DOORS and its templates,
`templates/models/code/<door>/<way>.<ending>.txt`."""

from collections.abc import Mapping
from typing import Any

from .catalogue import ImageModel
from .code_shapes import CannotSay, Door, Way


def native_body(image_model: ImageModel, input: Mapping[str, Any], quantity: int) -> dict[str, Any]:
    return {"model": image_model.id, "input": dict(input), "quantity": quantity}


NATIVE = Door(
    "native",
    "Native API",
    "/api/v1",
    native_body,
    (
        Way("wait", "Wait for it", "One call that answers with the pictures. For one or a few of them."),
        Way("poll", "Ask for it", "Order, then ask until it is done. For large batches; nothing is held open."),
        Way("events", "Be told", "Listen to your events and hear when it is done. For many orders at once."),
    ),
    about="Everything that the site can do, with exact prices. For new programs.",
)


def fal_body(image_model: ImageModel, input: Mapping[str, Any], quantity: int) -> dict[str, Any]:
    if quantity > FAL_IMAGES_MAX:
        raise CannotSay(f"fal's API takes at most {FAL_IMAGES_MAX} pictures at once. Choose fewer, or another API.")
    return {**input, **({"num_images": quantity} if quantity > 1 else {})}


FAL_IMAGES_MAX = 4
FAL = Door(
    "fal",
    "fal",
    "/fal",
    fal_body,
    (
        Way("wait", "Wait for it", "One call that answers with the pictures. For one or a few of them."),
        Way("poll", "Ask for it", "Submit, then ask for the status until it is COMPLETED, then for the result."),
        Way("events", "Be told", "Submit, then hear of every change of the status until it is COMPLETED."),
    ),
    about="The queue of fal. For programs that were made for fal, and for its own clients.",
)


def civitai_body(image_model: ImageModel, input: Mapping[str, Any], quantity: int) -> dict[str, Any]:
    given = {CIVITAI_NAMES.get(name, name): value for name, value in input.items()}
    if "imageStyleReferences" in given:
        given["imageStyleReferences"] = [
            {CIVITAI_NAMES.get(name, name): value for name, value in each.items()}
            for each in given["imageStyleReferences"]
        ]
    step = {
        "engine": "fal", "model": "krea2", "operation": "createImage", "size": CIVITAI_SIZES[image_model.id], **given,
        **({"quantity": quantity} if quantity > 1 else {}),
    }  # fmt: skip
    return {"steps": [{"$type": "imageGen", "input": step}]}


CIVITAI_SIZES = {"krea-2-medium": "medium", "krea-2-large": "large"}
CIVITAI_NAMES = {
    "aspect_ratio": "aspectRatio",
    "image_style_references": "imageStyleReferences",
    "image_url": "imageUrl",
}
CIVITAI = Door(
    "civitai",
    "Civitai",
    "/v2/consumer",
    civitai_body,
    (
        Way(
            "wait", "Wait for it", "One call that answers with the workflow and its pictures. For one or a few of them."
        ),
        Way("poll", "Ask for it", "Submit the workflow, then ask for it until it has ended. For large batches."),
    ),
    about="The workflows of Civitai's orchestration. For programs that were made for Civitai; Krea 2 alone.",
    serves=lambda image_model: image_model.id in CIVITAI_SIZES,
)


def oxen_body(image_model: ImageModel, input: Mapping[str, Any], quantity: int) -> dict[str, Any]:
    if quantity > OXEN_GENERATIONS_MAX:
        raise CannotSay(f"Oxen's API takes at most {OXEN_GENERATIONS_MAX} pictures at once. Choose fewer.")
    return {"model": image_model.oxen_id, **input, **({"num_generations": quantity} if quantity > 1 else {})}


OXEN_GENERATIONS_MAX = 4
OXEN = Door(
    "oxen",
    "Oxen",
    "/api",
    oxen_body,
    (
        Way("wait", "Wait for it", "One call that answers with the addresses of the pictures."),
        Way("poll", "Ask for it", "Put it into the queue, then ask for it until it has ended."),
        Way("events", "Be told", "Put it into the queue, then listen for its end. For many orders at once."),
    ),
    about="The inference API of Oxen. For programs that were made for Oxen.",
)
DOORS = (NATIVE, FAL, CIVITAI, OXEN)
