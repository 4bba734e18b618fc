"""The proof of a restored site: both audits, every row's word for a file against the files, and what is sealed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db import DEFAULT_DB_ALIAS

from accounts import openable
from billing import audit
from generations import audit as road_audit
from krea_site.backups import lists, named
from krea_site.backups.lists import Names
from krea_site.backups.manifest import Figures
from partners import sealed
from partners.models import Endpoint, KeptAnswer, Listener, SigningKey


@dataclass
class Proof:
    """`tables` were compared; `files` were read in the store and have the hash of their name; so many `mentions` of
    rows agree with them; so many sealed things opened; `without_file` are mentions of files that the backup lacked.
    `differences` is empty where all is as it was."""

    tables: int = 0
    files: int = 0
    mentions: int = 0
    sealed: int = 0
    without_file: int = 0
    differences: list[str] = field(default_factory=list)

    def compare(self, told: Figures, found: Figures) -> None:
        """The database just put back with the one that was copied."""
        pairs = [
            *((f"rows of {name}", count, found.tables.get(name)) for name, count in told.tables.items()),
            *((f"ledger, {name}", amount, found.ledger.get(name)) for name, amount in told.ledger.items()),
            ("migrations", len(told.migrations), len(found.migrations)),
        ]
        self.tables = len(told.tables)
        self.differences += [
            f"{what}: {there}, the manifest says {then}" for what, then, there in pairs if then != there
        ]

    def prove(self, names: Names, say: Callable[[str], None]) -> None:
        self._audits(say)
        self._mentions(names)
        self._seals()

    def _audits(self, say: Callable[[str], None]) -> None:
        with audit.one_moment():
            found = [*audit.findings(), *road_audit.findings()]
        say(f"audit of the ledger and of every generation: {len(found):,} findings")
        self.differences += [f"audit: {each}" for each in found]

    def _mentions(self, names: Names) -> None:
        for each in named.mentions(DEFAULT_DB_ALIAS):
            line = names.get(each.name)
            if line is None:
                self.differences.append(f"{each.row} names {each.name}, which is not in the backup")
            elif line.state != lists.KEPT:
                self.without_file += 1
            elif each.sha256 != line.sha256 or each.bytes not in (None, line.bytes):
                self.differences.append(f"{each.row} tells another hash or length than {each.name} has")
            else:
                self.mentions += 1

    def _seals(self) -> None:
        for what, opens in _sealed():
            if opens:
                self.sealed += 1
            else:
                self.differences.append(f"{what} does not open: SECRET_KEY and SECRET_KEY_FALLBACKS lack its key")


def _sealed() -> Iterator[tuple[str, bool]]:
    """Everything that is sealed, by what it is, and whether it opens."""
    yield from openable.factors()
    for key in SigningKey.objects.all():
        yield f"signing key {key.pk}", _opens(key.private.encode())
    for name, rows in (("endpoint", Endpoint.objects.all()), ("account", Listener.objects.all())):
        for pk, secret in rows.exclude(secret="").values_list("pk", "secret").iterator():
            yield f"webhook secret of {name} {pk}", _opens(secret.encode())
    for pk, body in KeptAnswer.objects.exclude(status=0).values_list("pk", "body").iterator():
        yield f"kept answer {pk}", _opens(bytes(body))


def _opens(data: bytes) -> bool:
    try:
        sealed.unseal(data)
    except sealed.Unreadable:
        return False
    return True
