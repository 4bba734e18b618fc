"""API keys: made once, shown once, found again by their hash alone.

A secret is `krea_`, 32 random characters of [A-Za-z0-9], and 6 more that are the CRC32 of what stands before them in
base 62. The checksum lets anybody tell a key of ours from a typing error or from noise without asking the database,
secret scanners among them. It proves nothing; the hash does.

The hash is one round of SHA-256. Slow hashes protect passwords, which people choose and attackers guess; 32 random
characters hold 190 bits, which nobody guesses at any speed, and every call of a partner has to be checked.
"""

import re
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone

from .models import Key, Scope

HEAD = "krea_"
RANDOM_CHARACTERS = 32
CHECKSUM_CHARACTERS = 6  # 62 ** 6 is more than 2 ** 32
SHOWN_CHARACTERS = len(HEAD) + 6
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
USE_IS_NOTED_EVERY = timedelta(minutes=1)  # a busy key's row is not written at every call
_SHAPE = re.compile(rf"{HEAD}[0-9A-Za-z]{{{RANDOM_CHARACTERS + CHECKSUM_CHARACTERS}}}")


class UnknownScope(ValueError):
    """A scope that no key can have; the message lists those that there are."""

    def __init__(self, unknown: Iterable[str]) -> None:
        names = ", ".join(repr(name) for name in unknown)
        super().__init__(f"There is no scope {names}. There are: {', '.join(Scope.values)}.")


class Refused(Exception):
    """No key that may be used now; `code` is one of `partners.problems`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def make(
    user: AbstractBaseUser,
    name: str,
    scopes: Iterable[str] | None = None,
    monthly_limit: int | None = None,
) -> tuple[Key, str]:
    """A new key of the user, and its secret, which is never to be had again.

    `scopes` None means all; `monthly_limit` is in 1/100 credit. Raises UnknownScope.
    """
    wanted = list(Scope.values if scopes is None else dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if unknown:
        raise UnknownScope(unknown)
    secret = new_secret()
    key = Key.objects.create(
        user_id=user.pk,
        name=name,
        prefix=secret[:SHOWN_CHARACTERS],
        digest=_digest(secret),
        scopes=wanted,
        monthly_limit=monthly_limit,
    )
    return key, secret


def find(secret: str) -> Key | None:
    """The valid key with this secret, its user beside it; None for all else."""
    try:
        return identify(secret)
    except Refused:
        return None


def identify(secret: str) -> Key:
    """The valid key with this secret, its user beside it. Refused says what is wrong with another."""
    if not is_well_formed(secret):
        raise Refused("invalid_key")
    key = Key.objects.select_related("user").filter(digest=_digest(secret)).first()
    if key is None:
        raise Refused("invalid_key")
    if key.revoked_at is not None:
        raise Refused("revoked_key")
    if key.expires_at is not None and key.expires_at <= timezone.now():
        raise Refused("expired_key")
    if not key.user.is_active:
        raise Refused("account_closed")
    return key


def is_valid(id: UUID | str) -> bool:
    """Whether the key of this id may still be used."""
    return Key.objects.valid().filter(pk=id).exists()


def note_use(key: Key) -> None:
    """Write down that the key was used now, at most once a minute."""
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - USE_IS_NOTED_EVERY:
        seen_before = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_IS_NOTED_EVERY)
        Key.objects.filter(seen_before, pk=key.pk).update(last_used_at=now)


def is_well_formed(secret: str) -> bool:
    """Whether this looks like a key of ours, its checksum included. Asks no database."""
    body, checksum = secret[:-CHECKSUM_CHARACTERS], secret[-CHECKSUM_CHARACTERS:]
    return bool(_SHAPE.fullmatch(secret)) and checksum == _checksum(body)


def new_secret() -> str:
    body = HEAD + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return body + _checksum(body)


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
