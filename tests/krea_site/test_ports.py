"""Ports: taken on both loopback addresses, or refused by their number."""

import socket
import sys

import pytest

from krea_site import ports
from tests.standins.launch import free_port


def connects(family: int, host: str, port: int) -> bool:
    with socket.socket(family) as line:
        return line.connect_ex((host, port)) == 0


def has_ipv6() -> bool:
    try:
        ports.bound(socket.AF_INET6, "::1", 0).close()
    except OSError:
        return False
    return True


def test_port_is_taken_on_both_loopback_addresses() -> None:
    port = free_port()

    sockets = ports.listen(port)

    try:
        assert connects(socket.AF_INET, "127.0.0.1", port)
        assert connects(socket.AF_INET6, "::1", port) is has_ipv6()
        assert {each.getsockname()[0] for each in sockets} <= {"127.0.0.1", "::1"}
    finally:
        ports.close(sockets)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_port_of_another_program_is_refused_and_nothing_is_kept(family: int) -> None:
    if family == socket.AF_INET6 and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    port = free_port()
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    refused = pytest.raises(ports.PortTaken, match=f"Port {port} is taken by another program.")
    with ports.bound(family, host, port), refused:
        ports.listen(port)

    ports.close(ports.listen(port))


def test_check_free_leaves_the_port_free() -> None:
    port = free_port()

    ports.check_free(port)
    with ports.bound(socket.AF_INET, "127.0.0.1", port), pytest.raises(ports.PortTaken):
        ports.check_free(port)
    ports.check_free(port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux cuts off who takes nothing")
def test_what_is_accepted_is_cut_off_by_the_kernel_when_its_reader_takes_nothing() -> None:
    with (
        ports.bound(socket.AF_INET, "127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == ports.TAKES_NOTHING_MS
