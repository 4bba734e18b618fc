"""Private pictures over real HTTP: who may read, what of it, and that slow readers are nobody's trouble."""

import asyncio
import http.client
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import time_machine

from generations.pictures import links, store
from generations.pictures.serve import serve
from tests.in_thread import served

Draw = Callable[..., bytes]


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A real server with our application alone. Small buffers, so that a reader who stops is noticed soon."""
    with served(serve, send_buffer=64 * 1024, lifespan="off", access_log=False, log_level="error") as bound:
        yield bound


@pytest.fixture
def data(draw: Draw) -> bytes:
    return draw("PNG", (300, 200))


@pytest.fixture
def address(data: bytes) -> str:
    return links.address(store.put(data, "image/png"))


def test_a_signed_address_gives_the_picture(port: int, address: str, data: bytes) -> None:
    answer = _ask(port, address)

    assert (answer.status, answer.body) == (200, data)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Length"] == str(len(data))
    assert answer.headers["Content-Disposition"] == "inline"
    assert answer.headers["ETag"] == f'"{address.rpartition("/")[2].partition(".")[0]}"'
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_the_headers_keep_a_picture_a_picture_and_private(port: int, address: str) -> None:
    headers = _ask(port, address).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Set-Cookie"] is None


def test_the_browser_may_keep_it_for_as_long_as_the_address_lives(port: int, address: str) -> None:
    private, max_age, immutable = _ask(port, address).headers["Cache-Control"].split(", ")

    assert (private, immutable) == ("private", "immutable")
    assert 2990 < int(max_age.removeprefix("max-age=")) <= 3600


def test_head_tells_the_same_without_the_picture(port: int, address: str, data: bytes) -> None:
    answer = _ask(port, address, method="HEAD", Range="bytes=0-9")

    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", str(len(data)))


def test_an_address_with_a_file_name_is_saved_under_it(port: int, data: bytes) -> None:
    name = store.put(data, "image/png")

    answer = _ask(port, links.address(name, filename="Ein Bär.png"))

    assert (answer.status, answer.body) == (200, data)
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''Ein%20B%C3%A4r.png"


def test_an_altered_or_ended_address_is_refused_and_not_kept(port: int, data: bytes) -> None:
    name = store.put(data, "image/png")
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        ended = links.address(name)

    for address in (ended, f"/{name}", links.address(name) + "x", links.address(name) + "&filename=x.exe"):
        answer = _ask(port, address)

        assert (answer.status, answer.headers["Cache-Control"]) == (403, "no-store")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.body == b"This address has ended or was altered. Open the picture's page for a new one.\n"


def test_a_lost_picture_is_not_found(port: int, address: str) -> None:
    store.delete(address[1:].partition("?")[0])

    assert _ask(port, address).status == 404


@pytest.mark.parametrize("path", ["/pictures/", "/pictures/../../secret_key", "/pictures/ab/cd/", "/pictures/%2e%2e"])
def test_what_is_no_picture_is_not_found(port: int, path: str) -> None:
    assert _ask(port, path).status == 404


def test_other_methods_are_refused(port: int, address: str) -> None:
    answer = _ask(port, address, method="DELETE")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-100", slice(100, 101)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=-999999999", slice(0, None)),
        ("bytes=10-999999999", slice(10, None)),
        ("Bytes=0-0", slice(0, 1)),
    ],
)
def test_a_range_gives_that_part(port: int, address: str, data: bytes, wanted: str, part: slice) -> None:
    answer = _ask(port, address, Range=wanted)

    start, stop, _ = part.indices(len(data))
    assert (answer.status, answer.body) == (206, data[part])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(data)}"
    assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=9-2", "bytes=-", "bytes=a-b", "lines=0-9", ""])
def test_a_range_that_makes_no_sense_gives_the_whole(port: int, address: str, data: bytes, wanted: str) -> None:
    answer = _ask(port, address, Range=wanted)

    assert (answer.status, answer.body) == (200, data)


@pytest.mark.parametrize("wanted", ["bytes={size}-", "bytes={size}-{size}", "bytes=-0"])
def test_a_range_past_the_end_is_refused_with_the_size(port: int, address: str, data: bytes, wanted: str) -> None:
    answer = _ask(port, address, Range=wanted.format(size=len(data)))

    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{len(data)}")


def test_a_download_goes_on_only_over_the_same_bytes(port: int, address: str, data: bytes) -> None:
    etag = _ask(port, address).headers["ETag"]

    same = _ask(port, address, Range="bytes=10-", **{"If-Range": etag})
    others = [
        _ask(port, address, Range="bytes=10-", **{"If-Range": other})
        for other in ('"something else"', f"W/{etag}", "Sat, 21 Nov 2026 12:00:00 GMT")
    ]

    assert (same.status, same.body) == (206, data[10:])
    assert [(answer.status, answer.body) for answer in others] == [(200, data)] * 3


def test_a_browser_that_has_it_is_sent_nothing(port: int, address: str, data: bytes) -> None:
    etag = _ask(port, address).headers["ETag"]

    known = [_ask(port, address, **{"If-None-Match": tag}) for tag in (etag, f"W/{etag}", f'"other", {etag}', "*")]
    other = _ask(port, address, **{"If-None-Match": '"other"'})

    assert [(answer.status, answer.body, answer.headers["ETag"]) for answer in known] == [(304, b"", etag)] * 4
    assert (other.status, other.body) == (200, data)


def test_readers_who_never_read_slow_nobody_and_are_let_go_when_they_leave(port: int, pictures_folder: Path) -> None:
    large = os.urandom(8 * 1024 * 1024)
    name = store.put(large, "image/png")
    address = links.address(name)
    _ask(port, address)
    threads = threading.active_count()

    idle = [_ask_and_never_read(port, address) for _ in range(50)]
    _until(lambda: _open_files(pictures_folder / name) == 50)
    started = time.monotonic()
    answer = _ask(port, address)
    took = time.monotonic() - started

    assert answer.body == large
    assert took < 2
    assert threading.active_count() <= threads + 4
    for reader in idle:
        reader.close()
    _until(lambda: _open_files(pictures_folder / name) == 0)


def test_a_reader_who_left_is_sent_no_more(port: int) -> None:
    address = links.address(store.put(os.urandom(1024 * 1024), "image/png"))
    left = asyncio.Event()
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            left.set()
            await asyncio.sleep(0)

    path, _, query = address.partition("?")
    scope = {"method": "GET", "path": path, "query_string": query.encode(), "headers": []}
    asyncio.run(serve(scope, receive, send))

    assert sent == ["http.response.start", "http.response.body"]


def test_a_lost_picture_is_asked_for_once_and_served_when_it_is_back() -> None:
    data = os.urandom(1000)
    name = store.put(data, "image/png")
    path, _, query = links.address(name).partition("?")
    scope = {"method": "GET", "path": path, "query_string": query.encode(), "headers": []}
    asked: list[str] = []
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def restore(lost: str) -> bool:
        asked.append(lost)
        return bool(store.put(data, "image/png"))

    async def in_vain(lost: str) -> bool:
        asked.append(lost)
        return False

    store.delete(name)
    asyncio.run(serve(scope, receive, send, in_vain))
    asyncio.run(serve(scope, receive, send, restore))

    assert [sent[0]["status"], sent[2]["status"], sent[3]["body"], asked] == [404, 200, data, [name, name]]


def test_a_file_cut_short_while_it_is_read_breaks_the_connection(port: int, pictures_folder: Path) -> None:
    name = store.put(os.urandom(8 * 1024 * 1024), "image/png")
    reader = _ask_and_never_read(port, links.address(name))
    _until(lambda: _open_files(pictures_folder / name) == 1)

    os.truncate(pictures_folder / name, 100)
    received = b"".join(iter(lambda: reader.recv(1 << 16), b""))

    assert len(received) < 8 * 1024 * 1024
    reader.close()


def _ask(port: int, address: str, *, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, address, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def _ask_and_never_read(port: int, address: str) -> socket.socket:
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(10)
    reader.connect(("127.0.0.1", port))
    reader.sendall(f"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return reader


def _open_files(path: Path) -> int:
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            found += entry.readlink() == path
    return found


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "It did not happen within ten seconds."
        time.sleep(0.01)
