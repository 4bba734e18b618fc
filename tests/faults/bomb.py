"""Ends this process, as SIGKILL would, at its nth commit or its nth HTTP call: just before it or just after."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

KINDS = ("before commit", "after commit", "before call", "after call")
DEAD = 9
READS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "PRAGMA", "SET", "SHOW")


@dataclass
class Bomb:
    """`kind` is one of KINDS, `number` counts from 1. Nothing happens before `arm`."""

    kind: str
    number: int
    passed: int = 0

    def arm(self) -> None:
        commit = BaseDatabaseWrapper.commit
        send, send_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

        def counted_commit(wrapper: BaseDatabaseWrapper) -> None:
            self._tick("before commit")
            commit(wrapper)
            self._tick("after commit")

        def counted_call(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            self._tick("before call")
            response = send(transport, request)
            self._tick("after call")
            return response

        async def counted_async_call(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            self._tick("before call")
            response = await send_async(transport, request)
            self._tick("after call")
            return response

        BaseDatabaseWrapper.commit = counted_commit  # type: ignore[assignment, method-assign]
        httpx.HTTPTransport.handle_request = counted_call  # type: ignore[assignment, method-assign]
        httpx.AsyncHTTPTransport.handle_async_request = counted_async_call  # type: ignore[assignment, method-assign]
        connection_created.connect(self._watch, weak=False)

    def _watch(self, *, connection: BaseDatabaseWrapper, **_: Any) -> None:
        connection.execute_wrappers.append(self._execute)

    def _execute(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """A statement that writes outside a transaction commits itself."""
        is_commit = not context["connection"].in_atomic_block and not sql.startswith(READS)
        if is_commit:
            self._tick("before commit")
        found = execute(sql, params, many, context)
        if is_commit:
            self._tick("after commit")
        return found

    def _tick(self, kind: str) -> None:
        if kind == self.kind:
            self.passed += 1
            if self.passed == self.number:
                os._exit(DEAD)
