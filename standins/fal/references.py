"""Fetches the style references of a drawing while it is drawn, and boils each down to one colour."""

import asyncio
import base64
import io
from urllib.parse import unquote_to_bytes

import httpx
from PIL import Image

from standins.fal import outcome
from standins.fal.drawing import Drawing

AT_ONCE = 20
LARGEST_BYTES = 50 * 1024 * 1024
LARGEST_PIXELS = 60_000_000
TIMEOUT_S = 20.0


class Unreachable(Exception):
    """A reference that cannot be had or is no picture."""


class References:
    """Any http(s) host will do, loopback too: a local stand-in serves local people."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=True, trust_env=False)
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, drawing: Drawing) -> outcome.Failure | None:
        """Set `tints` on the drawing; the model's error where a reference cannot be had."""
        tints: list[list[float]] = []
        for index, reference in enumerate(drawing.input["image_style_references"]):
            address, strength = reference["image_url"], reference.get("strength")
            try:
                async with self._turn:
                    picture = await self._read(address)
                    colour = await asyncio.to_thread(colour_of, picture)
            except Unreachable:
                return outcome.unreachable_reference(index, address)
            tints.append([*colour, 1.0 if strength is None else float(strength)])
        drawing.tints = tints
        return None

    async def close(self) -> None:
        await self._client.aclose()

    async def _read(self, address: str) -> bytes:
        if address.startswith("data:"):
            return from_data_uri(address)
        chunks: list[bytes] = []
        try:
            async with self._client.stream("GET", address) as response:
                response.raise_for_status()
                async for chunk in response.aiter_bytes():
                    chunks.append(chunk)
                    if sum(map(len, chunks)) > LARGEST_BYTES:
                        raise Unreachable("too large")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise Unreachable(str(error)) from error
        return b"".join(chunks)


def from_data_uri(address: str) -> bytes:
    head, comma, data = address.partition(",")
    try:
        if not comma:
            raise ValueError("no data")
        return base64.b64decode(data, validate=True) if head.endswith(";base64") else unquote_to_bytes(data)
    except ValueError as error:
        raise Unreachable(str(error)) from error


def colour_of(data: bytes) -> list[float]:
    """The mean colour of a picture, 0 to 255 each; Unreachable where it is none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > LARGEST_PIXELS:
                raise Unreachable("too many pixels")
            image.draft("RGB", (64, 64))
            pixel = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    except Unreachable:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken data
        raise Unreachable(str(error)) from error
    return [float(part) for part in pixel] if isinstance(pixel, tuple) else [float(pixel or 0)] * 3
