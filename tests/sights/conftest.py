"""The stage, built once for all tests that look at it."""

from collections.abc import Iterator

import pytest

from tests.sights.house import House, open_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("sights")) as opened:
        yield opened
