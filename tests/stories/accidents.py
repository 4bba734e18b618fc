"""What may happen to a process in the middle of its work: it dies, or the world goes on before it does.

A death here is an exception that nothing of ours survives, raised at the nth commit or the nth call of Stripe, before
or after it. It leaves exactly what a kill leaves: what was committed stands, what Stripe did is done, an open
transaction is rolled back as the database does it for a client that is gone, and nothing that was to follow the commit
follows. (That a killed process leaves no more and no less, tests/faults shows with real ones.)

A pause is the other half: right after the nth call, before its answer is looked at, `meanwhile` is done, as by other
processes. No transaction is ever open at a call of Stripe, which is checked at every one, so that two processes can
not interleave in any finer way than this.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from requests.adapters import HTTPAdapter

from tests.faults.bomb import READS

PAUSE = "after call"


class Died(BaseException):
    """The process ended here. No `except Exception` of ours may survive it."""


@dataclass
class Accident:
    """At the `number`th (from 1) point of `kind`, one of tests.faults.bomb.KINDS: death, or `meanwhile` where that is
    given."""

    kind: str
    number: int
    meanwhile: Callable[[], None] | None = None
    has_happened: bool = False

    def passes(self, kind: str) -> bool:
        """Whether it happens at this point."""
        if kind != self.kind or self.has_happened:
            return False
        self.number -= 1
        self.has_happened = self.number == 0
        return self.has_happened


_present: Accident | None = None


@contextmanager
def during(accident: Accident | None) -> Iterator[None]:
    """Have it happen in here, and nothing else: what is done meanwhile is done in peace."""
    global _present
    before, _present = _present, accident
    try:
        yield
    finally:
        _present = before


@contextmanager
def watching() -> Iterator[None]:
    """Stand beside every commit and every call of Stripe of this process."""
    commit, send = BaseDatabaseWrapper.commit, HTTPAdapter.send

    def watched_commit(wrapper: BaseDatabaseWrapper) -> None:
        _point("before commit", wrapper)
        commit(wrapper)
        _point("after commit", wrapper)

    def watched_send(adapter: HTTPAdapter, *args: Any, **options: Any) -> requests.Response:
        assert not connection.in_atomic_block, "Stripe was called inside a transaction"
        _point("before call", connection)
        response = send(adapter, *args, **options)
        _point("after call", connection)
        return response

    BaseDatabaseWrapper.commit = watched_commit  # type: ignore[assignment, method-assign]
    HTTPAdapter.send = watched_send  # type: ignore[assignment, method-assign]
    try:
        with connection.execute_wrapper(_execute):
            yield
    finally:
        BaseDatabaseWrapper.commit = commit  # type: ignore[method-assign]
        HTTPAdapter.send = send  # type: ignore[method-assign]


def _execute(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """A statement that writes outside a transaction commits itself."""
    is_commit = not context["connection"].in_atomic_block and not sql.startswith(READS)
    if is_commit:
        _point("before commit", context["connection"])
    found = execute(sql, params, many, context)
    if is_commit:
        _point("after commit", context["connection"])
    return found


def _point(kind: str, wrapper: Any) -> None:
    accident = _present
    if accident is None or not accident.passes(kind):
        return
    if accident.meanwhile is not None:
        with during(None):
            accident.meanwhile()
        return
    if not wrapper.get_autocommit():
        wrapper.rollback()  # Django's sqlite3 would commit it
    wrapper.run_on_commit = []
    raise Died
