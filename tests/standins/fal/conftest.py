"""One running stand-in for all these tests, wiped before each; a caller with a key; the other end of a webhook."""

from collections.abc import Iterator

import httpx
import pytest

from tests.standins.fal.caller import Caller
from tests.standins.launch import KEY, StandIn, start_standin
from tests.standins.receiver import Receiver, running_receiver


@pytest.fixture(scope="session")
def fal_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with start_standin(tmp_path_factory.mktemp("fal"), speed=0.002) as running:
        yield running


@pytest.fixture
def fal(fal_process: StandIn) -> StandIn:
    """The stand-in, knowing nothing, two hundred times as quick as the real thing or more."""
    fal_process.control(reset=True)
    return fal_process


@pytest.fixture(scope="session")
def clients(fal_process: StandIn) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """With a key and without. Made once: each takes as long to make as twenty calls."""
    known = httpx.Client(base_url=fal_process.url, headers={"Authorization": KEY}, timeout=20, trust_env=False)
    with known, httpx.Client(base_url=fal_process.url, timeout=20, trust_env=False) as anybody:
        yield known, anybody


@pytest.fixture
def caller(fal: StandIn, clients: tuple[httpx.Client, httpx.Client]) -> Caller:
    return Caller(*clients)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running
