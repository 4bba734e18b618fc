"""Recognise an e-mail address or a network again without keeping it: hashes under a key that is no other key.

`TRIAL_KEY` stays when `SECRET_KEY` is rotated, since what was forgotten with a key could not be recognised any more; it
is not in the database, since whoever has a copy of that could otherwise guess the addresses. See decision 0008.
"""

import hmac
import re
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings

GMAIL = frozenset({"gmail.com", "googlemail.com"})
IPV4_PREFIX, IPV6_PREFIX = 24, 48
_QUOTED = re.compile(r'"(.*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


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
    """Lower case, without what a mail server passes over: quotes, `+tags`, and at Gmail the dots; the host as mail
    servers call it, in ASCII."""
    local, _, host = email.strip().lower().rpartition("@")
    if quoted := _QUOTED.fullmatch(local):
        local = _ESCAPED.sub(r"\1", quoted[1])
    local, host = local.partition("+")[0] or local, _in_ascii(host)
    if host in GMAIL:
        local, host = local.replace(".", ""), "gmail.com"
    return f"{local}@{host}"


def _in_ascii(host: str) -> str:
    """Wide letters and others that mean the same are one host to whoever delivers the mail. What is none stays."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _digest(kind: str, text: str) -> str:
    return hmac.new(settings.TRIAL_KEY.encode(), f"{kind}:{text}".encode(), sha256).hexdigest()
