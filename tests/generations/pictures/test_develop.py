"""What is made of one picture that arrived: its marked original and three marked thumbnails."""

import hashlib
import io
from collections.abc import Callable

import pytest
from PIL import Image, PngImagePlugin

from generations.pictures import marks
from generations.pictures.develop import Developed, Sheet, develop
from generations.pictures.verify import BadPicture

Draw = Callable[..., bytes]


def test_develop_makes_three_thumbnails_by_the_longest_side(draw: Draw) -> None:
    developed = develop(draw("PNG", (2048, 1536)))

    assert _sizes(developed.variants) == {"1280": (1280, 960), "640": (640, 480), "320": (320, 240)}
    assert {sheet.content_type for sheet in developed.variants.values()} == {"image/webp"}


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1024, 1024), {"1280": (1024, 1024), "640": (640, 640), "320": (320, 320)}),
        ((576, 1024), {"1280": (576, 1024), "640": (360, 640), "320": (180, 320)}),
        ((512, 512), {"1280": (512, 512), "640": (512, 512), "320": (320, 320)}),
        ((256, 200), {"1280": (256, 200), "640": (256, 200), "320": (256, 200)}),
        ((3000, 2), {"1280": (1280, 1), "640": (640, 1), "320": (320, 1)}),
    ],
)
def test_develop_never_makes_a_picture_larger(
    draw: Draw, size: tuple[int, int], expected: dict[str, tuple[int, int]]
) -> None:
    assert _sizes(develop(draw("JPEG", size)).variants) == expected


def test_develop_marks_the_original_and_every_thumbnail(draw: Draw) -> None:
    developed = develop(draw("JPEG", (700, 500)))

    assert [marks.is_marked(sheet.data) for sheet in _all(developed)] == [True] * 4


def test_develop_hashes_the_bytes_that_will_be_served(draw: Draw) -> None:
    data = draw("PNG")

    original = develop(data).original

    assert original.data != data
    assert original.sha256 == hashlib.sha256(original.data).hexdigest()


def test_develop_leaves_no_prompt_in_any_file(draw: Draw) -> None:
    secret = "a lighthouse in fog"
    exif, text = Image.Exif(), PngImagePlugin.PngInfo()
    exif[0x9286] = secret
    text.add_itxt("XML:com.adobe.xmp", secret)
    data = draw("PNG", (700, 500), exif=exif, pnginfo=text)

    developed = develop(data)

    assert secret.encode() in data
    assert [secret.encode() in sheet.data for sheet in _all(developed)] == [False] * 4


@pytest.mark.parametrize(
    ("image_format", "mode"),
    [("PNG", mode) for mode in ("RGB", "RGBA", "L", "P", "1", "LA", "I;16")]
    + [("JPEG", mode) for mode in ("RGB", "L", "CMYK")],
)
def test_thumbnails_look_like_the_original(draw: Draw, image_format: str, mode: str) -> None:
    data = draw(image_format, (400, 300), mode)
    original = Image.open(io.BytesIO(draw("PNG", (400, 300), "L") if mode == "I;16" else data))

    thumbnail = Image.open(io.BytesIO(develop(data).variants["320"].data))

    assert max(abs(a - b) for a, b in zip(_gist(original), _gist(thumbnail), strict=True)) < 10


def test_thumbnails_of_a_turned_photograph_stand_upright(draw: Draw) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    developed = develop(draw("JPEG", (800, 400), exif=exif))

    thumbnail = Image.open(io.BytesIO(developed.variants["320"].data))
    assert (thumbnail.size, dict(thumbnail.getexif())) == ((160, 320), {})
    assert (developed.original.width, developed.original.height) == (400, 800)


@pytest.mark.parametrize(("space", "kept"), [(b"RGB ", True), (b"CMYK", False), (b"GRAY", False)])
def test_thumbnails_keep_a_colour_profile_that_fits_them(draw: Draw, space: bytes, kept: bool) -> None:
    profile = bytes(16) + space + b"XYZ " + b"a profile" * 20

    variants = develop(draw("JPEG", (800, 400), icc_profile=profile)).variants

    assert (Image.open(io.BytesIO(variants["640"].data)).info.get("icc_profile") == profile) is kept


@pytest.mark.parametrize("wanted", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("came", ["JPEG", "PNG", "WEBP"])
def test_develop_keeps_the_original_in_the_format_that_is_wished(draw: Draw, came: str, wanted: str) -> None:
    data = draw(came, icc_profile=b"\0" * 16 + b"RGB " + b"\0" * 8)

    developed, again = develop(data, wanted), develop(data, wanted)

    image = Image.open(io.BytesIO(developed.original.data))
    assert (image.format, developed.original.content_type) == (wanted.upper(), f"image/{wanted}")
    assert [each.data for each in _all(developed)] == [each.data for each in _all(again)]
    assert marks.is_marked(developed.original.data) and image.info["icc_profile"][16:20] == b"RGB "
    assert list(_gist(image)) == pytest.approx(list(_gist(Image.open(io.BytesIO(data)))), abs=6)


def test_a_picture_that_comes_as_wished_keeps_its_pixels_to_the_bit(draw: Draw) -> None:
    data = draw("JPEG")

    assert develop(data, "jpeg") == develop(data)


def test_what_is_transparent_becomes_white_in_a_jpeg(draw: Draw) -> None:
    clear = draw("PNG", mode="RGBA")

    image = Image.open(io.BytesIO(develop(clear, "jpeg").original.data))

    assert image.mode == "RGB"
    assert min(image.crop((100, 0, 101, 1)).tobytes()) > 240  # the ramp of transparency begins at the top


def test_develop_says_when_the_picture_is_black(draw: Draw) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")

    assert (develop(file.getvalue()).black, develop(draw("PNG")).black) == (True, False)


def test_develop_refuses_what_is_no_picture() -> None:
    with pytest.raises(BadPicture):
        develop(b"<html>502 Bad Gateway</html>")


def _gist(image: Image.Image) -> bytes:
    """48 pixels of the picture as it looks on white."""
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white.convert("RGB").resize((8, 6), Image.Resampling.BOX).tobytes()


def _sizes(variants: dict[str, Sheet]) -> dict[str, tuple[int, int]]:
    found = {width: Image.open(io.BytesIO(sheet.data)).size for width, sheet in variants.items()}
    assert found == {width: (sheet.width, sheet.height) for width, sheet in variants.items()}
    return found


def _all(developed: Developed) -> list[Sheet]:
    return [developed.original, *developed.variants.values()]
