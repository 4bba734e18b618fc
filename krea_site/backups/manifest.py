"""What a set says of itself: when, of which site, what its database holds, and which secrets it was sealed with."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

FORMAT = 1
FILE = "manifest.json"


class Unreadable(Exception):
    """The manifest is of another format, or none at all."""


@dataclass(frozen=True)
class Figures:
    """A database in numbers: rows of each table, sums of the ledger in 1/100 credit, migrations as `app.name`."""

    tables: dict[str, int]
    ledger: dict[str, int]
    migrations: list[str]


@dataclass(frozen=True)
class Keys:
    """Fingerprints of the secrets that the rows were sealed with. The secrets themselves are nowhere in a backup."""

    secret_keys: list[str]
    trial_key: str


@dataclass(frozen=True)
class Manifest:
    """`files` and `bytes` are those that the set names and the shelf holds; `copied` of them were new. `lacking` counts
    what rows name and the store had not, or had altered; `gone` what was deleted while the backup ran."""

    made_at: str
    site: str
    database: str
    vendor: str
    figures: Figures
    keys: Keys
    files: int = 0
    bytes: int = 0
    copied: int = 0
    lacking: int = 0
    gone: int = 0
    format: int = field(default=FORMAT)

    def write(self, made: Path) -> None:
        (made / FILE).write_text(json.dumps(asdict(self), indent=1) + "\n")


def read(set_: Path) -> Manifest:
    """Raises Unreadable."""
    try:
        told: dict[str, Any] = json.loads((set_ / FILE).read_text())
        if told["format"] != FORMAT:
            raise Unreadable(f"{set_.name} is of format {told['format']}; this release reads format {FORMAT}")
        return Manifest(**{**told, "figures": Figures(**told["figures"]), "keys": Keys(**told["keys"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{set_.name}/{FILE} cannot be read") from error


def present_keys() -> Keys:
    return Keys(
        [fingerprint(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)],
        fingerprint(settings.TRIAL_KEY),
    )


def fingerprint(secret: str) -> str:
    return salted_hmac("krea_site.backups", "", secret=secret, algorithm="sha256").hexdigest()[:16]
