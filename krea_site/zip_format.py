"""The bytes of a zip archive around its files, where sizes and checksums are known beforehand.

Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 (records) and 4.5.3 (zip64, for what 32 bits cannot say).
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

STORED, DEFLATED = 0, 8
FINAL_BLOCK = b"\x03\x00"  # an empty last block: ends a stream of raw deflate that was only flushed before
_UTF8 = 1 << 11
_VERSION, _VERSION_ZIP64 = 20, 45
_MADE_BY_UNIX = 3 << 8
_READABLE = 0o100644 << 16
_MOST_32, _MOST_16 = 0xFFFFFFFF, 0xFFFF


@dataclass(frozen=True)
class Entry:
    """One file: `size` and `packed` in bytes, `method` STORED or DEFLATED, `crc` the CRC-32 of what is unpacked."""

    path: str
    method: int
    crc: int
    size: int
    packed: int
    modified_at: datetime


def local_header(entry: Entry) -> bytes:
    """What stands before the file's bytes."""
    is_large = max(entry.size, entry.packed) >= _MOST_32
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.packed) if is_large else b""
    name = entry.path.encode()
    head = struct.pack(
        "<IHHHIIIIHH", 0x04034B50, _version(is_large), _UTF8, entry.method, _dos_time(entry.modified_at), entry.crc,
        _MOST_32 if is_large else entry.packed, _MOST_32 if is_large else entry.size, len(name), len(extra),
    )  # fmt: skip
    return head + name + extra


def central_header(entry: Entry, offset: int) -> bytes:
    """The file's line in the table at the end; `offset` is where its local header stands."""
    wide = [number for number in (entry.size, entry.packed, offset) if number >= _MOST_32]
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    name = entry.path.encode()
    head = struct.pack(
        "<IHHHHIIIIHHHHHII", 0x02014B50, _MADE_BY_UNIX | _version(bool(wide)), _version(bool(wide)), _UTF8,
        entry.method, _dos_time(entry.modified_at), entry.crc, min(entry.packed, _MOST_32), min(entry.size, _MOST_32),
        len(name), len(extra), 0, 0, 0, _READABLE, min(offset, _MOST_32),
    )  # fmt: skip
    return head + name + extra


def ending(count: int, table_size: int, table_offset: int) -> bytes:
    """What stands behind the table of `count` files."""
    records = b""
    if count >= _MOST_16 or table_size >= _MOST_32 or table_offset >= _MOST_32:
        records = struct.pack(
            "<IQHHIIQQQQ", 0x06064B50, 44, _MADE_BY_UNIX | _VERSION_ZIP64, _VERSION_ZIP64, 0, 0, count, count,
            table_size, table_offset,
        )  # fmt: skip
        records += struct.pack("<IIQI", 0x07064B50, 0, table_offset + table_size, 1)
    short = min(count, _MOST_16)
    return records + struct.pack(
        "<IHHHHIIH", 0x06054B50, 0, 0, short, short, min(table_size, _MOST_32), min(table_offset, _MOST_32), 0
    )


def _version(is_zip64: bool) -> int:
    return _VERSION_ZIP64 if is_zip64 else _VERSION


def _dos_time(at: datetime) -> int:
    """Date and time in 32 bits, in UTC, to two seconds; the format begins with 1980."""
    utc = at.astimezone(UTC)
    date = (max(utc.year, 1980) - 1980) << 9 | utc.month << 5 | utc.day
    return date << 16 | utc.hour << 11 | utc.minute << 5 | utc.second // 2
