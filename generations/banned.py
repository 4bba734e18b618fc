"""Files that were taken down stay down: no row comes to show one again.

A writer asks `is_banned` in the transaction that makes its row; a takedown bans a file, and after that commit waits in
`wait_out` for the writers that had asked before: from then on every row that shows the file can be seen, and no new one
comes. On PostgreSQL by a lock on the file's name that writers share; on SQLite only one transaction writes at a time.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from django.db import connection, transaction
from django.db.models import Q

from .models import BannedFile

CODE: Final = "taken_down"
WORDS: Final = "this picture was taken down and cannot be used; please take another one"


def ban(names: Iterable[str], user_id: int | None = None) -> None:
    """For this user, or for everybody; belongs into a transaction of its caller's. Saying it twice does it once."""
    rows = [BannedFile(name=name, user_id=user_id) for name in sorted(set(names))]
    BannedFile.objects.bulk_create(rows, ignore_conflicts=True)


def is_banned(name: str, user_id: int) -> bool:
    """Whether this user may not have this file; what it says holds until the transaction ends."""
    _lock(name, shared=True)
    return BannedFile.objects.filter(Q(user_id=None) | Q(user_id=user_id), name=name).exists()


def wait_out(names: Iterable[str]) -> None:
    """Until those who asked before the files were banned have written their rows. Outside of any transaction."""
    for name in names:
        with transaction.atomic():
            _lock(name, shared=False)


def _lock(name: str, *, shared: bool) -> None:
    """Two names may share a lock: then one waits for the other for nothing."""
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(%s)", [number])
