"""Which colours a picture is painted in: from its prompt, its seed and all else that should be seen in it."""

import colorsys
import random
from dataclasses import dataclass

from standins.fal.luck import digest, fraction
from standins.fal.sketch import Sketch

Colour = tuple[int, int, int]
BOLDNESS = {"raw": 0.5, "low": 0.8, "medium": 1.0, "high": 1.25}


@dataclass(frozen=True)
class Mood:
    """Hues from 0 to 1; how dark the sky is and how misty the land, from 0 to 1."""

    sky: float
    light: float
    land: float
    darkness: float
    mist: float


MOODS = {
    "dusk sunset dawn sunrise golden evening desert fire warm autumn fox": Mood(0.72, 0.05, 0.8, 0.42, 0.4),
    "night moon star stars dark galaxy space midnight neon city": Mood(0.63, 0.58, 0.66, 0.85, 0.3),
    "fog mist misty rain storm cloud grey gray lighthouse": Mood(0.57, 0.1, 0.55, 0.25, 0.85),
    "sea ocean beach wave water lake boat island harbour river": Mood(0.56, 0.1, 0.54, 0.2, 0.35),
    "forest tree trees jungle garden green meadow moss spring": Mood(0.52, 0.13, 0.4, 0.2, 0.5),
    "snow ice winter mountain glacier arctic": Mood(0.6, 0.93, 0.62, 0.25, 0.5),
    "flower pink rose dream love candy portrait": Mood(0.87, 0.07, 0.9, 0.25, 0.45),
}


@dataclass(frozen=True)
class Palette:
    """Sky from top to bottom, the light in it, the land from far to near, and one colour for accents."""

    sky: tuple[Colour, Colour, Colour]
    light: Colour
    far: Colour
    near: Colour
    accent: Colour
    dark: bool


def palette_of(sketch: Sketch) -> Palette:
    """The colours of a sketch; always the same for the same one."""
    chance = random.Random(digest(f"{sketch.prompt}|{sketch.seed}|{sketch.style}"))
    mood = mood_of(sketch, chance)
    turn = sum((fraction(path) - 0.5) * 0.6 * scale for path, scale in sketch.loras)
    sky_hue, light_hue, land_hue = (
        hue + turn + chance.uniform(-0.04, 0.04) for hue in (mood.sky, mood.light, mood.land)
    )
    dim, mist = mood.darkness, mood.mist
    vivid = BOLDNESS[sketch.creativity] * (0.7 + 0.3 * min(sketch.guidance / 4.5, 2)) * (1 - 0.35 * mist)
    top = colour(sky_hue, 0.75 * vivid, 0.92 - 0.75 * dim)
    low = colour(light_hue, 0.5 * vivid, 1.0 - 0.3 * dim)
    middle = blend(top, low, chance.uniform(0.4, 0.6))
    light = colour(light_hue + 0.03, 0.22 * vivid, 1.0)
    far = blend(colour(land_hue, 0.5 * vivid, 0.72 - 0.3 * dim), low, mist * 0.5)
    near = colour(land_hue + 0.03, 0.75 * vivid, 0.27 - 0.17 * dim)
    accent = colour(light_hue - 0.03, 0.85 * vivid, 0.95)
    return Palette(
        sky=(tinted(top, sketch), tinted(middle, sketch), tinted(low, sketch)),
        light=tinted(light, sketch),
        far=tinted(far, sketch),
        near=tinted(near, sketch),
        accent=tinted(accent, sketch),
        dark=dim > 0.6,
    )


def mood_of(sketch: Sketch, chance: random.Random) -> Mood:
    """The mood that most words of the prompt call for; by chance where none does."""
    words = set("".join(one if one.isalnum() else " " for one in sketch.prompt.lower()).split())
    scores = {mood: len(words & set(names.split())) for names, mood in MOODS.items()}
    best = max(scores.values())
    return chance.choice([mood for mood, score in scores.items() if score == best])


def tinted(given: Colour, sketch: Sketch) -> Colour:
    """Drawn towards the style references, or away from those with a negative strength; light stays light."""
    found = given
    for red, green, blue, strength in sketch.tints:
        share = (1 - 0.5 ** abs(strength)) / len(sketch.tints) ** 0.5
        own, theirs = max(brightness(found), 1.0), max(brightness((red, green, blue)), 1.0)
        scale = (0.65 * own + 0.35 * theirs) / theirs
        target = (round(red * scale), round(green * scale), round(blue * scale))
        found = blend(found, target, share if strength > 0 else -share)
    return found


def colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, clamp(saturation), clamp(value))
    return round(red * 255), round(green * 255), round(blue * 255)


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other; below 0 or above 1 it goes beyond."""
    red, green, blue = (round(clamp((a + (b - a) * share) / 255) * 255) for a, b in zip(one, other, strict=True))
    return red, green, blue


def brightness(given: tuple[float, float, float]) -> float:
    return 0.3 * given[0] + 0.59 * given[1] + 0.11 * given[2]


def clamp(value: float) -> float:
    return min(max(value, 0.0), 1.0)
