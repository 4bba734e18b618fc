"""Files of any kind that a program puts here for a day, as fal's clients do: promised with an address, then filled.

Whoever knows the address may read the file, so that fal can. A picture among them may be a style reference, by that
address; it is read from its file, and becomes an upload like any other.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from . import banned, doomed, errands, upkeep
from .errands import Answer, Problem
from .models import KeptFile
from .pictures import links, store

MOST_BYTES = 20 * 1024 * 1024
LONGEST = timedelta(days=1)
AT_ONCE = 100  # files in one sweep
NAME_LENGTH = 120
ROOT = "/fal/rest/files/"
_ADDRESS = re.compile(rf"{ROOT}(?P<secret>[\w-]{{32}})/[^/?#]*")
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


@transaction.atomic
def promise(user: AbstractBaseUser, file_name: str, lifetime: timedelta = LONGEST) -> KeptFile:
    """A place for a file that is still to come. Raises `upkeep.QuotaReached`."""
    upkeep.make_room(user.pk, bytes=0)
    return _create(user, file_name, lifetime)


def find(secret: str) -> KeptFile | None:
    """A file, or a promise of one, whose time is not over."""
    alive = KeptFile.objects.filter(secret=secret, ends_at__gt=timezone.now(), user__is_active=True)
    return alive.first()


def fill(request: HttpRequest | None, row: KeptFile, data: bytes) -> Problem | None:
    """Keep the bytes of a promised file; sending them twice is sending them once. An errand: see `errands`. The problem
    is `too_large`, `upload_quota`, `already_sent`, `taken_down` or `not_kept`."""

    def filled(name: str) -> Answer:
        return _filled(row.pk, name, len(data))

    answer = _written(request, data, filled)
    return answer if isinstance(answer, Problem) else None


def keep(
    request: HttpRequest | None, user: AbstractBaseUser, file_name: str, data: bytes, lifetime: timedelta = LONGEST
) -> KeptFile | Problem:
    """As `promise` and `fill` at once."""

    def made(name: str) -> Answer:
        return _made(user, file_name, lifetime, name, len(data))

    answer = _written(request, data, made)
    return answer if isinstance(answer, Problem) else KeptFile.objects.get(pk=cast(UUID, answer))


def _written(request: HttpRequest | None, data: bytes, then: Callable[[str], Answer]) -> Answer:
    """Write a file, then its row: in this order, and on the list of the doomed from before, so that whoever dies
    between leaves neither without the other."""
    if len(data) > MOST_BYTES:
        return Problem("too_large", f"The file has {len(data):,} bytes; at most {MOST_BYTES:,} are taken.")

    async def work() -> list[Answer]:
        name = store.name_of(await errands.aside(_digest, data), store.ANYTHING)
        await sync_to_async(doomed.expect)([name])
        await errands.aside(store.put, data, store.ANYTHING)
        return [await sync_to_async(then)(name)]

    return errands.perform(request, work)[0]


def address(row: KeptFile) -> str:
    """Where it can be read, and how it is named as a reference."""
    return f"{settings.PUBLIC_URL}{ROOT}{row.secret}/{quote(row.file_name)}"


def link(row: KeptFile) -> str:
    """A signed address of its bytes, to be saved under its name."""
    seconds = max(60, int((row.ends_at - timezone.now()).total_seconds()))
    return links.absolute_address(row.name, seconds=min(links.LIFETIME_S, seconds), filename=row.file_name)


def is_address(source: str) -> bool:
    return _ADDRESS.fullmatch(source.removeprefix(settings.PUBLIC_URL)) is not None


def name_at(source: str) -> str:
    """The stored file behind such an address; empty where there is none any more."""
    match = _ADDRESS.fullmatch(source.removeprefix(settings.PUBLIC_URL))
    row = find(match["secret"]) if match else None
    return row.name if row else ""


@transaction.atomic
def sweep() -> None:
    """Delete some of the files whose time is over."""
    over = KeptFile.objects.filter(ends_at__lte=timezone.now()).order_by("ends_at")
    rows = list(over.select_for_update()[:AT_ONCE])
    KeptFile.objects.filter(pk__in=[row.pk for row in rows]).delete()
    doomed.doom(row.name for row in rows)


def _create(user: AbstractBaseUser, file_name: str, lifetime: timedelta, **more: Any) -> KeptFile:
    called = _STRANGE.sub("-", file_name)[-NAME_LENGTH:].strip("-.") or "file"
    ends_at = timezone.now() + min(lifetime, LONGEST)
    return KeptFile.objects.create(user_id=user.pk, file_name=called, ends_at=ends_at, **more)


@transaction.atomic
def _made(user: AbstractBaseUser, file_name: str, lifetime: timedelta, name: str, size: int) -> Answer:
    if banned.is_banned(name, user.pk):
        return Problem(banned.CODE, banned.WORDS)
    try:
        upkeep.make_room(user.pk, bytes=size)
    except upkeep.QuotaReached as reached:
        return Problem("upload_quota", str(reached))
    return _create(user, file_name, lifetime, name=name, bytes=size).pk


@transaction.atomic
def _filled(id: UUID, name: str, size: int) -> Answer:
    """Write down that the bytes are here, where there is room for them."""
    row = KeptFile.objects.filter(pk=id).first()
    if row is None:
        return Problem("not_kept", "The address has ended; ask for a new one.")
    if row.name:
        return None if row.name == name else Problem("already_sent", "Another file was sent to this address before.")
    if banned.is_banned(name, row.user_id):
        return Problem(banned.CODE, banned.WORDS)
    try:
        upkeep.make_room(row.user_id, files=0, bytes=size)
    except upkeep.QuotaReached as reached:
        return Problem("upload_quota", str(reached))
    KeptFile.objects.filter(pk=id, name="").update(name=name, bytes=size)
    return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
