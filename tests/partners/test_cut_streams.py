"""Streams that are cut at any byte, again and again, while eight write: nothing is missing, nothing is there twice,
nothing is out of order. A thousand times in this process, where the line is a list of bytes; some times over HTTP."""

import asyncio
import json
import random
import socket
import struct
import threading
from collections.abc import Iterator, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction

from generations import events, live
from generations.models import Event
from tests.partners.caller import ROOT

SEED = 20261121
CUTS, CUTS_OF_HTTP, WRITERS = 1000, 30, 8
AHEAD = 40  # events that the writers may be ahead of the reader: so both are at work all the time
LONGEST_PART = 900  # bytes until a cut: up to five events
HEAD = 200  # bytes of an answer before its first event, or less
PATIENCE_S = 60.0
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


class Undone(Exception):
    pass


class Writers:
    """Write events of one user, each transaction one to three; one in four is undone, after it took its numbers."""

    def __init__(self, user_id: int) -> None:
        self._user_id = user_id
        self._room = threading.Semaphore(AHEAD)
        self._ended = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Raises what a writer raised."""
        with ThreadPoolExecutor(WRITERS) as pool:
            writing: list[Future[None]] = [pool.submit(self._write, random.Random(SEED + n)) for n in range(WRITERS)]
            try:
                yield
            finally:
                self._ended.set()
                self._room.release(AHEAD * WRITERS)
        for each in writing:
            each.result()

    def was_read(self, count: int) -> None:
        if count:
            self._room.release(count)

    def _write(self, chance: random.Random) -> None:
        try:
            while not self._ended.is_set():
                count = chance.randint(1, 3)
                for _ in range(count):
                    self._room.acquire()
                with suppress(Undone), transaction.atomic():
                    for _ in range(count):
                        events.write(
                            self._user_id, events.BALANCE_UPDATED, mark=chance.randrange(10 ** chance.randint(1, 40))
                        )
                    if chance.random() < 0.25:
                        self._room.release(count)
                        raise Undone
        finally:
            connection.close()


class Reader:
    """Reads as an EventSource does: only whole events count, and it comes back with the id of the last one."""

    def __init__(self) -> None:
        self.chance = random.Random(SEED)
        self.found: list[dict[str, Any]] = []

    @property
    def last(self) -> int:
        return int(self.found[-1]["seq"]) if self.found else 0

    def take(self, got: bytes) -> int:
        """What a stream said until it was cut; how many new events there were."""
        before = len(self.found)
        for told in got.rpartition(b"\n\n")[0].decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in told.split("\n") if line and not line.startswith(":"))
            if "data" in lines:
                data = json.loads(lines["data"])
                assert lines["id"] == str(data["seq"])
                self.found.append(data)
        return len(self.found) - before

    def any_length(self) -> int:
        return self.chance.randint(1, LONGEST_PART)

    def read_on(self, user_id: int) -> None:
        """Read to the end, once nobody writes any more."""
        end = events.latest(user_id)
        while self.last < end:
            self.take(asyncio.run(heard(user_id, self.last, 10 * LONGEST_PART, end)))

    def check(self, user: Any) -> None:
        """Whether this is everything, once and in order."""
        rows = list(Event.objects.filter(user=user).order_by("seq"))
        assert [told["seq"] for told in self.found] == list(range(1, events.latest(user.pk) + 1))
        assert [(told["type"], told["data"]) for told in self.found] == [(row.kind, row.data) for row in rows]


async def heard(user_id: int, last: int, most: int, until: int = 0) -> bytes:
    """The first bytes of a stream in this process, or those with the event of that number; then its reader is gone."""
    got, gone = bytearray(), asyncio.Event()

    async def receive() -> MutableMapping[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        got.extend(message.get("body", b""))
        if len(got) >= most or f"id: {until}\n".encode() in got:
            gone.set()

    async def is_alive() -> bool:
        return True

    await asyncio.wait_for(live.stream(user_id, last, receive, send, is_alive), PATIENCE_S)
    return bytes(got[:most])


def test_a_stream_that_is_cut_a_thousand_times_tells_everything_once_and_in_order(acme: Any) -> None:
    reader, writers = Reader(), Writers(acme.pk)

    async def read() -> None:
        for _ in range(CUTS):
            writers.was_read(reader.take(await heard(acme.pk, reader.last, reader.any_length())))

    with writers.at_work():
        asyncio.run(read())
    reader.read_on(acme.pk)

    reader.check(acme)
    assert len(reader.found) > CUTS / 2


def test_a_stream_over_http_is_resumed_where_it_was_cut(site: str, key: Any, acme: Any) -> None:
    reader, writers = Reader(), Writers(acme.pk)

    with writers.at_work():
        for _ in range(CUTS_OF_HTTP):
            is_reset = reader.chance.random() < 0.5
            part = over_http(site, key.secret, reader.last, HEAD + reader.any_length(), is_reset=is_reset)
            writers.was_read(reader.take(part))
    reader.read_on(acme.pk)

    reader.check(acme)


def over_http(site: str, secret: str, last: int, most: int, *, is_reset: bool) -> bytes:
    """What the first so many bytes of an answer say, its head among them; then the line is cut."""
    at = urlsplit(site)
    with socket.create_connection((at.hostname, at.port or 80), timeout=PATIENCE_S) as line:
        line.sendall(
            f"GET {ROOT}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n"
            f"Last-Event-ID: {last}\r\n\r\n".encode()
        )
        got = b""
        while len(got) < most and (part := line.recv(most - len(got))):
            got += part
        if is_reset:  # not by a good-bye
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert got.startswith(b"HTTP/1.1 200 OK\r\n"), got
    return unwrapped(got.partition(b"\r\n\r\n")[2])


def unwrapped(body: bytes) -> bytes:
    """What is in the chunks of a body that was cut somewhere."""
    found = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16) if body else 0  # a size that was cut itself has nothing behind it
        found, body = found + body[:length], body[length + 2 :]
    return found
