"""What a customer of fal does, in few words."""

import io
import json
from dataclasses import dataclass
from typing import Any

import httpx
from PIL import Image

MEDIUM = "krea/v2/medium/text-to-image"
LARGE = "krea/v2/large/text-to-image"
LORA = "fal-ai/krea-2/turbo/lora"
FLUX = "fal-ai/flux/krea"


@dataclass
class Caller:
    """Speaks to the queue with a key (`http`), and to whatever needs none without (`anybody`)."""

    http: httpx.Client
    anybody: httpx.Client

    def send(self, endpoint: str = MEDIUM, /, *, webhook: str = "", **given: Any) -> httpx.Response:
        """A submit; without a prompt of its own it asks for a fox."""
        params = {"fal_webhook": webhook} if webhook else {}
        return self.http.post(f"/queue/{endpoint}", params=params, json={"prompt": "a fox", **given})

    def submit(self, endpoint: str = MEDIUM, /, *, webhook: str = "", **given: Any) -> dict[str, Any]:
        """The body of a submit that was accepted."""
        response = self.send(endpoint, webhook=webhook, **given)
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    def status(self, ticket: dict[str, Any]) -> httpx.Response:
        return self.http.get(ticket["status_url"])

    def cancel(self, ticket: dict[str, Any]) -> httpx.Response:
        return self.http.put(ticket["cancel_url"])

    def events(self, ticket: dict[str, Any]) -> list[dict[str, Any]]:
        """Every status from now to the end, as it is streamed: this is how to wait without asking again."""
        with self.http.stream("GET", ticket["status_url"] + "/stream") as response:
            return [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line]

    def result(self, ticket: dict[str, Any]) -> httpx.Response:
        """The result, once it is over."""
        self.events(ticket)
        return self.http.get(ticket["response_url"])

    def draw(self, endpoint: str = MEDIUM, /, **given: Any) -> dict[str, Any]:
        """All the way to a good result."""
        response = self.result(self.submit(endpoint, **given))
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    def picture(self, endpoint: str = MEDIUM, /, **given: Any) -> Image.Image:
        """All the way to the picture, decoded."""
        return decoded(self.http.get(self.draw(endpoint, **given)["images"][0]["url"]).content)


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def mean_colour(image: Image.Image) -> tuple[int, int, int]:
    """Red, green and blue of the picture made one pixel small."""
    pixel = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return int(pixel[0]), int(pixel[1]), int(pixel[2])


def plain_picture(colour: tuple[int, int, int]) -> bytes:
    """A small PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(file, "PNG")
    return file.getvalue()
