"""What counts as a picture, and what is turned away before it costs anything."""

import io
import struct
import zlib
from collections.abc import Callable
from random import Random

import pytest
from PIL import Image

from generations.pictures import containers
from generations.pictures.verify import REFERENCE_FORMATS, BadPicture, is_black, verify

Draw = Callable[..., bytes]


@pytest.mark.parametrize(
    ("image_format", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_verify_tells_type_and_size_from_the_bytes(draw: Draw, image_format: str, content_type: str) -> None:
    verified = verify(draw(image_format, (200, 150)))

    assert (verified.content_type, verified.image_format) == (content_type, image_format)
    assert (verified.width, verified.height) == (200, 150)
    assert verified.image.getpixel((199, 149)) is not None


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_verify_refuses_a_file_that_was_cut_off_anywhere(draw: Draw, image_format: str) -> None:
    whole = draw(image_format, (64, 48))

    taken = [length for length in range(len(whole)) if not _is_refused(whole[:length])]

    assert taken == []


def test_verify_refuses_a_png_with_one_wrong_bit_in_its_pixels(draw: Draw) -> None:
    data = bytearray(draw("PNG"))
    data[data.index(b"IDAT") + 40] ^= 1

    with pytest.raises(BadPicture) as refused:
        verify(bytes(data))

    assert refused.value.code == "broken"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<html><body>Not found</body></html>", "unknown_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unknown_type"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "unknown_type"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (b"\xff\xd8\xff", "broken"),
        (b"\xff\xd8\xff\xff\xff\xff", "broken"),
        (b"RIFF\x04\0\0\0WEBP", "broken"),
    ],
)
def test_verify_refuses_what_is_no_picture(data: bytes, code: str) -> None:
    with pytest.raises(BadPicture) as refused:
        verify(data)

    assert refused.value.code == code


def test_verify_refuses_a_pixel_bomb_before_decoding_it() -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    zeros = zlib.compress(b"\0" * 1_000_000)
    pieces = [(b"IHDR", header), (b"IDAT", zeros), (b"IEND", b"")]
    bomb = containers.join("PNG", [containers.png_part(*piece) for piece in pieces])

    with pytest.raises(BadPicture) as refused:
        verify(bomb)

    assert refused.value.code == "too_many_pixels"
    assert refused.value.reason == "The picture has 100000 x 100000 pixels; at most 40 megapixels are allowed."


@pytest.mark.parametrize("side", [10_000, 14_000])
def test_verify_refuses_a_bomb_whose_header_only_pillow_reads(draw: Draw, side: int) -> None:
    bomb = bytearray(draw("AVIF"))
    at = bomb.index(b"ispe") + 8
    bomb[at : at + 8] = struct.pack(">II", side, side)

    with pytest.raises(BadPicture) as refused:
        verify(bytes(bomb), formats=REFERENCE_FORMATS)

    assert refused.value.code == "too_many_pixels"


@pytest.mark.parametrize("image_format", [*REFERENCE_FORMATS])
def test_verify_limits_the_pixels_of_every_format(draw: Draw, image_format: str) -> None:
    data = draw(image_format, (200, 150))

    with pytest.raises(BadPicture) as refused:
        verify(data, formats=REFERENCE_FORMATS, max_pixels=29_999)

    assert refused.value.code == "too_many_pixels"
    assert verify(data, formats=REFERENCE_FORMATS, max_pixels=30_000).width == 200


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"xmp": b"x"}])
def test_the_header_of_every_kind_of_webp_names_its_size(draw: Draw, options: dict[str, object]) -> None:
    assert containers.size(draw("WEBP", (200, 150), **options)) == (200, 150)


def test_verify_refuses_a_file_of_nothing_but_crumbs(draw: Draw) -> None:
    first, *rest = containers.parts(draw("PNG"))
    crumb = containers.png_part(b"tEXt", b"")
    data = containers.join("PNG", [first, *[crumb] * 20_000, *rest])

    with pytest.raises(BadPicture) as refused:
        verify(data)

    assert refused.value.reason == "The picture is made of too many pieces."


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP"])
def test_verify_takes_an_animation_only_where_its_first_frame_will_do(image_format: str) -> None:
    file = io.BytesIO()
    red, blue = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))
    red.save(file, image_format, save_all=True, append_images=[blue])

    with pytest.raises(BadPicture) as refused:
        verify(file.getvalue(), formats=REFERENCE_FORMATS)
    verified = verify(file.getvalue(), formats=REFERENCE_FORMATS, first_frame=True)

    assert refused.value.code == "animated"
    assert verified.image.convert("RGB").getpixel((5, 5))[0] > 200  # type: ignore[index]


def test_verify_takes_gif_and_avif_for_references_only(draw: Draw) -> None:
    for image_format, content_type in (("GIF", "image/gif"), ("AVIF", "image/avif")):
        data = draw(image_format)

        assert verify(data, formats=REFERENCE_FORMATS).content_type == content_type
        with pytest.raises(BadPicture) as refused:
            verify(data)
        assert refused.value.reason == "The file is not a JPEG, PNG or WebP picture."


def test_verify_stands_a_turned_photograph_upright(draw: Draw) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    verified = verify(draw("JPEG", (200, 150), exif=exif))

    assert (verified.width, verified.height) == (150, 200)


def test_is_black_sees_black_through_the_noise_of_a_lossy_encoder() -> None:
    noise = Image.frombytes("RGB", (256, 256), bytes(Random(1).choices(range(5), k=256 * 256 * 3)))
    file = io.BytesIO()
    noise.save(file, "JPEG", quality=60)
    image = Image.open(file)

    assert image.getextrema() != ((0, 0), (0, 0), (0, 0))
    assert is_black(image)
    assert is_black(Image.new("RGB", (64, 64)))


@pytest.mark.parametrize("colour", [(0, 0, 40), (30, 30, 30), (255, 255, 255)])
def test_is_black_leaves_dark_pictures_alone(colour: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (256, 256))
    image.paste(colour, (10, 10, 20, 20))

    assert not is_black(image)


def _is_refused(data: bytes) -> bool:
    try:
        verify(data)
    except BadPicture:
        return True
    return False
