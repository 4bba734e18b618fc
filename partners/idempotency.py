"""Idempotency-Key: a retry gets the answer of the first call, byte for byte, and nothing is done twice.

One transaction inserts the key, does the work, stores status and body, and commits. So a call that dies anywhere has
done nothing and kept nothing, and its retry is the first. A second caller waits in the database for the first, at most
ten seconds. Only 2xx is kept: what was refused may be tried again with the same key once its cause is gone. Bodies are
sealed, since they hold prompts, and secrets that are shown once.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from . import sealed
from .models import KeptAnswer
from .problems import Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT_FOR = timedelta(hours=24)
LONGEST_WAIT_S = 10
PRUNED_AT_ONCE = 2000  # rows in one transaction: nobody waits long for its locks
KEPT_HEADERS = ("Content-Type", "Location")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def once(request: Request, read: Callable[[], Callable[[], HttpResponse]]) -> HttpResponse:
    """Do a POST once. `read` checks what is asked, without a transaction, and returns the work, which is one."""
    key = _key(request)
    if key is None:
        return read()()
    fingerprint = _fingerprint(request)
    kept = _kept(request.user, key, fingerprint)
    if kept is not None:
        return kept
    work = read()
    done = _do(request.user, key, fingerprint, work)
    if done is None:
        done = _kept(request.user, key, fingerprint)
    if done is None:
        raise _in_use()
    return done


def prune(within: timedelta) -> int:
    """Delete the answers that nobody may ask for any more, as many as there is time for; how many."""
    old = KeptAnswer.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).order_by("created_at")
    ends_at = timezone.now() + within
    deleted = 0
    while timezone.now() < ends_at and (ids := list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])):
        deleted += KeptAnswer.objects.filter(pk__in=ids).delete()[0]
    return deleted


@transaction.atomic
def _do(user: AbstractBaseUser, key: str, fingerprint: str, work: Callable[[], HttpResponse]) -> HttpResponse | None:
    """Insert the key and do the work; None where another call did it while this one waited."""
    row = _insert(user, key, fingerprint)
    if row is None:
        return None
    answer = work()
    row.status, row.body = answer.status_code, sealed.seal(answer.content)
    row.headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    row.save(update_fields=["status", "headers", "body"])
    return answer


def _insert(user: AbstractBaseUser, key: str, fingerprint: str) -> KeptAnswer | None:
    """The new row; None where another call has committed the same key. Waits for one that has not ended."""
    if settings.IS_POSTGRES:  # SQLite has one writer: whoever gets here waits for nobody any more
        _set_lock_timeout(f"'{LONGEST_WAIT_S}s'")
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(user_id=user.pk, key=key, fingerprint=fingerprint)
    except IntegrityError:
        return None
    except OperationalError as error:
        if "lock timeout" in str(error):
            raise _in_use() from error
        raise
    finally:
        if settings.IS_POSTGRES and not connection.needs_rollback:
            _set_lock_timeout("DEFAULT")


def _set_lock_timeout(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout TO {value}")


def _kept(user: AbstractBaseUser, key: str, fingerprint: str) -> HttpResponse | None:
    """The answer kept for this key, if any. Raises Problem when the key was used for something else."""
    row = KeptAnswer.objects.filter(user_id=user.pk, key=key).first()
    if row is None:
        return None
    if row.created_at < timezone.now() - KEPT_FOR:
        KeptAnswer.objects.filter(pk=row.pk).delete()
        return None
    if row.fingerprint != fingerprint:
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


def _fingerprint(request: Request) -> str:
    """What the call asks for, however its JSON is written; how long the caller waits for it is not part of that."""
    query = sorted((name, value) for name, value in request.query_params.items() if name != "wait")
    asked = [request.method, request.path, query, request.data]
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _in_use() -> Problem:
    return Problem("idempotency_key_in_use", headers={"Retry-After": "1"})
