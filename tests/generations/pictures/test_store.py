"""Pictures on disk and in object storage: named by their content, whole or not there, never listed."""

import hashlib
import io
import mimetypes
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest
import time_machine
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import storages
from PIL import Image

from generations.pictures import links, marks, store
from generations.pictures.develop import develop
from generations.pictures.verify import BadPicture
from tests.object_storage import PLACES

Draw = Callable[..., bytes]


@pytest.fixture
def bare_machine() -> Iterator[None]:
    """A machine without /etc/mime.types, as small containers are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mimetypes, "knownfiles", [])
        mimetypes.init()
        yield
    mimetypes.init()


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_keep_puts_original_and_thumbnails_where_it_says(place: str, draw: Draw) -> None:
    stored = store.keep(draw("PNG", (1024, 768)))

    assert (stored.content_type, stored.width, stored.height) == ("image/png", 1024, 768)
    assert list(stored.variants) == ["1280", "640", "320"]
    files = [asdict(stored), *stored.variants.values()]
    for file in files:
        data = _read(file["name"])
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
        assert file["sha256"] in file["name"]
        assert marks.is_marked(data)
        assert Image.open(io.BytesIO(data)).size == (file["width"], file["height"])


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_keep_twice_is_the_same_as_once(place: str, draw: Draw) -> None:
    data = draw("JPEG", (700, 500))

    assert store.keep(data) == store.keep(data)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_kept_file_can_be_read_in_part_measured_and_deleted(place: str, draw: Draw) -> None:
    data = draw("PNG")

    name = store.put(data, "image/png")

    assert name == f"pictures/{name[9:11]}/{name[12:14]}/{hashlib.sha256(data).hexdigest()}.png"
    assert (store.exists(name), store.size(name)) == (True, len(data))
    assert _read(name, 10, 30) == data[10:30]
    assert _read(name, 10) == data[10:]
    store.delete(name)
    store.delete(name)
    assert not store.exists(name)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_file_that_is_not_there_is_said_to_be_so(place: str) -> None:
    absent = f"pictures/ab/cd/abcd{'0' * 60}.png"

    assert not store.exists(absent)
    for read in (store.size, store.open_range):
        with pytest.raises(FileNotFoundError):
            read(absent)


@pytest.mark.parametrize("place", ["object storage"], indirect=True)
def test_object_storage_serves_its_own_signed_addresses(place: str, draw: Draw, bare_machine: None) -> None:
    data = draw("WEBP")
    name = store.put(data, "image/webp")

    shown, saved = links.address(name), links.address(name, filename="Ein Bär.webp")

    with urlopen(shown) as answer:
        assert answer.read() == data
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["Content-Disposition"] == "inline"
        assert answer.headers["Cache-Control"].startswith("private, max-age=")
    with urlopen(saved) as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''Ein%20B%C3%A4r.webp"
    assert links.absolute_address(name) == shown


@pytest.mark.parametrize("place", ["object storage"], indirect=True)
def test_an_address_of_object_storage_stays_the_same_for_ten_minutes(place: str) -> None:
    name = f"pictures/ab/cd/abcd{'2' * 60}.png"
    with time_machine.travel(datetime(2026, 11, 21, 12, 0, tzinfo=UTC), tick=False) as clock:
        first = links.address(name)
        clock.shift(599)
        second = links.address(name)
        clock.shift(1)
        third = links.address(name)

    assert first == second != third


def test_keep_writes_nothing_of_a_black_or_broken_picture(draw: Draw, pictures_folder: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")

    codes = []
    for data in (file.getvalue(), draw("PNG")[:-9]):
        with pytest.raises(BadPicture) as refused:
            store.keep(data)
        codes.append(refused.value.code)

    assert codes == ["black", "broken"]
    assert not pictures_folder.exists()


def test_a_picture_smaller_than_its_thumbnails_keeps_one_thumbnail(draw: Draw, pictures_folder: Path) -> None:
    stored = store.keep(draw("PNG", (100, 80)))

    assert len({variant["name"] for variant in stored.variants.values()}) == 1
    assert len(_files(pictures_folder)) == 2


def test_files_are_private_and_cannot_be_run(draw: Draw, pictures_folder: Path) -> None:
    store.keep(draw("PNG"))

    assert {stat.S_IMODE(file.stat().st_mode) for file in _files(pictures_folder)} == {0o640}


def test_writing_again_leaves_the_file_alone_but_mends_a_damaged_one(draw: Draw, pictures_folder: Path) -> None:
    data = draw("PNG")
    name = store.put(data, "image/png")
    file = pictures_folder / name
    before = file.stat()

    store.put(data, "image/png")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    file.write_bytes(data[:100])
    store.put(data, "image/png")
    assert file.read_bytes() == data


def test_many_writers_of_one_picture_leave_one_whole_file(draw: Draw, pictures_folder: Path) -> None:
    developed = develop(draw("PNG", (64, 64)))

    with ThreadPoolExecutor(8) as writers:
        kept = list(writers.map(store.write, [developed] * 16))

    assert kept == [kept[0]] * 16
    assert sorted(_files(pictures_folder)) == sorted(
        pictures_folder / name for name in {kept[0].name, kept[0].variants["320"]["name"]}
    )


def test_a_writer_that_dies_halfway_leaves_nothing_under_the_name(draw: Draw, pictures_folder: Path) -> None:
    """Killed between the first byte and the last, as a worker may be."""
    script = (
        "import os, sys\n"
        "from django.core.files.base import ContentFile\n"
        "from generations.pictures.store import PictureFiles\n"
        "class Dying(ContentFile):\n"
        "    def chunks(self, chunk_size=None):\n"
        "        yield self.read(1000)\n"
        "        os._exit(9)\n"
        "data = sys.stdin.buffer.read()\n"
        "PictureFiles(location=sys.argv[1]).save(sys.argv[2], Dying(data))\n"
    )
    data = draw("PNG")
    name = store.put(data, "image/png")
    store.delete(name)

    died = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{script}", str(pictures_folder), name],
        input=data,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "krea_site.settings"},
        check=False,
    )

    assert died.returncode == 9
    assert not store.exists(name)
    assert store.put(data, "image/png") == name
    assert _read(name) == data


def test_a_write_that_fails_leaves_no_rubbish(draw: Draw, pictures_folder: Path) -> None:
    class Breaking(io.BytesIO):
        size = 10

        def chunks(self) -> Iterator[bytes]:
            yield b"half"
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        storages["pictures"]._save(f"pictures/ab/cd/abcd{'0' * 60}.png", Breaking())  # type: ignore[attr-defined]

    assert _files(pictures_folder) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "pictures",
        "pictures/ab",
        "../secret_key",
        "pictures/../../secret_key",
        "/etc/passwd",
        f"pictures/ab/cd/{'0' * 64}.png",
        f"pictures/ab/cd/abcd{'0' * 60}.html",
        f"pictures/ab/cd/abcd{'0' * 60}.png\n",
        f"pictures/AB/CD/ABCD{'0' * 60}.png",
    ],
)
def test_no_name_but_a_pictures_own_reaches_the_disk(name: str) -> None:
    for touch in (store.exists, store.size, store.delete, store.open_range, storages["pictures"].path):
        with pytest.raises(SuspiciousFileOperation):
            touch(name)
    with pytest.raises(SuspiciousFileOperation):
        storages["pictures"].listdir(name)


def _read(name: str, start: int = 0, stop: int | None = None) -> bytes:
    reader = store.open_range(name, start, stop)
    try:
        return b"".join(iter(lambda: reader.read(7000), b""))
    finally:
        reader.close()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
