"""Strangers' servers, for as long as one test lasts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.generations.strangers import Open, Reply, Stranger


@pytest.fixture
def stranger(settings: Settings) -> Iterator[Open]:
    """`stranger(reply)`: opens a server that safe_fetch may reach in this test, unless it is said to be forbidden."""
    opened: list[Stranger] = []

    def open_one(
        reply: Reply,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        allowed: bool = True,
        allowed_as: str = "",
        certificate: Path | None = None,
    ) -> Stranger:
        there = Stranger(reply, address, port, certificate)
        opened.append(there)
        if allowed:
            settings.SAFE_FETCH_ALLOW = settings.SAFE_FETCH_ALLOW | {f"{allowed_as or address}:{there.port}"}
        return there

    yield open_one
    for there in opened:
        there.leave()
