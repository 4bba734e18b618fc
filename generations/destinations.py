"""Where a request to a stranger's address may go: the one place that looks names up and says no.

Every address that a name has must be public, and the answer is a list of addresses to connect to, so that
nobody asks the name's server a second time and gets another answer. With EGRESS_PROXY set, names go to
the proxy as they are; addresses that are written out are refused here all the same.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from generations.public_addresses import is_loopback, is_public, written_in

# The web's own ports and their usual doubles; the others belong to mail, databases and the like.
PORTS = frozenset({80, 443, 8080, 8443})
ALLOWED = "Allowed are public http and https addresses on the ports 80, 443, 8080 and 8443."
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Many: a stranger's slow name server keeps a thread long after its caller has given up.
_resolving = ThreadPoolExecutor(max_workers=64, thread_name_prefix="resolve")

Resolve = Callable[[str, int], Awaitable[list[str]]]


class FetchRefused(Exception):
    """The address was not touched, or did not answer as it must. `reason` may be shown to the customer.

    `code` is one of: bad_url, bad_scheme, address_not_allowed, unreachable, too_many_redirects,
    bad_status, bad_type, bad_encoding, too_large, too_slow, busy."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


@dataclass(frozen=True)
class Route:
    """The addresses to connect to, all of them checked; none where `proxy` looks the name up."""

    addresses: tuple[str, ...]
    proxy: str = ""


async def route_to(host: str, port: int, resolve: Resolve) -> Route:
    """How to reach `host` (lower case, without brackets). Raises FetchRefused."""
    written = check_host(host, port)
    if not written and settings.EGRESS_PROXY:
        return Route((), settings.EGRESS_PROXY)
    addresses = written or await resolve(host, port)
    strange = _strange(addresses, host, port)
    if strange and settings.EGRESS_PROXY:
        return Route((), settings.EGRESS_PROXY)
    return Route(tuple(addresses))


def check_host(host: str, port: int) -> list[str]:
    """The addresses that `host` spells out, none for a name. Raises FetchRefused for what need not be looked up."""
    written = _written(host)
    _refuse_port(port)
    _strange(written, host, port)
    return written


async def resolve_name(host: str, port: int) -> list[str]:
    """The addresses of `host`, from this machine's resolver; in a thread, since it blocks."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_resolving, ask)
    except (OSError, UnicodeError) as error:
        raise FetchRefused(f"There is no server called {host}.", "unreachable") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _written(host: str) -> list[str]:
    """The addresses that `host` spells out, in the one usual form; none for a name."""
    name = host.removesuffix(".")
    written = written_in(name)
    if not written and (not _HOST.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2])):
        raise FetchRefused(f"This is not a web address. {ALLOWED}", "bad_url")
    # 127.1 or 2130706433: whoever reads it next (a proxy) may read another address than we do.
    if written and ":" not in name and not name.endswith("localhost") and name not in written:
        raise FetchRefused(f"Please write the address in its usual form. {ALLOWED}", "address_not_allowed")
    return written


def _strange(addresses: list[str], host: str, port: int) -> list[str]:
    """Those that are not our own, all of which must be public."""
    strange = [address for address in addresses if not _is_our_own(address, host, port)]
    if not all(is_public(address) for address in strange):
        raise FetchRefused(f"The address leads into a private network. {ALLOWED}", "address_not_allowed")
    return strange


def _is_our_own(address: str, host: str, port: int) -> bool:
    """True for a server on this machine that SAFE_FETCH_ALLOW names, by its address or as it was written."""
    names = {f"{address}:{port}", f"[{address}]:{port}", f"{host}:{port}"}
    return is_loopback(address) and not names.isdisjoint(settings.SAFE_FETCH_ALLOW)


def _refuse_port(port: int) -> None:
    if port not in PORTS and not any(entry.endswith(f":{port}") for entry in settings.SAFE_FETCH_ALLOW):
        raise FetchRefused(f"Port {port} is not allowed. {ALLOWED}", "address_not_allowed")
