"""The mark that tells a machine-made picture from a photograph.

IPTC's DigitalSourceType in an XMP packet, put into PNG, JPEG and WebP without a pixel being touched. The
same walk throws out every other text and EXIF block, since tools write prompts and settings there. What
is needed to show the picture rightly stays: colour profile, gamma, transparency, and the way the camera
was held. Sources: IPTC Photo Metadata Standard 2023.1 and its Digital Source Type vocabulary; XMP
specification part 3.
"""

import struct
from collections.abc import Callable

from PIL import Image

from generations.pictures import containers
from generations.pictures.containers import Part

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
# The bytes for Pillow's `save(xmp=…)` too. Always the same, so that the same pixels make the same file.
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="r"?>'
).encode()

_PNG_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"  # keyword; not compressed; no language, no translated keyword
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_EXIF = b"Exif\0\0"
_JPEG_ICC = b"ICC_PROFILE\0"
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE

_PNG_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI pHYs acTL fcTL fdAT".split())
_WEBP_KEPT = frozenset((b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"))
_HAS_ICC, _HAS_ALPHA, _HAS_EXIF, _HAS_XMP, _HAS_FRAMES = 0x20, 0x10, 0x08, 0x04, 0x02
_ORIENTATION = 0x0112


def mark(data: bytes, content_type: str) -> bytes:
    """The same picture with our mark and without any other text in it; marking twice changes nothing more.

    `content_type` is image/png, image/jpeg or image/webp, else ValueError. A damaged file raises
    BrokenBox."""
    markers: dict[str, tuple[str, Callable[[bytes], list[Part]]]] = {
        "image/png": ("PNG", _marked_png),
        "image/jpeg": ("JPEG", _marked_jpeg),
        "image/webp": ("WEBP", _marked_webp),
    }
    if content_type not in markers:
        raise ValueError(f"No mark can be put into {content_type}.")
    image_format, marked = markers[content_type]
    return containers.join(image_format, marked(data))


def is_marked(data: bytes) -> bool:
    """True when the picture says, where readers look for it, that it was made by a trained algorithm."""
    try:
        return SOURCE_TYPE.encode() in packet(data)
    except containers.BrokenBox:
        return False


def packet(data: bytes) -> bytes:
    """The XMP packet of a PNG, JPEG or WebP; empty when it has none."""
    for part in containers.parts(data):
        if part.kind == b"iTXt" and part.payload.startswith(_PNG_XMP):
            return part.payload.removeprefix(_PNG_XMP)
        if part.kind[0] == _APP1 and part.payload.startswith(_JPEG_XMP):
            return part.payload.removeprefix(_JPEG_XMP)
        if part.kind == b"XMP ":
            return part.payload
    return b""


def _marked_png(data: bytes) -> list[Part]:
    found = containers.parts(data)
    kept = [part for part in found if part.kind in _PNG_KEPT]
    turn = [containers.png_part(b"eXIf", exif) for exif in _turns(found, b"eXIf")]
    return [kept[0], containers.png_part(b"iTXt", _PNG_XMP + XMP), *turn, *kept[1:]]


def _marked_jpeg(data: bytes) -> list[Part]:
    found = containers.parts(data)
    kept = [part for part in found if _kept_in_jpeg(part)]
    # JFIF's own segment must stay the first.
    first = [part for part in kept if part.kind[0] == _APP0][:1]
    rest = [part for part in kept if part.kind[0] != _APP0]
    turn = [containers.jpeg_part(_APP1, _JPEG_EXIF + exif) for exif in _turns(found, bytes([_APP1]))]
    return [*first, *turn, containers.jpeg_part(_APP1, _JPEG_XMP + XMP), *rest]


def _kept_in_jpeg(part: Part) -> bool:
    marker = part.kind[0]
    if marker == _APP2:
        return part.payload.startswith(_JPEG_ICC)
    if marker == _APP0:
        return part.payload.startswith(b"JFIF\0")
    # Adobe's APP14 names the colour transform: without it some pictures turn green.
    return marker == _APP14 or not (_APP0 < marker <= _APP15 or marker == _COMMENT)


def _marked_webp(data: bytes) -> list[Part]:
    found = containers.parts(data)
    kept = [part for part in found if part.kind in _WEBP_KEPT]
    turn = [containers.webp_part(b"EXIF", exif) for exif in _turns(found, b"EXIF")]
    return [_webp_head(data, kept, bool(turn)), *kept, *turn, containers.webp_part(b"XMP ", XMP)]


def _webp_head(data: bytes, kept: list[Part], has_exif: bool) -> Part:
    """The extended header, which a WebP with metadata must have: what is inside, and the canvas's size."""
    size = containers.size(data)
    if size is None:
        raise containers.BrokenBox("The WebP names no size.")
    kinds = {part.kind for part in kept}
    flags = _HAS_XMP | (_HAS_EXIF if has_exif else 0) | (_HAS_ICC if b"ICCP" in kinds else 0)
    flags |= (_HAS_FRAMES if b"ANIM" in kinds else 0) | (_HAS_ALPHA if _has_alpha(data, kept) else 0)
    width, height = (struct.pack("<I", side - 1)[:3] for side in size)
    return containers.webp_part(b"VP8X", struct.pack("<I", flags) + width + height)


def _has_alpha(data: bytes, kept: list[Part]) -> bool:
    if data[12:16] == b"VP8X":
        return bool(data[20] & _HAS_ALPHA)
    return any(part.kind == b"VP8L" and part.payload[4] >> 4 & 1 for part in kept)


def _turns(found: list[Part], kind: bytes) -> list[bytes]:
    """A bare EXIF block that says how to turn the picture, and nothing else; none when it stands upright."""
    for part in found:
        block = part.payload.removeprefix(_JPEG_EXIF)
        if part.kind != kind or block[:2] not in {b"II", b"MM"}:
            continue
        exif, bare = Image.Exif(), Image.Exif()
        try:
            exif.load(block)
            turn = exif.get(_ORIENTATION, 1)
        except Exception:  # a damaged block says nothing that we must keep
            return []
        if turn in range(2, 9):
            bare[_ORIENTATION] = turn
            return [bare.tobytes().removeprefix(_JPEG_EXIF)]
        return []
    return []
