"""Is this really a picture, and may it be decoded here?

Nothing that came over the wire is believed: the type is told from the content, the size is read from the
header and limited before a pixel is decoded, and then every pixel is decoded, so that a cut-off file is
found out now and not in a customer's browser.
"""

import io
from dataclasses import dataclass, field

from PIL import Image, ImageOps

from generations.pictures import containers

CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
RESULT_FORMATS = ("JPEG", "PNG", "WEBP")
REFERENCE_FORMATS = (*RESULT_FORMATS, "GIF", "AVIF")
MAX_PIXELS = 40_000_000
# The lightest value, of 255, that a picture which is meant to be all black may hold after a lossy encoder.
BLACK_AT_MOST = 8


class BadPicture(Exception):
    """The bytes are no picture that we take.

    `reason` may be shown to a customer. `code` is one of: empty, unknown_type, too_many_pixels, animated,
    broken, black (that one only from `store.keep`).
    """

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


@dataclass(frozen=True)
class Verified:
    """A picture that was decoded to its last pixel. Width and height in pixels, as it is shown: turned as
    its EXIF says. `image` is that picture in RGB, or RGBA where it has transparency: decoded once for all."""

    content_type: str
    width: int
    height: int
    image_format: str
    image: Image.Image = field(repr=False, compare=False)


def verify(
    data: bytes,
    *,
    formats: tuple[str, ...] = RESULT_FORMATS,
    max_pixels: int = MAX_PIXELS,
    first_frame: bool = False,
) -> Verified:
    """Decode `data` in full and say what it is. `first_frame` takes the first picture of an animation, which
    is else refused. Raises BadPicture."""
    image_format = containers.image_format(data)
    if not data:
        raise BadPicture("The file is empty.", "empty")
    if image_format is None or image_format not in formats:
        raise BadPicture(f"The file is not a {_listed(formats)} picture.", "unknown_type")
    _refuse_bomb(containers.size(data), max_pixels)
    if image_format in RESULT_FORMATS:
        _refuse_damage(data)
    image = _decoded(data, image_format, max_pixels, first_frame)
    return Verified(CONTENT_TYPES[image_format], image.width, image.height, image_format, image)


def is_black(image: Image.Image) -> bool:
    """True for a picture that is black all over: what a safety checker gives in place of the real one."""
    opaque = image if image.mode == "RGB" else image.convert("RGB")
    lighter = opaque.point(lambda value: value > BLACK_AT_MOST and 255)
    return lighter.getbbox() is None


def _refuse_bomb(size: tuple[int, int] | None, max_pixels: int) -> None:
    if size is None:
        return
    width, height = size
    if width * height > max_pixels:
        limit = max_pixels // 1_000_000
        raise BadPicture(
            f"The picture has {width} x {height} pixels; at most {limit} megapixels are allowed.",
            "too_many_pixels",
        )


def _refuse_damage(data: bytes) -> None:
    """Pillow passes over wrong checksums and a missing end; the walk through the container does not."""
    try:
        containers.parts(data)
    except containers.BrokenBox as error:
        raise BadPicture(str(error), "broken") from error


def _decoded(data: bytes, image_format: str, max_pixels: int, first_frame: bool) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=[image_format])
        _refuse_bomb(image.size, max_pixels)
        if getattr(image, "n_frames", 1) > 1 and not first_frame:
            raise BadPicture("The picture is an animation; only still pictures are taken.", "animated")
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return _plain(image)
    except BadPicture:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadPicture("The picture has too many pixels.", "too_many_pixels") from error
    except Exception as error:  # Pillow's readers raise nearly anything on hostile bytes
        raise BadPicture("The picture is cut off or damaged.", "broken") from error


def _plain(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel: `convert` would cut at 255 where it must divide
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _listed(formats: tuple[str, ...]) -> str:
    names = ["WebP" if name == "WEBP" else name for name in formats]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
