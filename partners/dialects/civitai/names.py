"""What Civitai calls the image models and the fields of their input."""

SIZES = {"medium": "krea-2-medium", "large": "krea-2-large"}
SAYS = {"engine": "fal", "model": "krea2", "operation": "createImage"}
CAMEL = {
    "aspect_ratio": "aspectRatio",
    "image_style_references": "imageStyleReferences",
    "image_url": "imageUrl",
}
SNAKE = {camel: snake for snake, camel in CAMEL.items()}
