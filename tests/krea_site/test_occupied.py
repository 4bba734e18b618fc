"""One `manage.py run` at a time works in VAR_DIR; a lock that ends with its holder says so."""

from pathlib import Path

import pytest
from pytest_django import Settings

from krea_site import occupied


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"


def test_second_one_is_refused_with_the_address_of_the_first() -> None:
    with occupied.occupy("http://localhost:8000"):
        assert occupied.occupant() == "http://localhost:8000"
        with pytest.raises(occupied.Occupied, match="at http://localhost:8000"):
            occupied.occupy("http://localhost:9000")


def test_free_again_when_the_first_is_gone() -> None:
    assert occupied.occupant() is None
    occupied.occupy("http://localhost:8000").close()

    assert occupied.occupant() is None
    with occupied.occupy("http://localhost:9000"):
        assert occupied.occupant() == "http://localhost:9000"
