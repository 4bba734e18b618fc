"""From a sketch to the bytes of a file: the scene small, then enlarged, then the caption that says who drew it."""

import io
import random
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from standins.fal.luck import digest
from standins.fal.palette import palette_of
from standins.fal.png import png
from standins.fal.scenery import SCENES
from standins.fal.sketch import Sketch

SMALLER_BY = 2  # a scene is soft anyway; painting it at half size takes a quarter of the time
CAPTION = "drawn by the local stand-in"


def paint(sketch: Sketch) -> Image.Image:
    """The picture of a sketch: RGB, of exactly the size that was asked for."""
    size = (sketch.width, sketch.height)
    if sketch.black:
        return Image.new("RGB", size)
    chance = random.Random(digest(f"{sketch.prompt}|{sketch.seed}"))
    small = (max(sketch.width // SMALLER_BY, 64), max(sketch.height // SMALLER_BY, 64))
    scene = SCENES[sketch.style](sketch, palette_of(sketch), chance, small)
    image = scene.resize(size, Image.Resampling.BICUBIC)
    write_caption(image, [CAPTION, sketch.name, f"seed {sketch.seed}"])
    return image


def write_caption(image: Image.Image, parts: list[str]) -> None:
    """White on a dim strip along the lower edge; one part a line where the picture is too narrow for all."""
    size = max(min(image.size) // 56, 10)
    font, draw = font_of(size), ImageDraw.Draw(image)
    lines = ["  ·  ".join(parts)]
    if draw.textlength(lines[0], font) > image.width - 2 * size:
        lines = parts
    top = image.height - round(size * (0.9 + 1.3 * len(lines)))
    shade = image.crop((0, top, *image.size)).point([one * 2 // 5 for one in range(256)] * 3)
    image.paste(shade, (0, top))
    for index, line in enumerate(lines):
        draw.text((size, top + size * (0.5 + 1.3 * index)), line, fill=(235, 235, 235), font=font)


@lru_cache(maxsize=16)
def font_of(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def encode(image: Image.Image, kind: str) -> bytes:
    """The bytes of a PNG or JPEG file."""
    if kind == "png":
        return png(image)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=88)
    return file.getvalue()
