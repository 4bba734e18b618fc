"""The web process: uvicorn on sockets that `manage.py run` opened, or on addresses of one's own.

    python -m krea_site.serve --bind 0.0.0.0:8000

Any number may serve one set of sockets; a proxy with TLS stands in front of those that strangers reach.
"""

import argparse
import resource
import socket
import sys

import uvicorn
from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from krea_site import ports
from krea_site.asgi import application

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
        application,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        proxy_headers=True,
        forwarded_allow_ips=settings.TRUSTED_PROXIES,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        backlog=ports.BACKLOG,
    )
    uvicorn.Server(config).run(sockets=sockets)


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
