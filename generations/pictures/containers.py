"""The boxes pictures come in: PNG chunks, JPEG segments, WebP chunks.

A picture is taken apart into its parts and put together again without a pixel being decoded, so that a mark
can be put in and metadata taken out at no loss. What is cut off or has a wrong checksum is a BrokenBox.
Sources: PNG third edition (W3C), ITU T.81 annex B, RFC 9649.
"""

import re
import struct
import zlib
from typing import NamedTuple

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
# In coded data 0xFF is followed by 0x00 (a plain 0xFF), a restart marker, or another 0xFF (filling).
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOS = 0xDA
# A 40-megapixel PNG in the customary 8 kB pieces stays below; a file of nothing but tiny chunks does not.
_MAX_PARTS = 20_000
_SOF = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


class BrokenBox(ValueError):
    """The picture's container is cut off or damaged."""


class Part(NamedTuple):
    """One chunk or segment: its name, what it holds, and its bytes as they stand in the file."""

    kind: bytes
    payload: bytes
    raw: bytes


def image_format(data: bytes) -> str | None:
    """JPEG, PNG, WEBP, GIF or AVIF by the first bytes (never by a name or a header), else None."""
    if data.startswith(PNG_START):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return "GIF"
    if data[4:12] in {b"ftypavif", b"ftypavis"}:
        return "AVIF"
    return None


def parts(data: bytes) -> list[Part]:
    """The parts of a PNG, JPEG or WebP in their order; what stands behind the picture's end is left out."""
    readers = {"PNG": _png_parts, "JPEG": _jpeg_parts, "WEBP": _webp_parts}
    try:
        return readers[image_format(data) or ""](data)
    except (struct.error, IndexError, KeyError) as error:
        raise BrokenBox("The picture's structure is damaged.") from error


def join(image_format: str, parts: list[Part]) -> bytes:
    """The file that `parts` make up."""
    body = b"".join(part.raw for part in parts)
    if image_format == "PNG":
        return PNG_START + body
    if image_format == "JPEG":
        return JPEG_START + body + JPEG_END
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the header names them, before anything is decoded; None when it does not say."""
    try:
        match image_format(data):
            case "PNG":
                return struct.unpack(">II", data[16:24])
            case "GIF":
                return struct.unpack("<HH", data[6:10])
            case "JPEG":
                return _jpeg_size(data)
            case "WEBP":
                return _webp_size(data)
    except (struct.error, IndexError):
        pass
    return None


def png_part(kind: bytes, payload: bytes) -> Part:
    checksum = struct.pack(">I", zlib.crc32(kind + payload))
    return Part(kind, payload, struct.pack(">I", len(payload)) + kind + payload + checksum)


def jpeg_part(marker: int, payload: bytes) -> Part:
    return Part(bytes([marker]), payload, struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload)


def webp_part(kind: bytes, payload: bytes) -> Part:
    padding = b"\0" * (len(payload) % 2)
    return Part(kind, payload, kind + struct.pack("<I", len(payload)) + payload + padding)


def _refuse_crumbs(found: list[Part]) -> None:
    if len(found) > _MAX_PARTS:
        raise BrokenBox("The picture is made of too many pieces.")


def _png_parts(data: bytes) -> list[Part]:
    found: list[Part] = []
    at = len(PNG_START)
    while not found or found[-1].kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        raw = data[at : at + 12 + length]
        if len(raw) < 12 + length or zlib.crc32(raw[4:-4]) != int.from_bytes(raw[-4:], "big"):
            raise BrokenBox("The PNG is cut off or damaged.")
        found.append(Part(kind, raw[8:-4], raw))
        _refuse_crumbs(found)
        at += len(raw)
    return found


def _jpeg_parts(data: bytes) -> list[Part]:
    found: list[Part] = []
    at = len(JPEG_START)
    while True:
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        lead, marker = data[at], data[at + 1]
        if lead != 0xFF:
            raise BrokenBox("The JPEG is damaged.")
        if marker == JPEG_END[1]:
            return found
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        payload = data[at + 4 : end]
        if marker == _SOS:
            end = _end_of_scan(data, end)
        if end > len(data):
            raise BrokenBox("The JPEG is cut off.")
        found.append(Part(bytes([marker]), payload, data[at:end]))
        _refuse_crumbs(found)
        at = end


def _end_of_scan(data: bytes, start: int) -> int:
    following = _NEXT_MARKER.search(data, start)
    if following is None:
        raise BrokenBox("The JPEG is cut off.")
    return following.start()


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = len(JPEG_START)
    while at + 4 <= len(data):
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        marker = data[at + 1]
        if data[at] != 0xFF or marker in {_SOS, JPEG_END[1]}:
            return None
        if marker in _SOF:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _webp_parts(data: bytes) -> list[Part]:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise BrokenBox("The WebP is cut off.")
    found: list[Part] = []
    at = 12
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        following = at + 8 + length + length % 2
        if at + 8 + length > end:
            raise BrokenBox("The WebP is damaged.")
        found.append(webp_part(kind, data[at + 8 : at + 8 + length]))
        _refuse_crumbs(found)
        at = following
    return found


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind, body = data[12:16], data[20:30]
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None
