"""Many pictures as one zip archive: what the front sends where a view has said which (generations.downloads).

It is put together while it is read, picture by picture, and holds neither a page thread nor a database connection
nor a storage connection while the reader stalls. What grows with the number of pictures (the manifests, the table at
the archive's end) is gathered in temporary files, so the memory it takes does not.

Only what is there is sent: a picture whose file is gone, or that never was drawn, is a line of the manifests.
"""

import csv
import io
import json
import tempfile
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from typing import IO, Any
from uuid import UUID

from django.utils import timezone

from billing.credits import show
from billing.statement_csv import safe
from generations import live
from generations.live import Receive, Send
from generations.models import Image, Status
from generations.pictures import store
from generations.pictures.serve import PIECE, in_thread
from generations.selections import Selection
from krea_site import takeaway, zip_format
from krea_site.pouring import pour
from krea_site.zip_format import Entry

Restore = Callable[[str], Awaitable[bool]]

MOST_AT_ONCE = 2  # of one person, in one process
IN_MEMORY_BYTES = 256 * 1024
ROWS_AT_ONCE = 100
COLUMNS = (
    "file", "status", "prompt", "image_model", "seed", "price_credits", "created_at", "stored_at", "favourite",
    "width", "height", "content_type", "bytes", "sha256", "settings", "image", "generation",
)  # fmt: skip
GONE = "file is gone"
_under_way: dict[int, int] = {}  # by user


async def serve(selection: Selection, receive: Receive, send: Send, restore: Restore) -> None:
    """Send the archive; 429 to somebody who has MOST_AT_ONCE of them under way."""
    who = selection.user.pk
    if _under_way.get(who, 0) >= MOST_AT_ONCE:
        return await _too_many(send)
    _under_way[who] = _under_way.get(who, 0) + 1
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _headers()})
        await pour(archive(selection, restore), receive, send)
    finally:
        _under_way[who] -= 1
        if not _under_way[who]:
            del _under_way[who]


async def archive(selection: Selection, restore: Restore) -> AsyncGenerator[bytes, None]:
    """The bytes of the archive in their order: the pictures, the manifests that tell which of them are in it, the
    table."""
    with ExitStack() as stack:
        table, manifests, number = Table(stack.enter_context(_spool())), Manifests(stack), 0
        async for image in _images(selection):
            number += 1
            with _spool() as file:
                found = await _fetch(image, file, restore)
                path = _path(image, number) if found else ""
                manifests.add(image, path)
                if found is None:
                    continue
                crc, size = found
                entry = Entry(path, zip_format.STORED, crc, size, size, image.status_at)
                async for piece in _entry(table, entry, file):
                    yield piece
        now = timezone.now()
        for name, text in manifests.end():
            entry = Entry(name, zip_format.DEFLATED, text.crc, text.size, text.packed, now)
            async for piece in _entry(table, entry, text.file):
                yield piece
        async for piece in _read(table.file):
            yield piece
        yield table.ending()


class Table:
    """The lines at the archive's end, and where the next file will stand."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.count, self.offset, self.size = file, 0, 0, 0

    def add(self, entry: Entry, head: bytes) -> None:
        line = zip_format.central_header(entry, self.offset)
        self.file.write(line)
        self.count, self.size = self.count + 1, self.size + len(line)
        self.offset += len(head) + entry.packed

    def ending(self) -> bytes:
        return zip_format.ending(self.count, self.size, self.offset)


class Text:
    """A text that is packed while it is written; sizes in bytes, `crc` of what is unpacked."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.crc, self.size, self.packed = file, 0, 0, 0
        self._packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    def write(self, text: str) -> None:
        data = text.encode()
        self.crc, self.size = zlib.crc32(data, self.crc), self.size + len(data)
        self.packed += self.file.write(self._packer.compress(data))

    def end(self) -> None:
        self.packed += self.file.write(self._packer.flush())


