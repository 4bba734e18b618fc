"""Read what a stranger sends without ever holding more of it than was agreed."""

import zlib
from collections.abc import AsyncIterator, Callable


class TooLarge(Exception):
    """More came than was agreed."""


class BadEncoding(Exception):
    """It is packed in a way that we do not read, or not as it says."""


async def whole(pieces: AsyncIterator[bytes], *, limit: int, encoding: str) -> bytes:
    """All of it, unpacked from `encoding` (of HTTP). Raises TooLarge past `limit` unpacked bytes, BadEncoding."""
    data = bytearray()
    unpack = _unpacker(encoding)
    try:
        async for piece in pieces:
            data += unpack(piece, limit + 1 - len(data))
            if len(data) > limit:
                raise TooLarge
    except zlib.error as error:
        raise BadEncoding from error
    return bytes(data)


async def beginning(pieces: AsyncIterator[bytes], *, limit: int) -> bytes:
    """The first `limit` bytes as they came; the rest is left."""
    data = bytearray()
    async for piece in pieces:
        data += piece
        if len(data) >= limit:
            break
    return bytes(data[:limit])


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """A function of a piece and the most bytes to make of it: a bomb's kilobyte never becomes its megabyte."""
    if encoding in {"", "identity"}:
        return lambda piece, most: piece[:most]
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress
    raise BadEncoding
