"""What a painter has: gradients, glows, clouds, ridges, stars and small silhouettes. All quick, none needs numbers."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from standins.fal.palette import Colour

Box = tuple[int, int]
SMOOTH = Image.Resampling.BICUBIC


def sky(size: Box, top: Colour, middle: Colour, low: Colour) -> Image.Image:
    """A vertical gradient of three colours."""
    return upright(size, top, low, middle)


def upright(size: Box, top: Colour, low: Colour, middle: Colour | None = None) -> Image.Image:
    """A vertical gradient, painted one pixel wide."""
    line = Image.linear_gradient("L").resize((1, size[1]), SMOOTH)
    return ImageOps.colorize(line, top, low, middle).resize(size, Image.Resampling.NEAREST)


def glow(canvas: Image.Image, centre: Box, radius: int, colour: Colour, strength: float) -> None:
    """Light that fades with the distance."""
    mask = Image.radial_gradient("L").point(
        [round((1 - min(one / 181, 1)) ** 2 * 255 * strength) for one in range(256)]
    )
    mask = mask.resize((2 * radius, 2 * radius), SMOOTH)
    canvas.paste(colour, (centre[0] - radius, centre[1] - radius), mask)


def disc(canvas: Image.Image, centre: Box, radius: int, colour: Colour) -> None:
    """A round thing with a clean edge."""
    fine = Image.new("L", (radius * 6, radius * 6))
    ImageDraw.Draw(fine).ellipse((0, 0, radius * 6 - 1, radius * 6 - 1), fill=255)
    mask = fine.resize((radius * 2, radius * 2), Image.Resampling.BOX)
    canvas.paste(colour, (centre[0] - radius, centre[1] - radius), mask)


def clouds(canvas: Image.Image, chance: random.Random, colour: Colour, *, count: int, strength: float) -> None:
    """Long soft bands in the upper half."""
    small = Image.new("L", (128, 128))
    draw = ImageDraw.Draw(small)
    for _ in range(count):
        x, y = chance.randrange(-20, 128), chance.randrange(4, 72)
        wide, high = chance.randrange(30, 90), chance.randrange(2, 8)
        draw.ellipse((x, y, x + wide, y + high), fill=round(255 * strength * chance.uniform(0.4, 1)))
    mask = small.filter(ImageFilter.GaussianBlur(4)).resize(canvas.size, SMOOTH)
    canvas.paste(colour, (0, 0), mask)


def stars(canvas: Image.Image, chance: random.Random, count: int) -> None:
    draw = ImageDraw.Draw(canvas)
    width, height = canvas.size
    for _ in range(count):
        light = chance.randrange(150, 255)
        place = (chance.randrange(width), round(height * 0.6 * chance.random() ** 1.4))
        draw.point(place, fill=(light, light, min(light + 20, 255)))


def outline(
    chance: random.Random, width: int, *, level: float, swing: float, rough: float, steps: int = 8
) -> list[float]:
    """The heights of a ridge, one for each pixel step, by halving and shaking a line."""
    heights = [level + chance.uniform(-swing, swing) for _ in range(3)]
    reach = swing
    for _ in range(steps - 1):
        reach *= rough
        finer = [heights[0]]
        for left, right in pairwise(heights):
            finer += [(left + right) / 2 + chance.uniform(-reach, reach), right]
        heights = finer
        if len(heights) > width:
            break
    return heights


def wave(chance: random.Random, *, level: float, swing: float, count: int = 65) -> list[float]:
    """The heights of a dune: two slow swings."""
    one, other = chance.uniform(0, math.tau), chance.uniform(0, math.tau)
    slow, fast = chance.uniform(0.5, 1.1), chance.uniform(1.4, 2.4)
    return [
        level
        + swing * (math.sin(one + math.tau * slow * x / count) + 0.45 * math.sin(other + math.tau * fast * x / count))
        for x in range(count)
    ]


def land(canvas: Image.Image, heights: Sequence[float], top: Colour, low: Colour) -> None:
    """Fill below a line, from one colour at its highest point to another at the bottom."""
    width, height = canvas.size
    upper = max(min(round(min(heights)) - 1, height - 1), 0)
    mask = Image.new("L", (width, height - upper))
    step = width / (len(heights) - 1)
    points = [(index * step, one - upper) for index, one in enumerate(heights)]
    ImageDraw.Draw(mask).polygon([(0, height), *points, (width, height)], fill=255)
    canvas.paste(upright(mask.size, top, low), (0, upper), mask)


def pines(canvas: Image.Image, heights: Sequence[float], chance: random.Random, colour: Colour, count: int) -> None:
    """Firs along a line."""
    draw = ImageDraw.Draw(canvas)
    width, height = canvas.size
    for _ in range(count):
        place = chance.random()
        x, y = place * width, heights[min(round(place * (len(heights) - 1)), len(heights) - 1)] + 4
        tall = height * chance.uniform(0.04, 0.1)
        for tier in range(4):
            half, foot = tall * (0.1 + 0.05 * tier), y - tall * (0.78 - 0.24 * tier)
            draw.polygon([(x, foot - tall * 0.3), (x - half, foot), (x + half, foot)], fill=colour)


def birds(canvas: Image.Image, chance: random.Random, colour: Colour, count: int) -> None:
    """A few far away."""
    draw = ImageDraw.Draw(canvas)
    width, height = canvas.size
    x, y = chance.uniform(0.2, 0.7) * width, chance.uniform(0.15, 0.35) * height
    for _ in range(count):
        left, top, wing = x + chance.uniform(-0.1, 0.1) * width, y + chance.uniform(-0.05, 0.05) * height, width / 80
        draw.arc((left - 2 * wing, top, left, top + wing), 200, 340, fill=colour, width=2)
        draw.arc((left, top, left + 2 * wing, top + wing), 200, 340, fill=colour, width=2)


def lighthouse(canvas: Image.Image, foot: tuple[float, float], tall: float, stone: Colour, lamp: Colour) -> None:
    """A tower with a light."""
    x, y = foot
    draw = ImageDraw.Draw(canvas)
    half = tall * 0.09
    top = y - tall
    draw.polygon([(x - half, y + 6), (x - half * 0.62, top), (x + half * 0.62, top), (x + half, y + 6)], fill=stone)
    draw.rectangle((x - half * 0.85, top - tall * 0.02, x + half * 0.85, top), fill=stone)
    draw.rectangle((x - half * 0.5, top - tall * 0.12, x + half * 0.5, top - tall * 0.02), fill=lamp)
    draw.polygon(
        [(x - half * 0.75, top - tall * 0.12), (x, top - tall * 0.22), (x + half * 0.75, top - tall * 0.12)], fill=stone
    )
    glow(canvas, (round(x), round(top - tall * 0.07)), round(tall * 0.55), lamp, 0.7)