class Manifests:
    """What is in the archive and what is not, as a table for people and as JSON for programs."""

    def __init__(self, stack: ExitStack) -> None:
        self._csv, self._json = Text(stack.enter_context(_spool())), Text(stack.enter_context(_spool()))
        self._csv.write("\N{BYTE ORDER MARK}" + _line(COLUMNS))  # else spreadsheets take UTF-8 for something else
        self._between = "[\n"

    def add(self, image: Image, path: str) -> None:
        told = _told(image, path)
        self._json.write(self._between + json.dumps(told, ensure_ascii=False, indent=1))
        self._between = ",\n"
        cells = {**told, "settings": json.dumps(told["settings"], ensure_ascii=False)}
        self._csv.write(_line([_cell(cells[name]) for name in COLUMNS]))

    def end(self) -> list[tuple[str, Text]]:
        self._json.write("\n]\n" if self._between == ",\n" else "[]\n")
        self._csv.end()
        self._json.end()
        return [("manifest.csv", self._csv), ("manifest.json", self._json)]


async def _images(selection: Selection) -> AsyncIterator[Image]:
    found = await live.in_reader(selection.slice, None)
    while found:
        for start in range(0, len(found.ids), ROWS_AT_ONCE):
            for image in await live.in_reader(_load, found.ids[start : start + ROWS_AT_ONCE]):
                yield image
        found = await live.in_reader(selection.slice, found.rest)


def _load(ids: list[UUID]) -> list[Image]:
    """The pictures in the order of their ids, but for those that were deleted for good this moment."""
    rows = Image.objects.filter(erased_at=None).select_related("generation").in_bulk(ids)
    return [rows[id] for id in ids if id in rows]


async def _fetch(image: Image, file: IO[bytes], restore: Restore) -> tuple[int, int] | None:
    """Copy a picture's file: its CRC-32 and its length in bytes; None where there is none, or not this one."""
    if image.status != Status.STORED or not image.name:
        return None
    try:
        crc, size, digest = await in_thread(_copy, image.name, file)
    except FileNotFoundError:
        if not await restore(image.name):
            return None
        try:
            crc, size, digest = await in_thread(_copy, image.name, file)
        except FileNotFoundError:
            return None
    return (crc, size) if digest == image.sha256 else None


def _copy(name: str, file: IO[bytes]) -> tuple[int, int, str]:
    """CRC-32, length in bytes and SHA-256 of a stored file, whose bytes are in `file` afterwards."""
    reader, crc, size, digest = store.open_range(name), 0, 0, sha256()
    try:
        while data := reader.read(PIECE):
            crc, size = zlib.crc32(data, crc), size + file.write(data)
            digest.update(data)
        return crc, size, digest.hexdigest()
    finally:
        reader.close()


async def _entry(table: Table, entry: Entry, file: IO[bytes]) -> AsyncIterator[bytes]:
    head = zip_format.local_header(entry)
    table.add(entry, head)
    yield head
    async for piece in _read(file):
        yield piece


async def _read(file: IO[bytes]) -> AsyncIterator[bytes]:
    await in_thread(file.seek, 0)
    while piece := await in_thread(file.read, PIECE):
        yield piece


def _spool() -> "tempfile.SpooledTemporaryFile[bytes]":
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)


def _told(image: Image, path: str) -> dict[str, Any]:
    row = image.generation
    is_stored = image.status == Status.STORED
    settings = {name: value for name, value in row.input.items() if name not in ("prompt", "seed")}
    return {
        "file": path, "status": GONE if is_stored and not path else image.public_status, "prompt": row.prompt,
        "image_model": row.image_model, "seed": image.seed, "price_credits": show(image.price if is_stored else 0),
        "created_at": _time(row.created_at), "stored_at": _time(image.status_at) if is_stored else None,
        "favourite": image.favourite_at is not None, "width": image.width, "height": image.height,
        "content_type": image.content_type, "bytes": image.bytes, "sha256": image.sha256 or None,
        "settings": settings, "image": str(image.pk), "generation": str(row.pk),
    }  # fmt: skip


def _path(image: Image, number: int) -> str:
    """`pictures/00042-a-lighthouse-in-fog-1042.png`: numbered, so that no two are the same."""
    return f"pictures/{number:05d}-{takeaway.stem(image.generation, image)}.{store.ENDINGS[image.content_type]}"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else safe(str(value))


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _headers() -> list[tuple[bytes, bytes]]:
    name = f"krea-pictures-{timezone.now():%Y-%m-%d}.zip"
    return [
        (b"content-type", b"application/zip"),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        (b"cache-control", b"private, no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'"),
        (b"referrer-policy", b"same-origin"),
    ]


async def _too_many(send: Send) -> None:
    text = f"{MOST_AT_ONCE} downloads of yours are under way. Wait until one is done, then press Download again.\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
