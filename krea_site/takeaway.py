"""Pictures as files in a folder of the customer's choice, under names that tell what they are."""

from io import BufferedWriter
from pathlib import Path

from django.conf import settings
from django.core.files.storage import storages
from django.utils.text import slugify

from generations.models import Generation, Image
from generations.pictures import links, store

CHUNK = 1024 * 1024
SLUG_BYTES = 60


def place_of(image: Image) -> str:
    """Where a stored picture is kept: a path of this machine, or with object storage a signed address."""
    if settings.S3_BUCKET:
        return links.absolute_address(image.name)
    return str(storages["pictures"].path(image.name))


def save(generation: Generation, image: Image, folder: Path) -> Path:
    """Write a stored picture into the folder, which is there. A file of the same name is left alone: ours gets a
    number. OSError when it cannot be written, FileNotFoundError when the picture is lost."""
    reader = store.open_range(image.name)
    try:
        path, file = _new_file(folder, stem(generation, image), store.ENDINGS[image.content_type])
        try:
            with file:
                while data := reader.read(CHUNK):
                    file.write(data)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path
    finally:
        reader.close()


def stem(generation: Generation, image: Image) -> str:
    """`a-lighthouse-in-fog-1042`: the beginning of the prompt, and the seed."""
    words = slugify(generation.prompt, allow_unicode=True).encode()[:SLUG_BYTES].decode(errors="ignore").strip("-_")
    return f"{words or 'picture'}-{image.seed}"


def _new_file(folder: Path, stem: str, ending: str) -> tuple[Path, BufferedWriter]:
    number = 1
    while True:
        path = folder / (f"{stem}.{ending}" if number == 1 else f"{stem}-{number}.{ending}")
        try:
            return path, path.open("xb")
        except FileExistsError:
            number += 1
