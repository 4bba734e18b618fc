"""Ports of this machine: taken before anything else is started, so that one that is taken already is said at once."""

import errno
import socket
import sys

LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
BACKLOG = 2048
TAKES_NOTHING_MS = 300_000  # a reader that takes nothing for so long is cut off by the kernel, where that can do so


class PortTaken(Exception):
    """Another program listens on the port, or the system keeps it for others; the message says which."""

    def __init__(self, port: int, error: OSError | None = None) -> None:
        taken = error is not None and error.errno == errno.EADDRINUSE
        why = (
            "is taken by another program" if taken else f"cannot be used ({error.strerror if error else 'no address'})"
        )
        super().__init__(f"Port {port} {why}.")


def listen(port: int) -> list[socket.socket]:
    """Listening sockets on this machine's loopback addresses: IPv4 and, where it has it, IPv6. Raises PortTaken."""
    sockets: list[socket.socket] = []
    for family, host in LOOPBACK:
        try:
            sockets.append(bound(family, host, port))
        except OSError as error:
            if error.errno in NO_SUCH_FAMILY:
                continue
            close(sockets)
            raise PortTaken(port, error) from error
    if not sockets:
        raise PortTaken(port)
    return sockets


def bound(family: int, host: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":  # what is accepted inherits it
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKES_NOTHING_MS)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def check_free(port: int) -> None:
    """PortTaken when something listens on the port on 127.0.0.1."""
    try:
        bound(socket.AF_INET, "127.0.0.1", port).close()
    except OSError as error:
        raise PortTaken(port, error) from error


def close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()
