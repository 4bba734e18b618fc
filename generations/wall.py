"""The frames of a justified wall: rows of equal height, each picture as wide as its shape asks for.

The widths stand in the stylesheet, for a number of shapes that are narrow enough together; a picture of another shape
takes the nearest, and is cut by a hair. A page may set no sizes of its own: the policy allows no styles in it.
"""

from dataclasses import dataclass
from math import log

# Hundredths of width over height. Held against static/css/site.css by a test.
SHAPES = (
    30, 35, 40, 43, 47, 50, 53, 56, 60, 63, 67, 71, 75, 80, 85, 90, 95, 100, 105, 111, 118, 125, 133, 141, 150, 158,
    167, 178, 189, 200, 213, 224, 235, 250, 270, 300, 350,
)  # fmt: skip
ROW_REM, ROW_REM_ON_PHONE = 14.0, 9.0  # of the stylesheet: a row before it is stretched to the full width
STRETCH = 1.15  # by which it usually is


@dataclass(frozen=True)
class Frame:
    """`shape` is one of SHAPES; `sizes` says how wide it is shown, for a browser that has a choice of pictures."""

    shape: int

    @property
    def sizes(self) -> str:
        phone, wide = (self.shape / 100 * row * STRETCH for row in (ROW_REM_ON_PHONE, ROW_REM))
        return f"(max-width: 40rem) {phone:.1f}rem, {wide:.1f}rem"


def frame(width: int, height: int) -> Frame:
    """The nearest one for a picture of so many pixels."""
    wanted = log(100 * width / height)
    return Frame(min(SHAPES, key=lambda shape: abs(log(shape) - wanted)))
