"""Pictures drawn on the spot, and a folder of their own for those that a test keeps."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pytest_django.fixtures import Settings

Draw = Callable[..., bytes]


@pytest.fixture(autouse=True)
def pictures_folder(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    local = {"BACKEND": "generations.pictures.store.PictureFiles", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, "pictures": local}
    return folder


@pytest.fixture
def draw() -> Draw:
    """`draw("PNG", (1024, 768), …)`: the bytes of a picture with light, dark and colour in it."""

    def drawn(image_format: str, size: tuple[int, int] = (200, 150), mode: str = "RGB", **options: Any) -> bytes:
        ramp = Image.linear_gradient("L").resize(size)
        turned = ramp.transpose(Image.Transpose.ROTATE_180)
        image = Image.merge("RGBA", [ramp, turned, Image.radial_gradient("L").resize(size), ramp])
        if mode == "I;16":
            image = image.convert("L").convert("I").point(lambda value: value * 257)
        image = image.convert(mode)
        file = io.BytesIO()
        image.save(file, image_format, **options)
        return file.getvalue()

    return drawn
