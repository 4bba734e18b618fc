"""The CDN: drawn pictures and uploaded files, without a key, with ranges; wrong bytes on command."""

import io
import os
import zlib
from collections.abc import AsyncIterator

from PIL import Image
from starlette.responses import FileResponse, Response, StreamingResponse

from standins.fal import outcome
from standins.fal.answers import detail
from standins.fal.call import Call
from standins.fal.drawing import Drawing
from standins.fal.png import bomb
from standins.fal.world import World

HUGE_BYTES = 512 * 1024 * 1024
BOMB_SIDE = 16_000
KINDS = {"png": "image/png", "jpeg": "image/jpeg"}


async def drawn(world: World, call: Call) -> Response:
    """A drawn picture, painted now."""
    drawing = call.drawing
    if drawing is None or not drawing.drawn or world.files_expired(drawing):
        return detail("File not found", 404)
    names = outcome.picture_names(drawing)
    if call.found["name"] not in names:
        return detail("File not found", 404)
    data = await world.pictures.of(drawing, names.index(call.found["name"]))
    kind = KINDS[drawing.endpoint.format(drawing.input)]
    if wrong := call.fault("bytes"):
        return spoiled(str(wrong), data, kind, drawing)
    return ranged(data, kind, call.headers.get("range", ""))


async def uploaded(world: World, call: Call) -> Response:
    """An uploaded file."""
    found = world.uploads.find(call.found["name"])
    if found is None or not world.uploads.path(found).is_file():
        return detail("File not found", 404)
    return FileResponse(world.uploads.path(found), media_type=found.content_type)


def ranged(data: bytes, kind: str, wanted: str) -> Response:
    """All of the bytes, or the one range that was asked for."""
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "public, max-age=31536000",
        "ETag": f'"{zlib.crc32(data):x}"',
    }
    first, dash, last = wanted.removeprefix("bytes=").partition("-")
    if not wanted.startswith("bytes=") or not dash or not (first + last).isdecimal():
        return Response(data, 200, headers, kind)
    start = int(first) if first else max(len(data) - int(last), 0)
    end = min(int(last), len(data) - 1) if first and last else len(data) - 1
    if start > end:
        return Response(b"", 416, {**headers, "Content-Range": f"bytes */{len(data)}"}, kind)
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Response(data[start : end + 1], 206, headers, kind)


def spoiled(how: str, data: bytes, kind: str, drawing: Drawing) -> Response:
    """The wrong bytes that a rule asks for: status 200 and, but for html and wrong_type, the right type."""
    if how == "huge":
        return StreamingResponse(padded(data), 200, None, kind)
    if how == "html":
        return Response("<!doctype html><title>Sorry</title><h1>502 Bad Gateway</h1>", 200, None, "text/html")
    if how == "wrong_type":
        return Response(data, 200, None, "application/octet-stream")
    return Response(SPOILERS[how](data, drawing), 200, None, kind)


async def padded(data: bytes) -> AsyncIterator[bytes]:
    """A picture that does not end, or rather not before half a gigabyte."""
    yield data
    block = bytes(1 << 20)
    for _ in range(HUGE_BYTES // len(block)):
        yield block


def black(_: bytes, drawing: Drawing) -> bytes:
    return encoded(Image.new("RGB", drawing.endpoint.size(drawing.input)), drawing.endpoint.format(drawing.input))


def gif(_: bytes, drawing: Drawing) -> bytes:
    return encoded(Image.new("P", drawing.endpoint.size(drawing.input), 7), "gif")


def encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


SPOILERS = {
    "garbage": lambda data, _: os.urandom(len(data)),
    "truncated": lambda data, _: data[: len(data) // 2],
    "empty": lambda *_: b"",
    "black": black,
    "gif": gif,
    "bomb": lambda *_: bomb(BOMB_SIDE),
}
