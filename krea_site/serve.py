"""The web process: uvicorn on sockets that `manage.py run` opened, or on addresses of one's own.

    python -m krea_site.serve --bind 0.0.0.0:8000

Any number may serve one set of sockets; a proxy with TLS stands in front of those that strangers reach.
"""

import argparse
import asyncio
import resource
import socket
import sys
from typing import Any, cast

import uvicorn
from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from krea_site import ports, request_ids, traffic
from krea_site.asgi import application
from krea_site.watch.rounds import Rounds

KEEP_ALIVE_S = 75  # longer than a proxy keeps idle connections, so that it is never we who close one in use
GRACE_S = 3  # streams never end by themselves


def main() -> None:
    given = arguments()
    try:
        BaseCommand().check()
        BaseCommand().check(tags=[Tags.database], databases=["default"])
    except CommandError as error:
        sys.exit(str(error))
    raise_open_files(2 * settings.WEB_STREAMS)
    sockets = [socket.socket(fileno=fd) for fd in given.fd]
    sockets += [address(text) for text in given.bind]
    if not sockets:
        sockets = ports.listen(settings.PORT)
    server(sockets)


def server(sockets: list[socket.socket]) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        WebProcess(BehindProxies(settings.TRUSTED_PROXIES)),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        proxy_headers=False,  # done by BehindProxies
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        backlog=ports.BACKLOG,
    )
    uvicorn.Server(config).run(sockets=sockets)


class WebProcess:
    """The site in a process of its own: with it begin its counts of requests and its rounds of the watch, and they end
    with it."""

    def __init__(self, site: Any) -> None:
        self._site = site

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._site(scope, receive, send)
            return
        traffic.HERE.take_place()
        stop = asyncio.Event()
        rounds = asyncio.create_task(Rounds("web").run(stop))
        try:
            await self._site(scope, receive, send)
        finally:
            traffic.HERE.keep()
            stop.set()
            await rounds


class BehindProxies:
    """The site as it stands behind proxies: what those of TRUSTED_PROXIES say of the caller is believed, and so is the
    id that they gave the request."""

    def __init__(self, trusted: str) -> None:
        self._site = ProxyHeadersMiddleware(cast(Any, application), trusted)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":  # uvicorn puts the caller's address in the place of the proxy's
            peer = scope.get("client")
            scope[request_ids.BELIEVED] = bool(peer) and peer[0] in self._site.trusted_hosts
        await self._site(scope, receive, send)


def raise_open_files(wanted: int) -> None:
    """Let this process have so many files open, as far as the system allows; shells give it 1,024 and allow more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="krea_site.serve", description="The web process.")
    parser.add_argument("--fd", type=int, action="append", default=[], help="a listening socket that is open already")
    parser.add_argument("--bind", action="append", default=[], metavar="HOST:PORT", help="an address to listen on")
    return parser.parse_args()


def address(text: str) -> socket.socket:
    """A listening socket on `host:port` or `[host]:port`."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    return ports.bound(socket.AF_INET6 if ":" in host else socket.AF_INET, host, int(port))


if __name__ == "__main__":
    main()
