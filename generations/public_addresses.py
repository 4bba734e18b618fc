"""Which addresses a stranger may have us connect to: those of the public internet, and no others.

The table is ours and not `ipaddress.is_global`, which differs between Python's patch releases and calls
multicast global. Sources: IANA's special-purpose address registries for IPv4 and IPv6 (RFC 6890, 8190),
read in 2026.
"""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NOT_PUBLIC_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' shared space; a cloud's metadata too
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host: public by number only
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation, as 198.51.100 and 203.0.113
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation, as 3fff
        "2002::/16",  # 6to4: an IPv4 address in disguise, and long out of use
        "3fff::/20",
    )
]
# Where IPv4 is reached through a translator: what counts is the IPv4 address in the last 32 bits.
_TRANSLATED = [IPv6Network("64:ff9b::/96"), IPv6Network("::ffff:0:0/96")]


def is_public(address: str) -> bool:
    """True for an address of the public internet. `address` is an IPv4 or IPv6 address in its usual form."""
    number = ip_address(address)
    if isinstance(number, IPv4Address):
        return not any(number in network for network in _NOT_PUBLIC_V4)
    if any(number in network for network in _TRANSLATED):
        return is_public(str(IPv4Address(int(number) & 0xFFFFFFFF)))
    return number in _PUBLIC_V6 and not any(number in network for network in _NOT_PUBLIC_V6)


def is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


def written_in(host: str) -> list[str]:
    """The addresses that `host` spells out by itself; none for a name that has to be looked up.

    Reads every form that some resolver takes for an address: 127.1, 0x7f.1, 2130706433, 0177.0.0.1."""
    if host == "localhost" or host.endswith(".localhost"):
        return ["127.0.0.1", "::1"]
    if ":" in host:
        return [str(IPv6Address(host))]
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except OSError:
        return []
