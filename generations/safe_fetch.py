"""The only way in which addresses given by strangers are touched: references, LoRAs, partners' webhooks.

A stranger's address may lead into our own network, to a server that never ends, or to one that answers
another way the second time. So: http and https only, on the web's usual ports, without credentials; the
name is looked up once, every address found must be public, and the connection goes to the address that
was checked, under the name that was given; every redirect is checked anew, at most three; bytes and time
are limited. No cookie, key or environment of ours goes along.

With EGRESS_PROXY set, a proxy made for this looks up, refuses and connects; private addresses that are
written out are refused here all the same. SAFE_FETCH_ALLOW (`host:port`, loopback only) is for tests and
a machine of one's own.
"""

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

import httpx
from django.conf import settings

from generations import bounded
from generations.destinations import ALLOWED, FetchRefused, Resolve, Route, check_host, resolve_name, route_to
from generations.turnstile import Turnstile

__all__ = ["FetchRefused", "Fetched", "Head", "Posted", "check", "get", "get_all", "head", "host", "post"]

TIMEOUT_S = 8.0
CONNECT_S = 3.0  # for each address of a server, so that a second one still has its chance
MAX_ADDRESSES = 3
MAX_REDIRECTS = 3
MAX_URL = 8192  # object storage signs long ones
MAX_ANSWER = 64 * 1024  # of what a webhook answers
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DIGITS = re.compile(r"[0-9]{1,18}")
_turns = Turnstile(each=10, total=50)
_deliveries = Turnstile(each=10, total=200)  # little is read of them, and the courier shares them out


@dataclass(frozen=True)
class Fetched:
    """What stood at an address; `url` is where the redirects ended, `content_type` what the server said."""

    url: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Head:
    """What a server says of an address without sending it; `length` in bytes, None where it does not say."""

    url: str
    status: int
    content_type: str
    length: int | None


@dataclass(frozen=True)
class Posted:
    """A webhook's answer: the first MAX_ANSWER bytes of its body, as they came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def get(
    url: str,
    *,
    max_bytes: int,
    timeout_s: float = TIMEOUT_S,
    accept: tuple[str, ...] = (),
    per: Hashable = None,
    resolve: Resolve = resolve_name,
) -> Fetched:
    """Fetch at most `max_bytes` (after unpacking) within `timeout_s`, waiting for a turn included.

    `accept`: content types (`image/png`) or families (`image/*`); none: any. `per`: whose turn it is,
    such as a user's id; ten at once for each, and for all who name nobody. Raises FetchRefused."""
    headers = {"Accept": ", ".join(accept) or "*/*"}
    async with _within(timeout_s, per), _opened("GET", url, headers, resolve) as (target, response):
        if response.status_code != 200:
            raise FetchRefused(f"{target.host} answered {response.status_code} instead of 200.", "bad_status")
        content_type = _content_type(response)
        if accept and not any(fnmatchcase(content_type, kind) for kind in accept):
            raise FetchRefused(f"The address leads to {content_type}; allowed: {', '.join(accept)}.", "bad_type")
        return Fetched(str(target), content_type, await _body(response, max_bytes))


async def get_all(
    urls: Sequence[str],
    *,
    max_bytes: int,
    timeout_s: float = TIMEOUT_S,
    accept: tuple[str, ...] = (),
    per: Hashable = None,
    resolve: Resolve = resolve_name,
) -> list[Fetched | FetchRefused]:
    """Fetch several, ten at once, in `timeout_s` in all. One result for each address, in their order:
    what was fetched, or why not."""
    turn = object() if per is None else per

    async def one(url: str) -> Fetched | FetchRefused:
        try:
            return await get(url, max_bytes=max_bytes, timeout_s=timeout_s, accept=accept, per=turn, resolve=resolve)
        except FetchRefused as refused:
            return refused

    return await asyncio.gather(*map(one, urls))


