"""The hosts of throw-away mail addresses: a list that comes with the site and that the operator edits."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.utils import timezone

from krea_site.models import MailHost

SHIPPED = Path(__file__).with_name("throw_away_hosts.txt")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_PARTING = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class Added:
    """What became of a pasted list; `hosts` are the new ones."""

    new: int = 0
    known: int = 0
    unreadable: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list, compare=False)


def is_throw_away(email: str) -> bool:
    """Whether the host of an address, or one that it is a sub-domain of, is on the list."""
    labels = (_host(email.rpartition("@")[2]) or "").split(".")
    names = [".".join(labels[place:]) for place in range(len(labels) - 1)]
    return MailHost.objects.listed().filter(host__in=names).exists()


def add(text: str) -> Added:
    """Put hosts on the list: one or many, parted by spaces, commas or lines; whole addresses and `@host` count as
    their host, what stands behind `#` is passed over."""
    words = [word for line in text.splitlines() for word in _PARTING.split(line.partition("#")[0]) if word]
    read = {word: _host(word.rpartition("@")[2]) for word in words}
    hosts = sorted({host for host in read.values() if host})
    known = set(MailHost.objects.listed().filter(host__in=hosts).values_list("host", flat=True))
    _write(hosts)
    MailHost.objects.filter(host__in=hosts).update(removed_at=None)
    unreadable = [word for word, host in read.items() if host is None]
    fresh = [host for host in hosts if host not in known]
    return Added(len(fresh), len(known), unreadable, fresh)


def remove(host: str) -> bool:
    """Take a host off the list; False when it was not on it."""
    return bool(MailHost.objects.listed().filter(host=host).update(removed_at=timezone.now()))


def seed() -> None:
    """Put the hosts that come with the site on the list, but for those that the operator took off it."""
    _write(shipped())


@cache
def shipped() -> tuple[str, ...]:
    lines = (line.partition("#")[0].strip() for line in SHIPPED.read_text().splitlines())
    return tuple(line for line in lines if line)


def _write(hosts: Iterable[str]) -> None:
    MailHost.objects.bulk_create([MailHost(host=host) for host in hosts], ignore_conflicts=True, batch_size=500)


def _host(text: str) -> str | None:
    """A host name as the list has it: lower case, without a dot at either end, in ASCII; None for what is none."""
    name = text.strip().strip(".").lower()
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        return None
    return name if _HOST.fullmatch(name) and len(name) <= 253 else None
