"""Idempotency-Key: a retry gets the answer of the first call, byte for byte, and nothing is done twice.

One transaction inserts the key, does the work, stores status and body, and commits. So a call that dies anywhere has
done nothing and kept nothing, and its retry is the first. A second caller waits in the database for the first, at most
ten seconds. Only 2xx is kept: what was refused may be tried again with the same key once its cause is gone. Bodies are
sealed, since they hold prompts, and secrets that are shown once. Calls without a key that are taken for retries all the
same (partners.dialects.joined) go the same way, under a name of ours.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from billing.compiled import Change, insert_once, select, update

from . import sealed
from .models import KeptAnswer
from .problems import Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT_FOR = timedelta(hours=24)
PRUNED_LATER = timedelta(minutes=15)  # an answer that could not be given may be kept on while its line was held
LONGEST_WAIT_S = 10
PRUNED_AT_ONCE = 2000  # rows in one transaction: nobody waits long for its locks
KEPT_HEADERS = ("Content-Type", "Location")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


class InUse(Exception):
    """Another call with the same key is still at work."""


def once(request: Request, read: Callable[[], Callable[[], HttpResponse]]) -> HttpResponse:
    """Do a POST once. `read` checks what is asked, without a transaction, and returns the work, which is one."""
    key = _key(request)
    if key is None:
        work = read()
        with transaction.atomic():
            return work()
    try:
        return under(request, key, fingerprint(request), read, lasts=KEPT_FOR, since=timezone.now())[0]
    except InUse:
        raise Problem("idempotency_key_in_use", headers={"Retry-After": "1"}) from None


def under(
    request: Request,
    key: str,
    asked: str,
    read: Callable[[], Callable[[], HttpResponse]],
    *,
    lasts: timedelta,
    since: datetime,
) -> tuple[HttpResponse, KeptAnswer]:
    """Do a POST once for as long as its answer `lasts` under the key; the answer, and where it is kept. `asked` is its
    fingerprint; an answer that ended `since` then still counts. Raises InUse, and Problem where the key was used for
    something else."""
    known = _known(request.user.pk, key)
    if known and known[0].ends_at > since:
        return _replayed(known[0], asked), known[0]
    work = read()
    row = KeptAnswer(user_id=request.user.pk, key=key, fingerprint=asked, ends_at=timezone.now() + lasts)
    answer = _do(row, work, since if known else None)
    if answer is not None:
        return answer, row
    found = _known(request.user.pk, key)
    if not found:
        raise InUse
    return _replayed(found[0], asked), found[0]


def prune(within: timedelta) -> int:
    """Delete the answers that nobody may ask for any more, as many as there is time for; how many."""
    old = KeptAnswer.objects.filter(ends_at__lt=timezone.now() - PRUNED_LATER).order_by("ends_at")
    ends_at = timezone.now() + within
    deleted = 0
    while timezone.now() < ends_at and (ids := list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])):
        deleted += KeptAnswer.objects.filter(pk__in=ids).delete()[0]
    return deleted


def fingerprint(request: Request) -> str:
    """What the call asks for, however its JSON is written; how long the caller waits for it is not part of that."""
    query = sorted((name, value) for name, value in request.query_params.items() if name != "wait")
    asked = [request.method, request.path, query, request.data]
    return sha256(json.dumps(asked, sort_keys=True, default=_of_file).encode()).hexdigest()


def _of_file(file: "UploadedFile[bytes]") -> str:
    """What stands for a file of a form: its content, whatever it is called."""
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


@transaction.atomic
def _do(row: KeptAnswer, work: Callable[[], HttpResponse], since: datetime | None) -> HttpResponse | None:
    """Put the row into the place of one that ended before `since`, or where none was, and do the work; None where
    another call did it while this one waited."""
    if not _insert(row, since):
        return None
    answer = work()
    row.status, row.body = answer.status_code, sealed.seal(answer.content)
    row.headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    _keep(row.pk, row.status, row.headers, row.body)
    return answer


def _insert(row: KeptAnswer, since: datetime | None) -> bool:
    """False where another call has committed the same key. Waits for one that has not ended; InUse where that takes too
    long, and then the transaction is to be given up."""
    if settings.IS_POSTGRES:  # SQLite has one writer: whoever gets here waits for nobody any more
        _set_lock_timeout(f"'{LONGEST_WAIT_S}s'")
    try:
        if since is not None:
            KeptAnswer.objects.filter(user_id=row.user_id, key=row.key, ends_at__lte=since).delete()
        is_new = insert_once(row)
    except OperationalError as error:
        if "lock timeout" in str(error):
            raise InUse from error
        raise
    if settings.IS_POSTGRES and is_new:
        _set_lock_timeout("DEFAULT")
    return is_new


def _set_lock_timeout(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout TO {value}")


@update("id")
def _keep(id: int, status: int, headers: dict[str, str], body: bytes) -> Change:
    return Change(KeptAnswer.objects.filter(pk=id), {"status": status, "headers": headers, "body": body})


@select
def _known(user_id: int, key: str) -> "QuerySet[Any, KeptAnswer]":
    return KeptAnswer.objects.filter(user_id=user_id, key=key)


def _replayed(row: KeptAnswer, asked: str) -> HttpResponse:
    if row.fingerprint != asked:
        raise Problem("idempotency_key_reused")
    return HttpResponse(sealed.unseal(bytes(row.body)), status=row.status, headers=row.headers | {REPLAYED: "true"})


def _key(request: Request) -> str | None:
    """The key without its quotes: the standard has them, and many leave them out."""
    given: str | None = request.headers.get(HEADER)
    if given is None:
        return None
    key = given.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise Problem("invalid_idempotency_key")
    return key
