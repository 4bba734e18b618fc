"""Many pictures in one archive: what is in it, for whom, and that it costs neither memory nor anybody's page."""

import asyncio
import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from generations import bin
from generations.models import Generation, Image, Status
from generations.pictures import store
from generations.selections import Selection
from krea_site import pictures_zip
from krea_site.asgi import application
from tests.conftest import make_user
from tests.krea_site.belongings import drawn
from tests.object_storage import PLACES

PATH = "/history/bulk"
Send = Callable[[Any], Any]

pytestmark = pytest.mark.django_db(transaction=True)


class Browser:
    """Somebody who is logged in, before the whole front."""

    def __init__(self, user: Any) -> None:
        client = Client()
        client.force_login(user)
        client.get("/studio/")
        self.token = client.cookies["csrftoken"].value
        self.cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())

    def scope(self) -> dict[str, Any]:
        headers = [(b"cookie", self.cookie.encode()), (b"host", b"testserver"),
                   (b"content-type", b"application/x-www-form-urlencoded")]  # fmt: skip
        return {
            "type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
            "headers": headers, "http_version": "1.1", "scheme": "http", "server": ("testserver", 80),
            "client": ("127.0.0.1", 1234), "root_path": "",
        }  # fmt: skip

    async def press(self, send: Send, **sent: Any) -> None:
        """Download what is selected, until the reader has it all or is cancelled."""
        body = urlencode({"csrfmiddlewaretoken": self.token, "do": "download", **sent}, doseq=True).encode()
        messages = iter([{"type": "http.request", "body": body}])

        async def receive() -> Any:
            message = next(messages, None)
            if message is None:
                await asyncio.Event().wait()
            return message

        await application(self.scope(), receive, send)


