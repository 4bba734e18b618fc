"""A picture that arrived becomes the files that are kept: checked, marked, with its thumbnails.

Work of the processor only: no disk, no database, no settings.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from generations.pictures import marks
from generations.pictures.verify import CONTENT_TYPES, Verified, is_black, verify

# Longest sides in pixels, in falling order: each is made from the one before, not from the original.
WIDTHS = (1280, 640, 320)
QUALITY = 80
# Of WebP's seven efforts: from 2 on it costs half as much again and more, for files that are hardly smaller.
EFFORT = 1


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


def develop(data: bytes) -> Developed:
    """All the files that belong to the picture in `data`. Where it is smaller than a width, that variant
    has the picture's own size. Raises BadPicture."""
    picture = verify(data)
    marked = marks.mark(data, picture.content_type)
    original = Sheet(marked, picture.content_type, picture.width, picture.height)
    return Developed(original, dict(_thumbnails(picture)), is_black(picture.image))


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
