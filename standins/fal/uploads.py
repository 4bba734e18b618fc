"""Files that customers bring: kept in a folder, each with its content type beside it."""

import json
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path

LARGEST_BYTES = 1_000_000_000
SAFE = re.compile(r"[^A-Za-z0-9._-]+")


class TooLarge(Exception):
    """More bytes than one upload may have."""


@dataclass(frozen=True)
class Upload:
    """One file. `name` is unguessable and ends as the caller's own did; `expires_at` None means never."""

    name: str
    content_type: str
    expires_at: float | None = None


class Uploads:
    """Promised first (`begin`), then filled whole (`fill`) or part by part (`fill_part`, `join`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)

    def begin(self, *, file_name: str, content_type: str, lifetime_s: float | None) -> Upload:
        """Promise a place for a file."""
        ending = SAFE.sub("-", file_name)[-80:] or "file"
        expires_at = None if lifetime_s is None else time.time() + lifetime_s
        upload = Upload(f"{secrets.token_urlsafe(12)}_{ending}", content_type or "application/octet-stream", expires_at)
        self._facts(upload.name).write_text(json.dumps(asdict(upload)))
        return upload

    def find(self, name: str) -> Upload | None:
        """A promised file that has not expired."""
        facts = self._facts(name)
        if SAFE.search(name) or not facts.is_file():
            return None
        upload = Upload(**json.loads(facts.read_text()))
        expired = upload.expires_at is not None and upload.expires_at < time.time()
        return None if expired else upload

    def path(self, upload: Upload) -> Path:
        """Where its bytes are, once they have come."""
        return self._folder / upload.name

    async def fill(self, upload: Upload, chunks: AsyncIterator[bytes]) -> None:
        """Take in its bytes; TooLarge where there are too many."""
        await self._write(self.path(upload), chunks)

    async def fill_part(self, upload: Upload, number: int, chunks: AsyncIterator[bytes]) -> str:
        """Take in one part; returns its etag."""
        part = self._part(upload, number)
        await self._write(part, chunks)
        return f'"{part.stat().st_size:x}-{number}"'

    def join(self, upload: Upload, numbers: list[int]) -> bool:
        """Make one file of the parts, in the order of their numbers; False where one is missing."""
        parts = [self._part(upload, number) for number in sorted(numbers)]
        if not parts or not all(part.is_file() for part in parts):
            return False
        with self.path(upload).open("wb") as whole:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, whole)
                part.unlink()
        return True

    def new_token(self) -> str:
        """A token that lets its bearer upload."""
        token = secrets.token_urlsafe(24)
        (self._folder / f"{token}.token").touch()
        return token

    def knows_token(self, token: str) -> bool:
        return not SAFE.search(token) and (self._folder / f"{token}.token").is_file()

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def _facts(self, name: str) -> Path:
        return self._folder / f"{name}.facts.json"

    def _part(self, upload: Upload, number: int) -> Path:
        return self._folder / f"{upload.name}.part{number}"

    async def _write(self, path: Path, chunks: AsyncIterator[bytes]) -> None:
        size = 0
        arriving = path.with_name(f"{path.name}.{secrets.token_hex(4)}.arriving")
        with arriving.open("wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > LARGEST_BYTES:
                    raise TooLarge
                file.write(chunk)
        arriving.replace(path)
