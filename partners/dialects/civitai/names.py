"""What Civitai calls the image models, the fields of their input, and what can be told of a workflow."""

SIZES = {"medium": "krea-2-medium", "large": "krea-2-large"}
SAYS = {"engine": "fal", "model": "krea2", "operation": "createImage"}
CAMEL = {
    "aspect_ratio": "aspectRatio",
    "image_style_references": "imageStyleReferences",
    "image_url": "imageUrl",
}
SNAKE = {camel: snake for snake, camel in CAMEL.items()}
OUTPUT_FORMATS = {"jpeg": "jpeg", "png": "png", "webP": "webp"}
SCOPES = ("workflow", "step", "job")
TOLD = ("*", "unassigned", "processing", "succeeded", "failed", "expired", "canceled")
CALLBACK_TYPES = tuple(f"{scope}:{status}" for scope in SCOPES for status in TOLD)
