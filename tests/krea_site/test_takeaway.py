"""Files in the customer's folder: named for what they show, and never over another."""

from pathlib import Path

import pytest
from pytest_django import Settings

from generations.models import Generation, Image
from generations.pictures import store
from krea_site import takeaway

DATA = b"the bytes of a picture"


@pytest.fixture
def image() -> Image:
    """A stored picture, whose file is there; no row is needed."""
    return Image(seed=1042, name=store.put(DATA, "image/png"), content_type="image/png")


def generation(prompt: str) -> Generation:
    return Generation(input={"prompt": prompt})


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A lighthouse, in fog!", "a-lighthouse-in-fog-1042.png"),
        ("../../etc/passwd", "etcpasswd-1042.png"),
        ("🦊", "picture-1042.png"),
        ("маяк в тумане", "маяк-в-тумане-1042.png"),
        ("x " * 3000, "-".join("x" * 30) + "-1042.png"),
    ],
)
def test_name_tells_the_prompt_and_the_seed(tmp_path: Path, image: Image, prompt: str, name: str) -> None:
    path = takeaway.save(generation(prompt), image, tmp_path)

    assert path == tmp_path / name
    assert path.read_bytes() == DATA


def test_file_that_is_there_already_is_left_alone(tmp_path: Path, image: Image) -> None:
    (tmp_path / "a-fox-1042.png").write_bytes(b"mine")

    paths = [takeaway.save(generation("a fox"), image, tmp_path).name for _ in range(2)]

    assert paths == ["a-fox-1042-2.png", "a-fox-1042-3.png"]
    assert (tmp_path / "a-fox-1042.png").read_bytes() == b"mine"


def test_picture_that_is_lost_leaves_no_empty_file(tmp_path: Path, image: Image) -> None:
    store.delete(image.name)

    with pytest.raises(FileNotFoundError):
        takeaway.save(generation("a fox"), image, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_place_of_a_picture_is_its_file_or_its_address(image: Image, settings: Settings) -> None:
    assert Path(takeaway.place_of(image)).read_bytes() == DATA
    settings.S3_BUCKET = "pictures"

    assert takeaway.place_of(image).startswith(f"{settings.PUBLIC_URL}/{image.name}?")