async def _ask(browser: Browser, sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await browser.press(send, **sent)
    start, *parts = messages
    head = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    assert not parts[-1].get("more_body")
    return start["status"], head, b"".join(part.get("body", b"") for part in parts)


def download(user: Any, **sent: Any) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, as a reader who takes everything gets them."""
    return async_to_sync(_ask)(Browser(user), sent)


def unpacked(body: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    return archive


def ids(*generations: Generation) -> list[str]:
    return [str(image.pk) for generation in generations for image in generation.images.order_by("index")]


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_the_archive_has_the_pictures_and_tells_all_about_each(place: str) -> None:
    alice = make_user("alice@example.com")
    generation = drawn(alice, 10, 11, prompt="=A fox, Ä & a heron")
    Generation.objects.update(input=generation.input | {"creativity": "low", "seed": 10})

    status, headers, body = download(alice, image=ids(generation))

    assert (status, headers["content-type"]) == (200, "application/zip")
    assert headers["content-disposition"].startswith('attachment; filename="krea-pictures-2')
    assert not [name for name in headers if name.startswith("x-krea")]
    archive = unpacked(body)
    assert archive.namelist() == [
        "pictures/00001-a-fox-ä-a-heron-10.png", "pictures/00002-a-fox-ä-a-heron-11.png", "manifest.csv",
        "manifest.json",
    ]  # fmt: skip
    told = json.loads(archive.read("manifest.json"))
    for row, image in zip(told, generation.images.order_by("index"), strict=True):
        assert sha256(archive.read(row["file"])).hexdigest() == row["sha256"] == image.sha256
        assert row["prompt"] == "=A fox, Ä & a heron"
        assert (row["image_model"], row["seed"], row["settings"]) == (
            "krea-2-medium",
            image.seed,
            {"creativity": "low"},
        )
        assert (row["price_credits"], row["status"], row["image"]) == ("0.00", "stored", str(image.pk))
        assert row["created_at"].endswith("Z")
    table = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"))))
    assert [row["file"] for row in table] == archive.namelist()[:2]
    assert table[0]["prompt"].startswith("'=A fox")
    assert table[0]["settings"] == '{"creativity": "low"}'


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_what_is_gone_or_was_never_drawn_is_a_line_and_breaks_nothing(place: str) -> None:
    alice = make_user("alice@example.com")
    lost, damaged, failed, there = ids(drawn(alice, 20, 21, 22, 23))
    store.delete(Image.objects.get(pk=lost).name)
    Image.objects.filter(pk=damaged).update(sha256="0" * 64)
    Image.objects.filter(pk=failed).update(status=Status.FAILED, name="", sha256="")

    archive = unpacked(download(alice, images=" ".join([lost, damaged, failed, there]))[2])

    told = {row["image"]: (row["status"], row["file"]) for row in json.loads(archive.read("manifest.json"))}
    assert told == {
        lost: ("file is gone", ""), damaged: ("file is gone", ""), failed: ("failed", ""),
        there: ("stored", "pictures/00004-a-red-fox-23.png"),
    }  # fmt: skip
    assert archive.namelist() == ["pictures/00004-a-red-fox-23.png", "manifest.csv", "manifest.json"]


def test_all_that_match_are_in_it_and_nothing_of_the_bin_or_of_others() -> None:
    alice, mallory = make_user("alice@example.com"), make_user("mallory@example.com")
    kept, binned, other = drawn(alice, 30), drawn(alice, 31), drawn(alice, 32)
    theirs = drawn(mallory, 33)
    bin.put(alice, [binned.images.get().pk])
    Image.objects.filter(generation=other).update(image_model="krea-2-large")

    everything = unpacked(download(alice, everything="yes", filter="model=krea-2-medium")[2])
    ticked = unpacked(download(alice, image=ids(kept, binned, theirs))[2])

    for archive in (everything, ticked):
        assert [row["image"] for row in json.loads(archive.read("manifest.json"))] == ids(kept)


def test_who_is_logged_out_or_owns_none_of_it_gets_no_archive() -> None:
    alice, mallory = make_user("alice@example.com"), make_user("mallory@example.com")
    mine = ids(drawn(alice, 40))
    browser = Browser(alice)

    status, headers, body = download(mallory, image=mine)
    assert (status, body) == (302, b"")
    assert headers["location"] == "/history/"
    browser.token = "x" * 64
    assert async_to_sync(_ask)(browser, {"image": mine})[0] == 403
    browser = Browser(alice)
    browser.cookie = f"csrftoken={browser.token}"
    status, headers, _ = async_to_sync(_ask)(browser, {"image": mine})
    assert status == 302 and headers["location"].startswith("/accounts/login/")


def test_readers_who_never_read_hold_nobody_up_and_are_limited() -> None:
    alice, bob = make_user("alice@example.com"), make_user("bob@example.com")
    mine = ids(drawn(alice, 50, 51, 52))

    async def play() -> tuple[int, int]:
        browser = of_alice
        begun = [asyncio.Event() for _ in range(pictures_zip.MOST_AT_ONCE)]

        async def never_read(number: int) -> None:
            async def send(message: Any) -> None:
                if message["type"] == "http.response.body":
                    begun[number].set()
                    await asyncio.Event().wait()

            await browser.press(send, image=mine)

        stuck = [asyncio.create_task(never_read(number)) for number in range(len(begun))]
        await asyncio.gather(*(event.wait() for event in begun))
        refused = (await _ask(browser, {"image": mine}))[0]
        others = (await _ask(of_bob, {"image": mine}))[0]
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
        again = (await _ask(browser, {"image": mine}))[0]
        assert again == 200
        return refused, others

    of_alice, of_bob = Browser(alice), Browser(bob)
    assert async_to_sync(play)() == (429, 302)


@pytest.mark.unaudited  # pictures that nobody drew
def test_its_memory_does_not_grow_with_the_pictures() -> None:
    alice = make_user("alice@example.com")
    first = drawn(alice, 60, size=(1600, 1200)).images.get()
    generation, bytes_of_one = first.generation, first.bytes or 0
    Image.objects.bulk_create(
        Image(
            generation=generation, user=alice, image_model="krea-2-medium", index=index, seed=index, price=0,
            status=Status.STORED, name=first.name, sha256=first.sha256, content_type=first.content_type,
            width=first.width, height=first.height, bytes=first.bytes,
        )
        for index in range(1, 1200)
    )  # fmt: skip
    made = tuple(generation.images.order_by("index").values_list("pk", flat=True))

    def peak(count: int) -> int:
        async def read() -> int:
            size = 0
            async for piece in pictures_zip.archive(Selection(alice, ids=made[:count]), nowhere):
                size += len(piece)
            return size

        tracemalloc.start()
        try:
            assert async_to_sync(read)() > count * (first.bytes or 0)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    async def nowhere(name: str) -> bool:
        return False

    peak(10)
    few, many = peak(600), peak(1200)
    assert many < few + 600 * bytes_of_one / 5  # were they kept, it would be five times as much
