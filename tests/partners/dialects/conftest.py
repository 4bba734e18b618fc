"""A site that tells its own address, and hands that draw while a client waits."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import pytest
from pytest_django import Settings

from tests.conftest import draw_everything
from tests.standins.launch import StandIn

PATIENCE_S = 60.0
T = TypeVar("T")
Drawing = Callable[[Callable[[], T]], T]


@pytest.fixture
def public(site: str, settings: Settings) -> str:
    """The address of the running site, which it tells in its answers."""
    settings.PUBLIC_URL = site
    return site


@pytest.fixture
def http(public: str, key: Any) -> Iterator[httpx.Client]:
    """acme's program, over real HTTP."""
    headers = {"Authorization": f"Bearer {key.secret}"}
    with httpx.Client(base_url=public, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def drawing(standin: StandIn) -> Iterator[Drawing[Any]]:
    """`drawing(work)`: what `work` gives, while everything that it orders is drawn."""
    with ThreadPoolExecutor(max_workers=1) as aside:

        def draw_while(work: Callable[[], Any]) -> Any:
            told = aside.submit(work)
            deadline = time.monotonic() + PATIENCE_S
            while not told.done():
                assert time.monotonic() < deadline, "it never ended"
                draw_everything()
                time.sleep(0.02)
            return told.result()

        yield draw_while
