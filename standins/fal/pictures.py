"""Paints when somebody looks, each picture once for all who look at the same time, and keeps the last few."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from standins.fal.drawing import Drawing
from standins.fal.paint import encode, paint
from standins.fal.sketch import Sketch, sketch_of

PAINTERS = 2
MOST_BYTES_KEPT = 16_000_000
THUMBNAIL_SIDE = 384


class Pictures:
    """Encoded pictures of finished drawings."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(PAINTERS, "painter")
        self._kept: OrderedDict[tuple[Sketch, str], bytes] = OrderedDict()
        self._bytes = 0
        self._coming: dict[tuple[Sketch, str], asyncio.Future[bytes]] = {}

    async def of(self, drawing: Drawing, index: int = 0) -> bytes:
        """The nth picture of a drawing, in the format that was asked for."""
        return await self._get(sketch_of(drawing, index), drawing.endpoint.format(drawing.input))

    async def all_of(self, drawing: Drawing) -> list[bytes]:
        """All pictures of a drawing."""
        return [await self.of(drawing, index) for index in range(drawing.endpoint.pictures(drawing.input))]

    async def thumbnail(self, drawing: Drawing) -> bytes:
        """The first picture, small, as JPEG."""
        return await self._get(sketch_of(drawing), "thumbnail")

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _get(self, sketch: Sketch, kind: str) -> bytes:
        key = (sketch, kind)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._coming:
            loop = asyncio.get_running_loop()
            self._coming[key] = asyncio.ensure_future(loop.run_in_executor(self._pool, paint_and_encode, *key))
        try:
            data = await asyncio.shield(self._coming[key])
        finally:
            if key in self._coming and self._coming[key].done():
                del self._coming[key]
        self._keep(key, data)
        return data

    def _keep(self, key: tuple[Sketch, str], data: bytes) -> None:
        if key not in self._kept:
            self._kept[key] = data
            self._bytes += len(data)
        while self._bytes > MOST_BYTES_KEPT:
            self._bytes -= len(self._kept.popitem(last=False)[1])


def paint_and_encode(sketch: Sketch, kind: str) -> bytes:
    image = paint(sketch)
    if kind == "thumbnail":
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        kind = "jpeg"
    return encode(image, kind)
