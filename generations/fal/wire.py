"""How bytes travel to fal and back: pooled clients, time and byte limits, retries where nothing is billed.

Everything that httpx can raise ends here; above it there are answers, `NoAnswer` and `Unavailable`.
"""

import asyncio
import json
import logging
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.request import getproxies

import httpx
from django.conf import settings

CONNECT_S: Final = 5.0
MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024  # a result may hold its pictures as data URIs
RETRY_PAUSES_S = (0.3, 0.9)
SHARD_CONNECTIONS: Final = 4
USER_AGENT: Final = "krea-site/1"
KEEPALIVE_S: Final = 5.0  # short: a POST on a line that fal has just closed would be an answer lost
_DIRECT: Final = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}  # never by a proxy
_TROUBLE = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
_clients: dict[int, httpx.Client] = {}
T = TypeVar("T")

# At INFO httpx writes whole addresses, and the one of a submit holds a draw's secret webhook address.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class NoAnswer(Exception):
    """The call brought no whole answer. `body_left`: the other side may have read all of our request."""

    def __init__(self, reason: str, *, body_left: bool) -> None:
        super().__init__(reason)
        self.reason, self.body_left = reason, body_left


class TooLarge(NoAnswer):
    """The answer had more bytes than the caller takes."""


class Unavailable(Exception):
    """fal could not be asked just now; nothing changed there. `retry_after_s` is fal's own wish, else 0."""

    def __init__(self, reason: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.retry_after_s = reason, retry_after_s


@dataclass(frozen=True)
class Call:
    """One HTTP call, before it is made. `json` is the body where it is not None, else `content`. `silent_s`: for
    how long the other side may say nothing, where not as long as usual."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    content: bytes | None = None
    silent_s: float | None = None

    def request(self) -> httpx.Request:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **self.headers}
        content = self.content
        if self.json is not None:
            content = json.dumps(self.json, ensure_ascii=False, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        limits = httpx.Timeout(self.silent_s or timeout_s(), connect=CONNECT_S, pool=CONNECT_S).as_dict()
        return httpx.Request(
            self.method,
            self.url,
            params=self.params or None,
            headers=headers,
            content=content,
            extensions={"timeout": limits},
        )


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer; `headers` finds names in any spelling."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def body(self) -> object:
        """The JSON in it, or the text where it is none (no more than its first 2,000 characters)."""
        try:
            return read_json(self.content)
        except ValueError:
            return self.content[:2000].decode(errors="replace")


def timeout_s() -> float:
    """Seconds that fal may be silent for. A call, retries included, ends within three times as long."""
    return float(getattr(settings, "FAL_TIMEOUT_S", 20))


def authorization() -> dict[str, str]:
    """The header with our key. Only for addresses made of the settings."""
    return {"Authorization": f"Key {settings.FAL_KEY or 'standin:standin'}"}


def read_json(content: bytes) -> Any:
    """ValueError for whatever is not JSON, absurdly deep nesting included."""
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def client() -> httpx.Client:
    """This process's pooled client. After a fork the child makes its own: a socket shared with the parent
    would mix up their answers. No lock, which a fork could leave locked: of two made at once one is dropped."""
    held = _clients.get(os.getpid())
    if held is None:
        held = _clients.setdefault(
            os.getpid(),
            httpx.Client(
                limits=httpx.Limits(max_connections=40, keepalive_expiry=KEEPALIVE_S),
                mounts=_DIRECT,
            ),
        )
    return held


class AsyncClient(httpx.AsyncClient):
    """The follower's client. Calls beyond its connections wait, and their clocks start when it is their turn."""

    def __init__(self, connections: int) -> None:
        self.places = asyncio.Semaphore(connections)
        if {"http", "https", "all"} & getproxies().keys():  # heeded only in transports that httpx makes itself
            limits = httpx.Limits(max_connections=connections, keepalive_expiry=KEEPALIVE_S)
            super().__init__(limits=limits, mounts=_DIRECT)
        else:
            super().__init__(transport=_Shards(max(1, connections // SHARD_CONNECTIONS)))


def open_async(connections: int = 32) -> AsyncClient:
    """A client for as many calls at once; the caller closes it (`async with`)."""
    return AsyncClient(connections)


class _Shards(httpx.AsyncBaseTransport):
    """Many small pools for a large one: what a call costs in httpcore's pool grows with its connections
    (on two cores, 64 in one pool made 250 calls a second, in 16 pools of 4 about 1,600)."""

    def __init__(self, shards: int) -> None:
        limits = httpx.Limits(max_connections=SHARD_CONNECTIONS, keepalive_expiry=KEEPALIVE_S)
        trusted = httpx.create_ssl_context()  # one for all: it takes longer to make than all else
        self._pools = [httpx.AsyncHTTPTransport(verify=trusted, limits=limits) for _ in range(shards)]
        self._busy = [0] * shards

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        idlest = self._busy.index(min(self._busy))
        self._busy[idlest] += 1
        try:
            return await self._pools[idlest].handle_async_request(request)
        finally:
            self._busy[idlest] -= 1

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


def exchange(call: Call, *, max_bytes: int = MAX_ANSWER_BYTES, body_s: float | None = None) -> Answer:
    """Make the call, once. NoAnswer when no whole answer comes in time; a redirect is an answer."""
    request = call.request()
    departure = request.extensions["trace"] = _Departure()
    end = time.monotonic() + (body_s or timeout_s())
    try:
        response = client().send(request, stream=True, follow_redirects=False)
        try:
            received = _room(response, max_bytes)
            for chunk in response.iter_bytes():
                _take_in(received, chunk, max_bytes, end)
        finally:
            response.close()
    except _TROUBLE as error:
        raise NoAnswer(type(error).__name__, body_left=departure.body_left) from error
    return Answer(response.status_code, response.headers, bytes(received))


async def exchange_async(http: AsyncClient, call: Call, *, max_bytes: int = MAX_ANSWER_BYTES) -> Answer:
    """The same on the follower's client, for calls that may be repeated freely."""
    try:
        async with http.places, asyncio.timeout(2 * timeout_s()):
            end = time.monotonic() + timeout_s()
            response = await http.send(call.request(), stream=True, follow_redirects=False)
            try:
                received = _room(response, max_bytes)
                async for chunk in response.aiter_bytes():
                    _take_in(received, chunk, max_bytes, end)
            finally:
                await response.aclose()
    except (*_TROUBLE, TimeoutError) as error:
        raise NoAnswer(type(error).__name__, body_left=True) from error
    return Answer(response.status_code, response.headers, bytes(received))


def patiently(attempt: Callable[[], T]) -> T:
    """Try up to three times while Unavailable, with jittered pauses. Only for what cannot be billed twice."""
    started = time.monotonic()
    for pause_s in RETRY_PAUSES_S:
        try:
            return attempt()
        except Unavailable as trouble:
            spent_s = time.monotonic() - started
            if spent_s > timeout_s() / 2 or trouble.retry_after_s > 2 * pause_s:
                raise
        time.sleep(pause_s * random.uniform(0.5, 1.5))
    return attempt()


class _Departure:
    """httpcore's trace of one call: notes the moment from which our body may be on its way."""

    body_left = False

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        # A proxy's CONNECT is traced as well, and carries nothing of ours.
        if event.endswith("send_request_body.started") and info["request"].method != b"CONNECT":
            self.body_left = True


def _room(response: httpx.Response, max_bytes: int) -> bytearray:
    """An empty buffer; TooLarge where the answer says beforehand that it will be."""
    length = response.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > max_bytes:
        raise TooLarge("TooLarge", body_left=True)
    return bytearray()


def _take_in(received: bytearray, chunk: bytes, max_bytes: int, end: float) -> None:
    received += chunk
    if len(received) > max_bytes:
        raise TooLarge("TooLarge", body_left=True)
    if time.monotonic() > end:
        raise httpx.ReadTimeout("the answer takes too long")
