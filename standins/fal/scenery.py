"""The four ways of painting, one for each image model, so that nobody takes one's picture for another's."""

import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

from standins.fal import brushes
from standins.fal.luck import fraction
from standins.fal.palette import Palette, blend
from standins.fal.sketch import Sketch

ROUGHNESS = {"raw": 0.42, "low": 0.48, "medium": 0.53, "high": 0.6}
Scene = Callable[[Sketch, Palette, random.Random, tuple[int, int]], Image.Image]


def ridges(sketch: Sketch, palette: Palette, chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """Krea 2 Medium: hills behind hills in the mist, under a low sun."""
    width, height = size
    canvas = lit_sky(sketch, palette, chance, size)
    count = chance.randrange(5, 7)
    heights: list[float] = []
    for layer in range(count):
        depth = layer / (count - 1)
        level = height * (0.52 + 0.4 * depth)
        swing = height * (0.05 + 0.07 * depth)
        heights = brushes.outline(chance, width // 4, level=level, swing=swing, rough=ROUGHNESS[sketch.creativity])
        if layer == count - 2 and "lighthouse" in sketch.prompt.lower():
            stand_lighthouse(canvas, heights, palette, chance)
        top = blend(palette.far, palette.near, depth)
        brushes.land(canvas, heights, top, blend(top, palette.sky[2], 0.55 * (1 - depth)))
    brushes.pines(canvas, heights, chance, palette.near, chance.randrange(6, 16))
    return canvas


def lake(sketch: Sketch, palette: Palette, chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """Krea 2 Large: peaks, sharp and many, over still water that shows them again."""
    width, height = size
    shore = round(height * chance.uniform(0.6, 0.68))
    canvas = lit_sky(sketch, palette, chance, (width, shore))
    for layer in range(4):
        depth = layer / 3
        level, swing = shore * (0.62 + 0.32 * depth), shore * (0.2 - 0.13 * depth)
        rough = ROUGHNESS[sketch.creativity]
        heights = brushes.outline(chance, width, level=level, swing=swing, rough=rough, steps=9)
        top = blend(palette.far, palette.near, depth * 0.85)
        brushes.land(canvas, heights, top, blend(top, palette.sky[2], 0.5 * (1 - depth)))
        if layer == 2 and "lighthouse" in sketch.prompt.lower():
            stand_lighthouse(canvas, heights, palette, chance)
    brushes.pines(canvas, [shore - 3.0, shore - 3.0], chance, palette.near, 26)
    brushes.birds(canvas, chance, blend(palette.near, palette.sky[1], 0.2), 5)
    whole = Image.new("RGB", size, palette.near)
    whole.paste(canvas, (0, 0))
    whole.paste(water(canvas, palette, chance, (width, height - shore)), (0, shore))
    near = brushes.outline(chance, width // 3, level=height * 0.95, swing=height * 0.03, rough=0.55)
    brushes.land(whole, near, palette.near, blend(palette.near, (0, 0, 0), 0.4))
    return whole


def papercut(sketch: Sketch, palette: Palette, chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """Krea 2 Turbo + LoRA: sheets of paper with round holes, one over another. LoRAs move the holes and the colours."""
    width, height = size
    reach = (width**2 + height**2) ** 0.5 / 2
    sway = sum((fraction(path + "x") - 0.5) * scale for path, scale in sketch.loras)
    x, y = width * (chance.uniform(0.35, 0.65) + 0.2 * sway), height * (chance.uniform(0.35, 0.6) - 0.1 * sway)
    canvas = brushes.sky(size, palette.sky[0], palette.sky[1], palette.sky[2])
    brushes.glow(canvas, (round(x), round(y)), round(reach * 0.6), palette.light, 0.9)
    brushes.disc(canvas, (round(x), round(y)), round(reach * 0.11), palette.light)
    for layer in range(6):
        depth = layer / 5
        hole = Image.new("L", size, 255)
        draw = ImageDraw.Draw(hole)
        for _ in range(3 + layer):
            radius = reach * (0.2 + 0.16 * layer) * chance.uniform(0.72, 1)
            dx, dy = (chance.uniform(-0.1, 0.1) * reach for _ in range(2))
            draw.ellipse((x + dx - radius, y + dy - radius, x + dx + radius, y + dy + radius), fill=0)
        tiny = hole.resize((width // 8, height // 8), Image.Resampling.NEAREST)
        shade = tiny.filter(ImageFilter.GaussianBlur(2)).point([one // 2 for one in range(256)])
        dark = blend(palette.near, (0, 0, 0), 0.5)
        canvas.paste(dark, (3, 5), shade.resize(size, Image.Resampling.BILINEAR))
        paper = blend(blend(palette.accent, palette.far, depth * 1.6), palette.near, max(depth * 1.5 - 0.6, 0))
        canvas.paste(paper, (0, 0), hole)
    return canvas


def dunes(sketch: Sketch, palette: Palette, chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """FLUX.1 Krea: long dunes lit from the side. More steps, more of them."""
    height = size[1]
    canvas = lit_sky(sketch, palette, chance, size)
    count = 3 + round(min(sketch.steps, 50) / 12)
    for layer in range(count):
        depth = layer / (count - 1)
        swing = height * (0.025 + 0.07 * depth)
        heights = brushes.wave(chance, level=height * (0.55 + 0.38 * depth), swing=swing)
        sand = blend(blend(palette.accent, palette.sky[2], 0.6 - 0.5 * depth), palette.near, depth * 0.55)
        if layer == count - 2 and "lighthouse" in sketch.prompt.lower():
            stand_lighthouse(canvas, heights, palette, chance)
        brushes.land(canvas, heights, blend(sand, palette.light, 0.4), blend(sand, palette.near, 0.8))
    return canvas


def lit_sky(sketch: Sketch, palette: Palette, chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """A sky with a sun or a moon, clouds, and stars where it is dark."""
    width, height = size
    canvas = brushes.sky(size, *palette.sky)
    if palette.dark:
        brushes.stars(canvas, chance, width * height // 900)
    centre = round(width * chance.uniform(0.2, 0.8)), round(height * chance.uniform(0.2, 0.48))
    brushes.glow(canvas, centre, round(height * 0.62), palette.light, 0.75)
    brushes.disc(canvas, centre, round(min(size) * chance.uniform(0.035, 0.075)), palette.light)
    bold = {"raw": 3, "low": 6, "medium": 10, "high": 18}[sketch.creativity]
    brushes.clouds(canvas, chance, blend(palette.light, palette.sky[1], 0.4), count=bold, strength=0.7)
    return canvas


def water(shown: Image.Image, palette: Palette, chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """What stands above the shore upside down, blurred sideways and darkened, with glints."""
    above = shown.transpose(Image.Transpose.FLIP_TOP_BOTTOM).crop((0, 0, size[0], min(size[1] * 2, shown.height)))
    soft = above.resize((size[0] // 10, size[1] // 2), Image.Resampling.BOX).resize(size, brushes.SMOOTH)
    shade = brushes.upright(size, blend(palette.sky[2], palette.near, 0.4), palette.near)
    found = Image.blend(soft, shade, 0.38)
    draw = ImageDraw.Draw(found)
    glint = blend(palette.light, palette.sky[1], 0.3)
    for _ in range(40):
        x, y = chance.randrange(size[0]), round(chance.random() ** 2 * size[1])
        long = chance.randrange(6, 10 + size[0] // 12)
        draw.line((x, y, x + long, y), fill=blend(found_colour(found, x, y), glint, 0.4))
    return found


def found_colour(image: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    pixel = image.getpixel((min(x, image.width - 1), min(y, image.height - 1)))
    return (int(pixel[0]), int(pixel[1]), int(pixel[2])) if isinstance(pixel, tuple) else (0, 0, 0)


def stand_lighthouse(canvas: Image.Image, heights: list[float], palette: Palette, chance: random.Random) -> None:
    """On the highest place of a line, well inside the picture."""
    inner = range(len(heights) // 6, len(heights) * 5 // 6)
    best = min(inner, key=lambda index: heights[index])
    foot = (best * canvas.width / (len(heights) - 1), heights[best])
    stone = blend(palette.near, palette.far, 0.25)
    brushes.lighthouse(canvas, foot, canvas.height * chance.uniform(0.22, 0.3), stone, palette.light)


SCENES: dict[str, Scene] = {
    "krea/v2/medium/text-to-image": ridges,
    "krea/v2/large/text-to-image": lake,
    "fal-ai/krea-2/turbo/lora": papercut,
    "fal-ai/flux/krea": dunes,
}
