"""The mark for machine-made pictures: put in without touching a pixel, with every other text thrown out."""

import io
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from PIL import Image, PngImagePlugin

from generations.pictures import containers, marks

Draw = Callable[..., bytes]
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
SECRET = "a lighthouse in fog"
every_format = pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])


@every_format
def test_mark_leaves_every_pixel_as_it_was(draw: Draw, image_format: str) -> None:
    data = draw(image_format)

    marked = marks.mark(data, TYPES[image_format])

    assert _pixels(marked) == _pixels(data)
    assert (marks.is_marked(data), marks.is_marked(marked)) == (False, True)


@every_format
def test_mark_is_the_iptc_property_that_other_readers_look_for(draw: Draw, image_format: str) -> None:
    marked = marks.mark(draw(image_format), TYPES[image_format])

    packet = Image.open(io.BytesIO(marked)).info["xmp"]

    source = ElementTree.fromstring(packet).find(".//{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
    assert source is not None
    assert source.text == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@every_format
def test_mark_put_in_twice_changes_nothing_more(draw: Draw, image_format: str) -> None:
    once = marks.mark(draw(image_format), TYPES[image_format])

    assert marks.mark(once, TYPES[image_format]) == once


@every_format
def test_mark_takes_the_place_of_a_packet_that_was_there(draw: Draw, image_format: str) -> None:
    data = draw(image_format, xmp=f"<x>{SECRET}</x>".encode()) if image_format != "PNG" else _png_with_xmp(draw)
    assert SECRET.encode() in marks.packet(data)

    marked = marks.mark(data, TYPES[image_format])

    assert marks.packet(marked) == marks.XMP
    assert SECRET.encode() not in marked


@every_format
def test_mark_throws_out_what_could_hold_the_prompt(draw: Draw, image_format: str) -> None:
    exif = Image.Exif()
    exif[0x9286] = SECRET  # UserComment
    exif[0x010E] = SECRET  # ImageDescription
    data = draw(image_format, exif=exif, **_texts(image_format)) + SECRET.encode()
    assert SECRET.encode() in data

    marked = marks.mark(data, TYPES[image_format])

    assert SECRET.encode() not in marked
    assert "exif" not in Image.open(io.BytesIO(marked)).info
    assert _pixels(marked) == _pixels(data)


@every_format
def test_mark_keeps_the_colour_profile(draw: Draw, image_format: str) -> None:
    profile = b"\0\0\0\x80acsp" + b"a profile" * 9

    marked = marks.mark(draw(image_format, icc_profile=profile), TYPES[image_format])

    assert Image.open(io.BytesIO(marked)).info["icc_profile"] == profile


@every_format
def test_mark_keeps_the_turn_of_a_photograph_and_no_more_of_its_exif(draw: Draw, image_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"

    marked = marks.mark(draw(image_format, exif=exif), TYPES[image_format])

    assert dict(Image.open(io.BytesIO(marked)).getexif()) == {0x0112: 6}
    assert marks.mark(marked, TYPES[image_format]) == marked


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}])
def test_mark_keeps_the_transparency_of_a_webp(draw: Draw, options: dict[str, bool]) -> None:
    data = draw("WEBP", mode="RGBA", **options)

    marked = marks.mark(data, "image/webp")

    assert Image.open(io.BytesIO(marked)).mode == "RGBA"
    assert _pixels(marked) == _pixels(data)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_mark_keeps_jpegs_of_other_colours_right(draw: Draw, mode: str) -> None:
    data = draw("JPEG", mode=mode, progressive=True)

    assert _pixels(marks.mark(data, "image/jpeg")) == _pixels(data)


def test_mark_keeps_the_segment_that_names_the_colour_transform(draw: Draw) -> None:
    adobe = containers.jpeg_part(0xEE, b"Adobe\0d\0\0\0\0\1")
    data = containers.join("JPEG", [adobe, *containers.parts(draw("JPEG"))])

    assert adobe in containers.parts(marks.mark(data, "image/jpeg"))


def test_mark_finds_its_way_through_restart_markers(draw: Draw) -> None:
    data = draw("JPEG", restart_marker_blocks=1, comment=SECRET)

    marked = marks.mark(data, "image/jpeg")

    assert _pixels(marked) == _pixels(data)
    assert SECRET.encode() not in marked


def test_mark_throws_out_a_comment_between_two_scans(draw: Draw) -> None:
    *before, last = containers.parts(draw("JPEG", progressive=True))
    data = containers.join("JPEG", [*before, containers.jpeg_part(0xFE, SECRET.encode()), last])

    marked = marks.mark(data, "image/jpeg")

    assert SECRET.encode() not in marked
    assert _pixels(marked) == _pixels(data)


def test_a_marked_jpeg_still_begins_with_jfif(draw: Draw) -> None:
    assert marks.mark(draw("JPEG"), "image/jpeg")[6:10] == b"JFIF"


def test_the_packet_marks_what_pillow_saves(draw: Draw) -> None:
    assert marks.is_marked(draw("WEBP", xmp=marks.XMP))


def test_is_marked_asks_the_packet_and_not_any_text(draw: Draw) -> None:
    data = draw("JPEG", comment=marks.SOURCE_TYPE)

    assert not marks.is_marked(data)
    assert not marks.is_marked(b"no picture at all")


def test_mark_refuses_a_type_it_cannot_mark_and_a_broken_file(draw: Draw) -> None:
    with pytest.raises(ValueError, match="image/gif"):
        marks.mark(draw("GIF"), "image/gif")
    with pytest.raises(containers.BrokenBox):
        marks.mark(draw("PNG")[:-20], "image/png")


def _pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).tobytes()


def _png_with_xmp(draw: Draw) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET}</x>")
    return draw("PNG", pnginfo=text)


def _texts(image_format: str) -> dict[str, object]:
    if image_format == "JPEG":
        return {"comment": SECRET}
    if image_format == "WEBP":
        return {}
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", SECRET)
    text.add_itxt("prompt", SECRET)
    text.add_text("Comment", SECRET * 20, zip=True)
    return {"pnginfo": text}
