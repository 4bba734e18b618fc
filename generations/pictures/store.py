"""Where pictures are kept: files of this machine or object storage, named by the hash of their content.

Writing twice changes nothing, a file never changes under its name, and a browser may keep it for as long
as it likes. Equal pictures share one file.
"""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TypedDict

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, storages

from generations.pictures.develop import Developed, Sheet, develop
from generations.pictures.verify import BadPicture

NAME = re.compile(r"pictures/([0-9a-f]{2})/([0-9a-f]{2})/(?P<sha256>\1\2[0-9a-f]{60})\.(?P<ending>jpg|png|webp|bin)")
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
ANYTHING = "application/octet-stream"  # a file that is not looked into
_ENDINGS = {**ENDINGS, ANYTHING: "bin"}
CONTENT_TYPES = {ending: content_type for content_type, ending in _ENDINGS.items()}


class Variant(TypedDict):
    """One thumbnail, as the image's row keeps it; width and height in pixels, `bytes` the length of the
    file."""

    name: str
    width: int
    height: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Stored:
    """Where a picture was put. `sha256` and `bytes` are those of the file that is served; `variants` is
    keyed by the longest side: "320", "640", "1280"."""

    name: str
    sha256: str
    content_type: str
    width: int
    height: int
    bytes: int
    variants: dict[str, Variant]


class Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def keep(data: bytes) -> Stored:
    """Check, mark and write a picture from fal with its thumbnails.

    Raises BadPicture; with code `black`, and nothing written, for one that is black all over."""
    developed = develop(data)
    if developed.black:
        raise BadPicture("The picture came back all black.", "black")
    return write(developed)


def write(developed: Developed) -> Stored:
    """Write thumbnails and original; what is there already is left alone."""
    variants = {width: _write_variant(sheet) for width, sheet in developed.variants.items()}
    original = developed.original
    return Stored(
        name=_write_sheet(original),
        sha256=original.sha256,
        content_type=original.content_type,
        width=original.width,
        height=original.height,
        bytes=len(original.data),
        variants=variants,
    )


def names(developed: Developed) -> list[str]:
    """The names under which `write` puts it, without writing."""
    sheets = [developed.original, *developed.variants.values()]
    return [name_of(sheet.sha256, sheet.content_type) for sheet in sheets]


def put(data: bytes, content_type: str) -> str:
    """Write finished bytes as they are and return their name: references, which carry no mark, and ANYTHING."""
    return _save(data, content_type, hashlib.sha256(data).hexdigest())


def name_of(sha256: str, content_type: str) -> str:
    """The name of bytes with that hash."""
    return f"pictures/{sha256[:2]}/{sha256[2:4]}/{sha256}.{_ENDINGS[content_type]}"


def checked(name: str) -> str:
    """`name` when it is one of ours; all else (`..`, a folder, another root) raises
    SuspiciousFileOperation."""
    if not NAME.fullmatch(name):
        raise SuspiciousFileOperation("Not a picture's name.")
    return name


def exists(name: str) -> bool:
    return storages["pictures"].exists(checked(name))


def is_missing_here(name: str) -> bool:
    """Whether a file that belongs on this machine is gone. Object storage is not asked: a page would wait for it."""
    storage = storages["pictures"]
    return isinstance(storage, PictureFiles) and not storage.exists(checked(name))


def size(name: str) -> int:
    """Length in bytes; FileNotFoundError when it is not there."""
    return storages["pictures"].size(checked(name))


def delete(name: str) -> None:
    """Remove the file; that it is gone already is fine. Equal pictures share one file: ask the rows first."""
    storages["pictures"].delete(checked(name))


def open_range(name: str, start: int = 0, stop: int | None = None) -> Reader:
    """A reader of the bytes from `start` up to, not including, `stop` (None: the end).

    It holds a file, or with object storage a connection, until `close`. FileNotFoundError when nothing
    is there."""
    storage: Any = storages["pictures"]
    if not isinstance(storage, PictureFiles):
        return _open_object(storage, checked(name), start, stop)
    file = storage.open(checked(name))
    file.seek(start)
    return _Slice(file, None if stop is None else stop - start)


class PictureFiles(FileSystemStorage):
    """Pictures as files of this machine. A file appears under its name whole or not at all, whatever dies
    when."""

    def path(self, name: str) -> str:
        return super().path(checked(name))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return checked(name)

    def _save(self, name: str, content: "File[bytes]") -> str:
        target = Path(self.path(name))
        # A file of another length was damaged by something outside, and is written anew.
        if target.exists() and target.stat().st_size == content.size:
            return name
        _make_folders(target.parent)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(content.chunks())
                file.flush()
                os.fchmod(file.fileno(), 0o640)
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync(target.parent)
        return name


class _Slice:
    def __init__(self, file: IO[bytes], left: int | None) -> None:
        self._file = file
        self._left = left

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size if self._left is None else min(size, self._left))
        if self._left is not None:
            self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()


def _write_sheet(sheet: Sheet) -> str:
    return _save(sheet.data, sheet.content_type, sheet.sha256)


def _write_variant(sheet: Sheet) -> Variant:
    return {
        "name": _write_sheet(sheet),
        "width": sheet.width,
        "height": sheet.height,
        "bytes": len(sheet.data),
        "sha256": sheet.sha256,
    }


def _save(data: bytes, content_type: str, sha256: str) -> str:
    name = name_of(sha256, content_type)
    content = ContentFile(data, name=name)
    # django-storages reads it from here; without it, Python 3.11 does not know what a .webp is.
    content.content_type = content_type  # type: ignore[attr-defined]
    return storages["pictures"].save(name, content)


def _make_folders(folder: Path) -> None:
    if folder.exists():
        return
    _make_folders(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """A new name is on the disk for good only once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open_object(storage: Any, name: str, start: int, stop: int | None) -> Reader:
    client = storage.connection.meta.client
    wanted = f"bytes={start}-" if stop is None else f"bytes={start}-{stop - 1}"
    try:
        answer = client.get_object(Bucket=storage.bucket_name, Key=storage._normalize_name(name), Range=wanted)
    except client.exceptions.NoSuchKey as error:
        raise FileNotFoundError(name) from error
    body: Reader = answer["Body"]
    return body
