"""Recognise an e-mail address or a network again without keeping it: hashes under a key that is no other key.

`TRIAL_KEY` stays when `SECRET_KEY` is rotated, since what was forgotten with a key could not be recognised any more; it
is not in the database, since whoever has a copy of that could otherwise guess the addresses. See decision 0008.
"""

import hmac
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings

GMAIL = frozenset({"gmail.com", "googlemail.com"})
IPV4_PREFIX, IPV6_PREFIX = 24, 48


def of_address(email: str) -> str:
    """64 hexadecimal digits; the same for every way of writing one mailbox."""
    return _digest("address", mailbox(email))


def of_network(client: str) -> str:
    """64 hexadecimal digits of the client's network; empty for what is no address of the Internet, such as loopback:
    it says nothing about who is there."""
    try:
        address = ip_address(client)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not address.is_global:
        return ""
    prefix = IPV4_PREFIX if address.version == 4 else IPV6_PREFIX
    return _digest("network", str(ip_network(f"{address}/{prefix}", strict=False)))


def mailbox(email: str) -> str:
    """Lower case, without what a mail server passes over: `+tags`, and at Gmail the dots."""
    local, _, host = email.strip().lower().rpartition("@")
    local = local.partition("+")[0] or local
    if host in GMAIL:
        local, host = local.replace(".", ""), "gmail.com"
    return f"{local}@{host}"


def _digest(kind: str, text: str) -> str:
    return hmac.new(settings.TRIAL_KEY.encode(), f"{kind}:{text}".encode(), sha256).hexdigest()
