"""fal for these tests: the stand-in as its own process, or a tiny scripted server where it must misbehave."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.core.cache import cache
from pytest_django import Settings

from generations.fal import jwks, wire
from tests.generations.fal.servers import Script, Server
from tests.standins.launch import StandIn, start_standin

LARGE = "krea/v2/large/text-to-image"
Serve = Callable[[Script], Server]


@pytest.fixture(scope="session")
def running_standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with start_standin(tmp_path_factory.mktemp("fal")) as standin:
        yield standin


@pytest.fixture(autouse=True)
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits, a cache in memory, and no keys remembered from another test."""
    settings.FAL_KEY = ""
    settings.FAL_TIMEOUT_S = 10
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    monkeypatch.setattr(wire, "RETRY_PAUSES_S", (0.01, 0.02))
    monkeypatch.setattr(jwks, "_held", {})


@pytest.fixture
def standin(running_standin: StandIn, settings: Settings) -> StandIn:
    """The stand-in, freshly reset, and our settings pointing at it."""
    running_standin.control(reset=True, speed=0.01)
    point_at(settings, running_standin.url)
    return running_standin


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """`serve(script)` starts a scripted server and points our settings at it."""
    with ExitStack() as running:

        def start(script: Script) -> Server:
            server = running.enter_context(Server(script))
            point_at(settings, server.url)
            return server

        yield start


def point_at(settings: Settings, url: str) -> None:
    """Let `url` be all of fal."""
    settings.FAL_QUEUE_URL, settings.FAL_REST_URL = f"{url}/queue", f"{url}/rest"
    settings.FAL_API_URL, settings.FAL_JWKS_URL = f"{url}/api", f"{url}/.well-known/jwks.json"
    settings.FAL_MEDIA_HOSTS = frozenset({url.removeprefix("http://")})
