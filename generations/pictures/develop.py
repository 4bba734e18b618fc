"""A picture that arrived becomes the files that are kept: checked, converted where that is wished, marked, with its
thumbnails.

Work of the processor only: no disk, no database, no settings.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from PIL import Image

from generations.pictures import marks
from generations.pictures.verify import CONTENT_TYPES, Verified, is_black, verify

# Longest sides in pixels, in falling order: each is made from the one before, not from the original.
WIDTHS = (1280, 640, 320)
QUALITY = 80
# Of WebP's seven efforts: from 2 on it costs half as much again and more, for files that are hardly smaller.
EFFORT = 1
# The same on every machine and at every time, so that the same bytes make the same file.
CONVERTED: dict[str, dict[str, Any]] = {
    "jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "png": {"format": "PNG", "compress_level": 6},
    "webp": {"format": "WEBP", "quality": 95, "method": 4},
}


@dataclass(frozen=True)
class Sheet:
    """One finished file that is not written yet; width and height in pixels."""

    data: bytes
    content_type: str
    width: int
    height: int

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Developed:
    """The original, marked, and a thumbnail for each width. `black`: the picture is black all over."""

    original: Sheet
    variants: dict[str, Sheet]
    black: bool


def develop(data: bytes, output_format: str = "") -> Developed:
    """All the files that belong to the picture in `data`; the original as `output_format` (jpeg, png, webp; empty: as
    it came). Where it is smaller than a width, that variant has the picture's own size. Raises BadPicture."""
    picture = verify(data)
    content_type = picture.content_type
    if output_format and content_type != f"image/{output_format}":
        data, content_type = _converted(picture.image, output_format), f"image/{output_format}"
    original = Sheet(marks.mark(data, content_type), content_type, picture.width, picture.height)
    return Developed(original, dict(_thumbnails(picture)), is_black(picture.image))


def _converted(image: Image.Image, output_format: str) -> bytes:
    """The picture in another format, as nearly the same as that one can; JPEG knows no transparency: white."""
    file, profile = io.BytesIO(), _rgb_profile(image)
    if output_format == "jpeg" and image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    image.save(file, icc_profile=profile, **CONVERTED[output_format])
    return file.getvalue()


def _thumbnails(picture: Verified) -> Iterator[tuple[str, Sheet]]:
    image, profile = picture.image, _rgb_profile(picture.image)
    sheet: Sheet | None = None
    for width in WIDTHS:
        if sheet is None or max(image.size) > width:
            image = _smaller(image, width)
            sheet = _webp(image, profile)
        yield str(width), sheet


def _smaller(image: Image.Image, longest: int) -> Image.Image:
    scale = longest / max(image.size)
    if scale >= 1:
        return image
    box = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(box, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _rgb_profile(image: Image.Image) -> bytes:
    """The colour profile, unless it speaks of grey or of inks: the thumbnail is in RGB whatever the
    original was."""
    profile: bytes = image.info.get("icc_profile") or b""
    return profile if profile[16:20] == b"RGB " else b""


def _webp(image: Image.Image, icc_profile: bytes) -> Sheet:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=QUALITY, method=EFFORT, xmp=marks.XMP, icc_profile=icc_profile)
    return Sheet(file.getvalue(), CONTENT_TYPES["WEBP"], image.width, image.height)
