"""Hand out archives: the ASGI application behind /accounts/data/<id>.zip.

It stands beside Django and holds neither page thread nor database connection while somebody reads, however slowly. The
archive is put together on the way: headers from the rows, texts from their pieces, pictures from their files. Its size
is known, so a reading that broke off can go on (`Range: bytes=<from>-`).

Everything of a person is in it, so whoever has not confirmed lately that it is they does that first.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, MutableMapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.shortcuts import resolve_url

from accounts.fresh import is_fresh, is_stood_in
from generations import live
from generations.live import Receive, Send
from generations.pictures import store
from generations.pictures.serve import PIECE, in_thread
from krea_site import exports, zip_format
from krea_site.models import Export, ExportFile, ExportPiece
from krea_site.pouring import pour

PATH = re.compile(r"/accounts/data/(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.zip")
_RANGE = re.compile(r"bytes=(\d{1,18})-", re.IGNORECASE)
_PLAIN = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]


class Changed(Exception):
    """The archive's rows went away while it was read: the connection breaks, so nobody takes the part for the whole."""


@dataclass(frozen=True)
class Part:
    """Some bytes of the archive, or the stored picture `name`, or the text of `file`."""

    length: int
    data: bytes = b""
    name: str = ""
    file: int = 0


async def serve(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer one GET or HEAD of the archive's owner: 200, 206, 302 (to the confirmation, and from there to the page),
    403 (nobody is logged in), 404, 405 or 416."""
    found = PATH.fullmatch(scope["path"])
    if scope["method"] not in {"GET", "HEAD"}:
        return await _say(send, 405, "Only GET and HEAD are answered here.")
    request = await live.in_reader(live.logged_in, scope)
    if request is None:
        return await _say(send, 403, "Log in first, then open this address again.")
    if is_stood_in(request):
        return await _say(send, 403, "This is the customer's own archive; staff has no way to it.")
    export = await live.in_reader(_find, UUID(found["id"]), request.user.pk) if found else None
    if export is None:
        return await _say(send, 404, "There is no such archive; after seven days it is deleted.")
    if not await live.in_reader(is_fresh, request):
        confirm = f"{resolve_url('account_reauthenticate')}?next={resolve_url('account-data')}"
        return await _say(send, 302, "Confirm first that it is you.", [(b"location", confirm.encode())])
    asked = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
    start = _start(asked, _etag(export))
    if start is not None and start >= export.bytes:
        whole = f"bytes */{export.bytes}".encode()
        return await _say(send, 416, "The archive is shorter.", [(b"content-range", whole)])
    status, headers = (200 if start is None else 206), _headers(export, start)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if scope["method"] == "HEAD":
        return await send({"type": "http.response.body", "body": b""})
    await pour(_pieces(export, start or 0), receive, send)


async def _pieces(export: Export, skip: int) -> AsyncGenerator[bytes, None]:
    """The archive's bytes from `skip` on."""
    async for part in _parts(export):
        if skip < part.length:
            async with aclosing(_bytes(part, skip)) as pieces:
                async for piece in pieces:
                    yield piece
        skip = max(0, skip - part.length)


async def _parts(export: Export) -> AsyncIterator[Part]:
    """The whole archive in its order. The table at its end is made by reading the rows a second time."""
    offset = 0
    async for file in _files(export):
        head = zip_format.local_header(exports.entry(file))
        yield Part(len(head), data=head)
        yield Part(file.packed, name=file.source, file=file.pk)
        offset += len(head) + file.packed
    table_offset, place, count = offset, 0, 0
    async for file in _files(export):
        entry = exports.entry(file)
        line = zip_format.central_header(entry, place)
        place += len(zip_format.local_header(entry)) + entry.packed
        offset, count = offset + len(line), count + 1
        yield Part(len(line), data=line)
    end = zip_format.ending(count, offset - table_offset, table_offset)
    if offset + len(end) != export.bytes:
        raise Changed(str(export.pk))
    yield Part(len(end), data=end)


async def _files(export: Export) -> AsyncIterator[ExportFile]:
    after = 0
    while page := await live.in_reader(exports.page, export, after):
        for file in page:
            yield file
        after = page[-1].number


async def _bytes(part: Part, skip: int) -> AsyncGenerator[bytes, None]:
    if part.data:
        yield part.data[skip:]
        return
    sent = 0
    async with aclosing(_picture(part.name, skip) if part.name else _text(part.file, skip)) as pieces:
        async for piece in pieces:
            sent += len(piece)
            yield piece
    if sent != part.length - skip:
        raise Changed(part.name or str(part.file))


async def _picture(name: str, skip: int) -> AsyncGenerator[bytes, None]:
    reader = await in_thread(store.open_range, name, skip)
    try:
        while data := await in_thread(reader.read, PIECE):
            yield data
    finally:
        await in_thread(reader.close)


async def _text(file_id: int, skip: int) -> AsyncGenerator[bytes, None]:
    number = -1
    while (piece := await live.in_reader(_piece, file_id, number)) is not None:
        number, body = piece.number, bytes(piece.body)
        if data := body[skip:]:
            yield data
        skip = max(0, skip - len(body))


def _piece(file_id: int, after: int) -> ExportPiece | None:
    return ExportPiece.objects.filter(file=file_id, number__gt=after).order_by("number").first()


def _find(export_id: UUID, user_id: int) -> Export | None:
    return Export.objects.downloadable().filter(pk=export_id, user=user_id).first()


def _start(asked: dict[str, str], etag: str) -> int | None:
    """Where to go on; None for the whole archive: no range, one that makes no sense here, or of another archive."""
    found = _RANGE.fullmatch(asked.get("range", "").strip())
    return int(found[1]) if found and asked.get("if-range", etag) == etag else None


def _etag(export: Export) -> str:
    return f'"{export.pk}"'


def _headers(export: Export, start: int | None) -> list[tuple[bytes, bytes]]:
    total = export.bytes or 0
    name = f"krea-studio-{(export.ready_at or datetime.now(UTC)):%Y-%m-%d}.zip"
    headers = [
        (b"content-type", b"application/zip"),
        (b"content-length", str(total - (start or 0)).encode()),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        (b"etag", _etag(export).encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"private, no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'"),
    ]
    if start is not None:
        headers.append((b"content-range", f"bytes {start}-{total - 1}/{total}".encode()))
    return headers


async def _say(send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    body = f"{text}\n".encode()
    whole = [*_PLAIN, (b"content-length", str(len(body)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": whole})
    await send({"type": "http.response.body", "body": body})
