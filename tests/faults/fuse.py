"""Die at a database statement: what was committed before it stands, the rest never happened."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

HARMLESS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")


class Died(BaseException):
    """The process ended here. No `except Exception` of ours may survive it."""


class Fuse:
    """Inside `burning`, the statement after `length` others is never made, and no other; None never burns down."""

    def __init__(self, length: int | None) -> None:
        self.length = length
        self.made = 0
        self.wrote = False

    @contextmanager
    def burning(self) -> Iterator[None]:
        with connection.execute_wrapper(self._execute):
            yield

    def _execute(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        # Rolling back is let through: it is what the database does for a client that is gone.
        if self.length is not None and not sql.startswith("ROLLBACK"):
            if self.made >= self.length:
                raise Died
            self.made += 1
        self.wrote |= not sql.startswith(HARMLESS)
        return execute(sql, params, many, context)
