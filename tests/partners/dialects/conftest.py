"""A site that tells its own address, and hands that draw while a client waits."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn
from pytest_django import Settings

from krea_site.asgi import application
from tests.conftest import draw_everything
from tests.generations.strangers import certificate_for
from tests.partners.dialects.civilian import Civilian
from tests.standins.launch import StandIn, free_port

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
def civitai(key: Any) -> Civilian:
    """acme's program, written for Civitai."""
    return Civilian(key.secret)


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


@pytest.fixture
def tls(transactional_db: None, tmp_path: Path, settings: Settings) -> Iterator[tuple[int, Path]]:
    """The site behind a certificate of its own: its port, and the certificate to trust."""
    port, certificate = free_port(), certificate_for("localhost", tmp_path)
    settings.PUBLIC_URL = f"https://localhost:{port}"
    config = uvicorn.Config(
        application, host="127.0.0.1", port=port, log_level="warning", ssl_certfile=str(certificate)
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port, certificate
    server.should_exit = True
    server.force_exit = True
    thread.join()
