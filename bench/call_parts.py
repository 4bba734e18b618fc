"""Where the processor time of one call goes: Django asked in this process, with a clock around the parts."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.core.handlers.base import BaseHandler
from django.db import connection
from django.test import Client

from partners.authentication import ByKey
from partners.dialects import view
from partners.dialects.fal import wire
from partners.dialects.seen import Seen

PARTS: tuple[tuple[str, Any, str], ...] = (
    ("the key", ByKey, "authenticate"),
    ("the row and its images", view, "find"),
    ("its place in the queue", Seen, "position"),
    ("the words", wire, "status"),
    ("all of Django", BaseHandler, "get_response"),
)


def of_status(*, path: str, secret: str, calls: int) -> dict[str, Any]:
    """Milliseconds of processor time of each part of one call, and how many queries it asks. A part that is called
    within another counts in both; the database's own time on a server of its own is not in it."""
    client = Client(headers={"Authorization": f"Key {secret}"}, SERVER_NAME="localhost")
    first = client.get(path)  # opens the connection, and loads what is loaded late
    if first.status_code not in (200, 202):
        raise RuntimeError(f"{path} answers {first.status_code}.")
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for name, owner, attribute in PARTS:
            clocked = _clocked(getattr(owner, attribute), spent, name)
            stack.enter_context(patch.object(owner, attribute, clocked))
        queries = stack.enter_context(_counted())
        for _ in range(calls):
            client.get(path)
    parts = {name: round(1000 * spent[name] / calls, 2) for name, _, _ in PARTS}
    return {"parts_ms": parts, "queries": len(queries) / calls}


def _clocked(work: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    def clocked(*args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return work(*args, **kwargs)
        finally:
            spent[name] += time.thread_time() - began

    return clocked


@contextmanager
def _counted() -> Iterator[list[str]]:
    asked: list[str] = []

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield asked