async def head(
    url: str, *, timeout_s: float = TIMEOUT_S, per: Hashable = None, resolve: Resolve = resolve_name
) -> Head:
    """Ask what stands at an address, without fetching it; any status is an answer. Raises FetchRefused.

    Addresses signed for GET refuse HEAD: there the first byte is asked for, and its body left unread."""
    async with _within(timeout_s, per):
        async with _opened("HEAD", url, {}, resolve) as (target, response):
            told = _head(target, response)
        if told.status in {403, 405, 501}:
            async with _opened("GET", url, {"Range": "bytes=0-0"}, resolve) as (target, response):
                told = _head(target, response)
        return told


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float = TIMEOUT_S,
    per: Hashable = None,
    resolve: Resolve = resolve_name,
) -> Posted:
    """Deliver `body`; redirects are an answer like any other and never followed. Raises FetchRefused:
    then the other side may have it all the same, except for the codes that say it was not touched."""
    async with _within(timeout_s, per, _deliveries):
        target = _parsed(url)
        async with _sent("POST", target, headers, body, resolve) as response:
            answer = await bounded.beginning(response.aiter_raw(), limit=MAX_ANSWER)
            return Posted(response.status_code, dict(response.headers), answer)


def check(url: str) -> None:
    """Refuse what can be refused without looking up or touching anything: what is no web address, what spells out a
    private one, and ports of other services. Raises FetchRefused."""
    target = _parsed(url)
    check_host(target.raw_host.decode("ascii"), target.port or _DEFAULT_PORTS[target.scheme])


def host(url: str) -> str:
    """The host that an address names, as a call to it reads it. Raises FetchRefused."""
    return _parsed(url).raw_host.decode("ascii")


@asynccontextmanager
async def _within(timeout_s: float, per: Hashable, turns: Turnstile = _turns) -> AsyncIterator[None]:
    """A turn, a time limit over everything, and one exception for all that can go wrong."""
    in_turn = False
    try:
        async with asyncio.timeout(timeout_s), turns.turn(per):
            in_turn = True
            yield
    except (TimeoutError, httpx.TimeoutException) as error:
        if not in_turn:
            raise FetchRefused("Too many addresses are being fetched at once. Please try again.", "busy") from error
        raise FetchRefused(f"The server did not finish within {timeout_s:g} seconds.", "too_slow") from error
    except httpx.HTTPError as error:
        raise FetchRefused("The server broke the connection off.", "unreachable") from error


@asynccontextmanager
async def _opened(
    method: str, url: str, headers: Mapping[str, str], resolve: Resolve
) -> AsyncIterator[tuple[httpx.URL, httpx.Response]]:
    """The answer at the end of the redirects, its body unread, and the address where it stands."""
    target = _parsed(url)
    for _ in range(MAX_REDIRECTS + 1):
        async with _sent(method, target, headers, None, resolve) as response:
            if not response.has_redirect_location:
                yield target, response
                return
            target = _parsed(response.headers["location"], target)
    raise FetchRefused(f"The address redirects more than {MAX_REDIRECTS} times.", "too_many_redirects")


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """One reading of the address, by which it is both checked and used: two readers may disagree on what
    the host is, and attackers live on that."""
    try:
        if len(url) > MAX_URL:
            raise httpx.InvalidURL("too long")
        target = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise FetchRefused(f"This is not a web address. {ALLOWED}", "bad_url") from error
    if target.scheme not in {"http", "https"}:
        raise FetchRefused(f"The address does not begin with http:// or https://. {ALLOWED}", "bad_scheme")
    if target.userinfo:
        raise FetchRefused("The address holds a user name or password. Please leave them out.", "bad_url")
    return target.copy_with(fragment=None)


