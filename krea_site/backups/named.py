"""Which stored files the rows name: pictures with their thumbnails, style references, and files of programs.

An export needs no file of its own: its texts are rows, its pictures are pictures.
"""

from collections.abc import Iterator
from typing import NamedTuple

from generations.models import Image, KeptFile, Upload
from krea_site.backups.lists import sha256_of

ROWS_AT_ONCE = 500


class Mention(NamedTuple):
    """A row's word for a file; `bytes` is None where the row tells no size."""

    row: str
    name: str
    sha256: str
    bytes: int | None


def mentions(using: str) -> Iterator[Mention]:
    """Every mention, pictures first. Reads in pieces, in one moment where the caller holds one."""
    images = Image.objects.using(using).exclude(name="").order_by("pk")
    fields = ("pk", "name", "sha256", "bytes", "variants")
    for pk, name, sha256, size, variants in images.values_list(*fields).iterator(ROWS_AT_ONCE):
        yield Mention(f"image {pk}", name, sha256, size)
        for longest, variant in (variants or {}).items():
            told = (variant["name"], variant["sha256"], variant["bytes"])
            yield Mention(f"image {pk}, thumbnail {longest}", *told)
    for pk, name, sha256, size in (
        Upload.objects.using(using).order_by("pk").values_list("pk", "name", "sha256", "bytes").iterator(ROWS_AT_ONCE)
    ):
        yield Mention(f"upload {pk}", name, sha256, size)
    kept = KeptFile.objects.using(using).exclude(name="").order_by("pk")
    for pk, name, size in kept.values_list("pk", "name", "bytes").iterator(ROWS_AT_ONCE):
        yield Mention(f"kept file {pk}", name, sha256_of(name), size)


def is_named(name: str) -> bool:
    """Whether some row names the file now."""
    return (
        Image.objects.showing([name]).exists()
        or Upload.objects.filter(name=name).exists()
        or KeptFile.objects.filter(name=name).exists()
    )
