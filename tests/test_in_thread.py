"""A server in a thread says that it cannot start, in place of being waited for without end."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import pytest

from tests.in_thread import NotStarted, served

Message = MutableMapping[str, Any]


async def fails_at_once(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "cannot"})


async def says_hello(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def test_one_that_cannot_start_is_a_failure_with_words() -> None:
    with pytest.raises(NotStarted, match="ended before it listened"), served(fails_at_once, lifespan="on"):
        raise AssertionError("it must not come so far")


def test_one_that_starts_answers_and_is_gone_afterwards() -> None:
    with served(says_hello, lifespan="off") as port:
        assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).text == "hello"

    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=2)