@asynccontextmanager
async def _sent(
    method: str, target: httpx.URL, headers: Mapping[str, str], body: bytes | None, resolve: Resolve
) -> AsyncIterator[httpx.Response]:
    """One request, to an address that was checked; the answer's body is unread."""
    host = target.raw_host.decode("ascii")
    route = await route_to(host, target.port or _DEFAULT_PORTS[target.scheme], resolve)
    ours = {
        "User-Agent": f"krea-site (+{settings.PUBLIC_URL})",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Host": target.netloc.decode("ascii"),
    }
    timeout = httpx.Timeout(None, connect=CONNECT_S)  # the limit over everything is `_within`'s
    # A client for each request: nothing of one customer's (connection, cookie) is there for the next.
    async with httpx.AsyncClient(transport=_transport(route), timeout=timeout, trust_env=False) as client:
        requests = [
            client.build_request(
                method,
                target if address is None else target.copy_with(host=address),
                headers={"Accept": "*/*", **headers, **ours},
                content=body,
                extensions={"sni_hostname": host},
            )
            for address in ([None] if route.proxy else route.addresses[:MAX_ADDRESSES])
        ]
        response = await _first_answer(client, requests, host)
        try:
            _refuse_for_proxy(route, target, response)
            yield response
        finally:
            await response.aclose()


def _transport(route: Route) -> httpx.AsyncHTTPTransport:
    tls = _tls(os.environ.get("SSL_CERT_FILE", ""))
    over_tls = tls if route.proxy.startswith("https:") else None
    proxy = httpx.Proxy(route.proxy, ssl_context=over_tls) if route.proxy else None
    return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, proxy=proxy)


@lru_cache(maxsize=4)
def _tls(cert_file: str) -> ssl.SSLContext:
    """Trusts what SSL_CERT_FILE holds, or else the usual authorities. Kept, since reading them takes long."""
    return httpx.create_ssl_context()


async def _first_answer(client: httpx.AsyncClient, requests: list[httpx.Request], host: str) -> httpx.Response:
    """The answer of the first address that takes the connection. After that nothing is tried again."""
    failed: Exception | None = None
    for request in requests:
        try:
            return await client.send(request, stream=True)
        except httpx.ProxyError as error:
            raise _proxy_says(str(error)[:3]) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failed = error
    if "CERTIFICATE_VERIFY_FAILED" in str(failed):
        raise FetchRefused(f"The certificate of {host} is not valid.", "unreachable") from failed
    raise FetchRefused(f"{host} takes no connections.", "unreachable") from failed


def _refuse_for_proxy(route: Route, target: httpx.URL, response: httpx.Response) -> None:
    """On plain http the proxy's own refusal comes in the place of the answer; over TLS it is a ProxyError."""
    if route.proxy and target.scheme == "http" and response.status_code in {403, 407, 502, 504}:
        raise _proxy_says(str(response.status_code))


def _proxy_says(status: str) -> FetchRefused:
    if status in {"403", "407"}:
        return FetchRefused(f"The address leads into a private network. {ALLOWED}", "address_not_allowed")
    return FetchRefused("The server cannot be reached.", "unreachable")


async def _body(response: httpx.Response, limit: int) -> bytes:
    too_large = FetchRefused(f"The file is larger than the {limit:,} bytes allowed.", "too_large")
    if (_number(response.headers.get("content-length", "")) or 0) > limit:
        raise too_large
    encoding = response.headers.get("content-encoding", "").lower()
    try:
        return await bounded.whole(response.aiter_raw(), limit=limit, encoding=encoding)
    except bounded.TooLarge:
        raise too_large from None
    except bounded.BadEncoding as error:
        raise FetchRefused("The file is packed in a way that is not read here.", "bad_encoding") from error


def _head(target: httpx.URL, response: httpx.Response) -> Head:
    length = response.headers.get("content-length", "")
    if response.status_code == 206:
        length = response.headers.get("content-range", "").rpartition("/")[2]
    return Head(str(target), response.status_code, _content_type(response), _number(length))


def _number(text: str) -> int | None:
    return int(text) if _DIGITS.fullmatch(text) else None


def _content_type(response: httpx.Response) -> str:
    told: str = response.headers.get("content-type", "")
    return told.partition(";")[0].strip().lower() or "application/octet-stream"
