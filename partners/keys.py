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
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from uuid_utils.compat import uuid7

from billing.compiled import select

from .models import Key, Scope
from .signals import key_found

HEAD = "krea_"
RANDOM_CHARACTERS = 32
CHECKSUM_CHARACTERS = 6  # 62 ** 6 is more than 2 ** 32
SHOWN_CHARACTERS = len(HEAD) + 6
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
MOST_KEYS = 100  # valid ones of a user
USE_IS_NOTED_EVERY = timedelta(minutes=1)  # a busy key's row is not written at every call
_SHAPE = re.compile(rf"{HEAD}[0-9A-Za-z]{{{RANDOM_CHARACTERS + CHECKSUM_CHARACTERS}}}")


class UnknownScope(ValueError):
    """A scope that no key can have; the message lists those that there are."""

    def __init__(self, unknown: Iterable[str]) -> None:
        names = ", ".join(repr(name) for name in unknown)
        super().__init__(f"There is no scope {names}. There are: {', '.join(Scope.values)}.")


class TooMany(ValueError):
    """The user has as many valid keys as one may have."""

    def __init__(self) -> None:
        super().__init__(f"An account has at most {MOST_KEYS} keys; revoke one that is not needed.")


class MadeBefore(Exception):
    """The key of this id is there: its form was sent twice."""


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
    expires_at: datetime | None = None,
    *,
    id: UUID | None = None,
) -> tuple[Key, str]:
    """A new key of the user, and its secret, which is never to be had again.

    `scopes` None means all; `monthly_limit` is in 1/100 credit; `id` is what whoever asks calls it, so that asking
    twice makes one. Raises UnknownScope, TooMany, MadeBefore.
    """
    wanted = list(Scope.values if scopes is None else dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if unknown:
        raise UnknownScope(unknown)
    if id is not None and Key.objects.filter(pk=id).exists():
        raise MadeBefore
    if Key.objects.of(user).valid().count() >= MOST_KEYS:
        raise TooMany
    secret = new_secret()
    try:
        with transaction.atomic():
            key = Key.objects.create(
                id=id or uuid7(),
                user_id=user.pk,
                name=name,
                prefix=secret[:SHOWN_CHARACTERS],
                digest=_digest(secret),
                scopes=wanted,
                monthly_limit=monthly_limit,
                expires_at=expires_at,
            )
    except IntegrityError as error:
        if id is not None and Key.objects.filter(pk=id).exists():  # the other press was quicker
            raise MadeBefore from error
        raise
    return key, secret


@transaction.atomic
def rotate(key: Key, grace: timedelta) -> tuple[Key, str]:
    """A new key in place of this one, with its name, scopes, end and limits, and its secret. The old one is good for
    `grace` more, no longer than it was before; both count against the same limits. Raises Refused for a key that is
    not valid any more, or was rotated already."""
    old = Key.objects.select_for_update().get(pk=key.pk)
    if old.rotated_at is not None or not Key.objects.valid().filter(pk=old.pk).exists():
        raise Refused("revoked_key")
    secret, now = new_secret(), timezone.now()
    fresh = Key.objects.create(
        user_id=old.user_id, name=old.name, prefix=secret[:SHOWN_CHARACTERS], digest=_digest(secret),
        scopes=old.scopes, family=old.family, monthly_limit=old.monthly_limit, calls_a_minute=old.calls_a_minute,
        unfinished_limit=old.unfinished_limit, expires_at=old.expires_at,
    )  # fmt: skip
    ends_at = now + grace
    Key.objects.filter(pk=old.pk).update(
        rotated_at=now, expires_at=min(old.expires_at, ends_at) if old.expires_at else ends_at
    )
    return fresh, secret


@transaction.atomic
def change(key: Key, name: str, monthly_limit: int | None) -> None:
    """Another name, and another limit in 1/100 credit; the limit holds for all keys that came from it by rotation, as
    they are counted together."""
    # By id, as two at once would else wait for each other.
    list(Key.objects.select_for_update().filter(family=key.family).order_by("pk").values_list("pk"))
    Key.objects.filter(pk=key.pk).update(name=name)
    Key.objects.filter(family=key.family).update(monthly_limit=monthly_limit)


def revoke(key: Key) -> bool:
    """End a key at once; False when it was revoked already."""
    return bool(Key.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()))


def found_in_public(secret: str) -> bool:
    """Somebody found this secret where it should not be: it dies at once, and its owner is told (`key_found`). False
    where it opens nothing (any more); the finder need not learn which."""
    if not is_well_formed(secret):
        return False
    with transaction.atomic():
        rows = Key.objects.filter(digest=_digest(secret), revoked_at=None)
        if not rows.update(revoked_at=timezone.now(), was_found=True):
            return False
        found = Key.objects.get(digest=_digest(secret))
        key_found.send(sender=Key, key_id=found.pk)
    return True


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
    known = _with(_digest(secret))
    if not known:
        raise Refused("invalid_key")
    key = known[0]
    if key.revoked_at is not None:
        raise Refused("revoked_key")
    if key.expires_at is not None and key.expires_at <= timezone.now():
        raise Refused("expired_key")
    if not key.user.is_active:
        raise Refused("account_suspended" if key.user.is_suspended else "account_closed")
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


@select
def _with(digest: str) -> "QuerySet[Key, Key]":
    return Key.objects.select_related("user").filter(digest=digest)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
