"""Where each call to fal goes. Addresses are built here from our settings and never taken from a reply, since
the key travels with the call."""

import ipaddress
import re
from typing import Final

import httpx
from django.conf import settings

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
PORTS: Final = {"http": 80, "https": 443}
NAMESPACES: Final = frozenset({"workflows", "comfy"})
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBERED = re.compile(r"([0-9]+)-([A-Za-z0-9-]+)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


def full_id(endpoint: str) -> str:
    """`owner/alias[/path]`, as fal writes it: `12345-name` becomes `12345/name`. ValueError for others."""
    if numbered := _NUMBERED.fullmatch(endpoint):
        endpoint = "/".join(numbered.groups())
    parts = endpoint.split("/")
    needed = 3 if parts[0] in NAMESPACES else 2
    if len(parts) < needed or not all(_SEGMENT.fullmatch(part) for part in parts):
        raise ValueError(f"not an endpoint of fal: {endpoint!r}")
    return endpoint


def app_id(endpoint: str) -> str:
    """`[namespace/]owner/alias`: all that the addresses of a request carry (fal-client's `AppId`)."""
    parts = full_id(endpoint).split("/")
    return "/".join(parts[: 3 if parts[0] in NAMESPACES else 2])


def submit_url(endpoint: str) -> str:
    return f"{settings.FAL_QUEUE_URL}/{full_id(endpoint)}"


def request_url(endpoint: str, request_id: str) -> str:
    """Where a request's result is; `/status` and `/cancel` hang under it. ValueError for an odd id."""
    if not is_request_id(request_id):
        raise ValueError("not a request id of fal")
    return f"{settings.FAL_QUEUE_URL}/{app_id(endpoint)}/requests/{request_id}"


def is_request_id(value: object) -> bool:
    """Whether `value` may stand in an address as it is. fal's are UUIDs; we insist on harmless letters."""
    return isinstance(value, str) and _REQUEST_ID.fullmatch(value) is not None


def is_media_url(url: str) -> bool:
    """Whether a picture may be fetched there: a host of FAL_MEDIA_HOSTS to the letter (`host`, or `host:port` where
    the port is not the scheme's own), by https but for this very machine."""
    found = _plain(url)
    if found is None or (found.scheme != "https" and found.host not in LOOPBACK):
        return False
    return _names(found) & {entry.lower() for entry in settings.FAL_MEDIA_HOSTS} != set()


def is_storage_url(url: str) -> bool:
    """Whether a file of ours may go there, or be pointed to: any public host by https (fal signs addresses of other
    people's storage), or the stand-in on this very machine."""
    found = _plain(url)
    if found is None:
        return False
    if found.host in LOOPBACK:
        rest = httpx.URL(settings.FAL_REST_URL)
        return is_media_url(url) or (found.scheme, found.netloc) == (rest.scheme, rest.netloc)
    return found.scheme == "https" and not _is_private_literal(found.host)


def joined(url: str, location: str) -> str:
    """Where a redirect leads; "" where that is nowhere."""
    try:
        return str(httpx.URL(url).join(location)) if location else ""
    except (httpx.InvalidURL, ValueError):
        return ""


def _plain(url: str) -> httpx.URL | None:
    """`url` read as httpx will read it; None unless it is a plain http(s) address with a host and no password."""
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    return found if found.scheme in PORTS and found.host and not found.userinfo else None


def _names(url: httpx.URL) -> set[str]:
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = url.port or PORTS[url.scheme]
    return {f"{host}:{port}", host} if port == PORTS[url.scheme] else {f"{host}:{port}"}


def _is_private_literal(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".localhost", ".local", ".internal"))
