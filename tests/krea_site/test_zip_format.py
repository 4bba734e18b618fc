"""The archive's bytes, as another reader of the format sees them; also where 32 bits do not suffice."""

import io
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from krea_site.zip_format import (
    DEFLATED,
    FINAL_BLOCK,
    STORED,
    Entry,
    central_header,
    ending,
    local_header,
)

AT = datetime(2026, 11, 21, 13, 5, 9, tzinfo=UTC)


def stored(path: str, data: bytes) -> Entry:
    return Entry(path, STORED, zlib.crc32(data), len(data), len(data), AT)


def test_a_reader_finds_names_times_and_bytes() -> None:
    text = b"one, " * 1000
    pieces = [zlib.compressobj(wbits=-15) for _ in range(2)]
    packed = b"".join(each.compress(text[:2500]) + each.flush(zlib.Z_FULL_FLUSH) for each in pieces) + FINAL_BLOCK
    entries = [
        (stored("pictures/füchse.png", b"\x89PNG"), b"\x89PNG"),
        (Entry("a.txt", DEFLATED, zlib.crc32(text), len(text), len(packed), AT), packed),
    ]
    body, table = b"", b""
    for entry, data in entries:
        table += central_header(entry, len(body))
        body += local_header(entry) + data

    archive = zipfile.ZipFile(io.BytesIO(body + table + ending(2, len(table), len(body))))

    assert archive.testzip() is None
    assert archive.read("pictures/füchse.png") == b"\x89PNG"
    assert archive.read("a.txt") == text
    assert archive.getinfo("a.txt").date_time == (2026, 11, 21, 13, 5, 8)


def test_more_files_than_16_bits_can_count() -> None:
    body, table = io.BytesIO(), io.BytesIO()
    for number in range(70_000):
        entry = stored(str(number), b"")
        table.write(central_header(entry, body.tell()))
        body.write(local_header(entry))
    whole = body.getvalue() + table.getvalue() + ending(70_000, table.tell(), body.tell())

    archive = zipfile.ZipFile(io.BytesIO(whole))

    assert len(archive.namelist()) == 70_000
    assert archive.read("69999") == b""


@pytest.mark.parametrize("start", [2**32 - 40, 5 * 2**30])
def test_files_behind_four_gigabytes(tmp_path: Path, start: int) -> None:
    entry = stored("late.txt", b"here")
    with (tmp_path / "sparse.zip").open("wb") as file:
        file.seek(start)
        file.write(local_header(entry) + b"here")
        place = file.tell()
        file.write(central_header(entry, start))
        file.write(ending(1, file.tell() - place, place))

    with zipfile.ZipFile(tmp_path / "sparse.zip") as archive:
        assert archive.read("late.txt") == b"here"


def test_a_file_of_more_than_four_gigabytes_says_its_size_in_64_bits() -> None:
    entry = Entry("huge", STORED, 1, 5 * 2**30, 5 * 2**30, AT)
    table = central_header(entry, 0)
    archive = zipfile.ZipFile(io.BytesIO(local_header(entry) + table + ending(1, len(table), len(local_header(entry)))))

    info = archive.getinfo("huge")
    assert (info.file_size, info.compress_size, info.header_offset) == (5 * 2**30, 5 * 2**30, 0)
    assert len(local_header(entry)) == 30 + len("huge") + 20
