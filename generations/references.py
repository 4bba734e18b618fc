"""Style references and LoRAs: fetched, decoded, re-encoded and kept before anything is held.

One that cannot be had is refused at once, in every door, with its index. fal gets a signed address of ours, made at
send time, or an upload to its own storage where it cannot reach us.
"""

import asyncio
import base64
import binascii
import io
import re
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from PIL import Image as Pillow
from PIL import ImageOps

from . import doomed, errands, reach, safe_fetch
from .brief import BadBrief, Brief, FieldError
from .errands import Answer, Problem
from .fal import client
from .fal import uploads as fal_uploads
from .models import Generation, Upload
from .pictures import links, store
from .pictures.verify import BadPicture, verify

MOST_BYTES = 20 * 1024 * 1024
LONGEST_SIDE = 2048  # pixels; a style needs no more, and fal refuses files that are too large
ACCEPT = ("image/jpeg", "image/png", "image/webp")
SECONDS_IN_ALL = 8.0
_OWN_ADDRESS = re.compile(r"/api/v1/uploads/(?P<id>[0-9a-f-]{36})(?:/content)?/?")
# Decoding is work of the processor: its own two threads, never those of the pages.
_decoders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="references")


class Unreachable(Exception):
    """A kept reference cannot be handed to fal right now."""


def resolve(user: AbstractBaseUser, brief: Brief, *, request: HttpRequest | None = None) -> list[Upload]:
    """The uploads that stand for the brief's style references, in order; every LoRA was reached.

    BadBrief names each one that cannot be had with its index. With a `request` of a page, see `errands`.
    """
    sources = brief.reference_urls()
    loras = brief.lora_paths()
    known = _own_uploads(user, sources)
    strange = [source for source in dict.fromkeys(sources) if source not in known]

    async def fetch_all() -> list[Answer]:
        jobs = [
            *(_reference(user.pk, source) for source in strange),
            *(_lora(user.pk, path) for path in loras),
        ]
        return await _within(jobs)

    answers = errands.perform(request, fetch_all) if strange or loras else []
    found = dict(zip(strange, answers, strict=False)) | known
    problems = [
        *_problems(brief, "reference", [found[source] for source in sources]),
        *_problems(brief, "lora", answers[len(strange) :]),
    ]
    if problems:
        raise BadBrief(problems)
    ids = [found[source] for source in sources]
    rows = {row.pk: row for row in Upload.objects.filter(pk__in=[each for each in ids if isinstance(each, UUID)])}
    return [rows[each] for each in ids if isinstance(each, UUID)]


@dataclass(frozen=True)
class Kept:
    """A re-encoded reference whose file is stored and whose row is not written yet; sizes in pixels and bytes."""

    name: str
    sha256: str
    content_type: str
    width: int
    height: int
    bytes: int


def store_file(data: bytes) -> Kept:
    """Verify a reference, re-encode it without its metadata, store the file. Raises BadPicture. No database."""
    clean, content_type, (width, height) = _re_encode(data)
    name = store.put(clean, content_type)
    return Kept(name, sha256(clean).hexdigest(), content_type, width, height, len(clean))


def write_row(user_id: int, kept: Kept) -> Upload:
    """The upload of a stored reference; the same picture twice is one. BadPicture when an equal file of somebody who
    left was deleted at this very moment."""
    doomed.spare([kept.name])
    if not store.exists(kept.name):
        raise BadPicture("the picture could not be kept just now; please send it again", "not_kept")
    return Upload.objects.get_or_create(user_id=user_id, sha256=kept.sha256, defaults=asdict(kept))[0]


def addresses_for_fal(generation: Generation, *, lifetime_s: int) -> list[str]:
    """Where fal finds this generation's references, each for at least `lifetime_s` seconds. Raises Unreachable."""
    rows = {str(row.pk): row for row in Upload.objects.filter(pk__in=generation.references)}
    ordered = [rows[key] for key in generation.references]
    if reach.fal_reaches_us() or settings.S3_BUCKET:
        return [links.absolute_address(row.name, seconds=lifetime_s * 6 // 5) for row in ordered]
    return [_uploaded(row, lifetime_s) for row in ordered]


def _uploaded(row: Upload, lifetime_s: int) -> str:
    try:
        reader = store.open_range(row.name)
        try:
            data = reader.read(row.bytes)
        finally:
            reader.close()
        return fal_uploads.upload(data, row.content_type, row.name.rsplit("/", 1)[-1], lifetime_s=lifetime_s)
    except (OSError, client.Unavailable, fal_uploads.UploadRefused) as error:
        raise Unreachable(type(error).__name__) from error


def _own_uploads(user: AbstractBaseUser, sources: Sequence[str]) -> dict[str, Answer]:
    """Which sources are uploads of this user already: by id, or by the address that we gave them."""
    wanted: dict[str, UUID] = {}
    for source in sources:
        path = source.removeprefix(settings.PUBLIC_URL)
        match = _OWN_ADDRESS.fullmatch(path)
        try:
            wanted[source] = UUID(match["id"] if match else source)
        except ValueError:
            continue
    mine = set(Upload.objects.filter(user_id=user.pk, pk__in=wanted.values()).values_list("pk", flat=True))
    unknown = Problem("unknown_upload", "there is no upload of yours with this id; upload the picture first")
    return {source: id if id in mine else unknown for source, id in wanted.items()}


async def _within(jobs: list[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """All at once; what is not there in time is a problem of its own, not of the others."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    _, late = await asyncio.wait(tasks, timeout=SECONDS_IN_ALL + 4) if tasks else (set(), set())
    for task in late:
        task.cancel()
    too_slow = Problem("too_slow", "could not be fetched in time; use a faster host, or upload the file")
    return [too_slow if task in late else task.result() for task in tasks]


async def _reference(user_id: int, source: str) -> Answer:
    try:
        if source.startswith("data:"):
            data = _data_uri(source)
        else:
            fetched = await safe_fetch.get(
                source, max_bytes=MOST_BYTES, timeout_s=SECONDS_IN_ALL, accept=ACCEPT, per=user_id
            )
            data = fetched.data
        kept = await asyncio.get_running_loop().run_in_executor(_decoders, store_file, data)
        return (await sync_to_async(write_row)(user_id, kept)).pk
    except safe_fetch.FetchRefused as error:
        return Problem(error.code, error.reason)
    except BadPicture as error:
        return Problem(error.code, error.reason)


async def _lora(user_id: int, path: str) -> Answer:
    try:
        head = await safe_fetch.head(path, timeout_s=SECONDS_IN_ALL, per=user_id)
    except safe_fetch.FetchRefused as error:
        return Problem(error.code, error.reason)
    if head.status >= 400:
        return Problem("bad_status", f"the server answered {head.status}; the file must be open to everybody")
    return None


def _data_uri(source: str) -> bytes:
    head, _, body = source.partition(",")
    try:
        data = base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise BadPicture("the data URI is not valid base64", "bad_data_uri") from error
    if len(data) > MOST_BYTES:
        raise BadPicture(f"the file is larger than {MOST_BYTES // 1024**2} MB", "too_large")
    return data


def _re_encode(data: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """The pixels alone, upright, at most LONGEST_SIDE pixels; no metadata of the customer's travels on."""
    verified = verify(data)
    upright: Pillow.Image = ImageOps.exif_transpose(verified.image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Pillow.Resampling.LANCZOS)
    has_alpha = upright.has_transparency_data
    file = io.BytesIO()
    if has_alpha:
        upright.convert("RGBA").save(file, "PNG", compress_level=3)
        return file.getvalue(), "image/png", upright.size
    upright.convert("RGB").save(file, "JPEG", quality=92)
    return file.getvalue(), "image/jpeg", upright.size


def _problems(brief: Brief, kind: str, answers: Sequence[Answer]) -> list[FieldError]:
    found = []
    for index, answer in enumerate(answers):
        if isinstance(answer, Problem):
            is_lora = kind == "lora"
            place = brief.lora_place(index) if is_lora else brief.reference_place(index)
            what = "LoRA" if is_lora else "Style reference"
            detail = f"{what} {index + 1}: {answer.detail}"
            found.append(FieldError.at(place, answer.code, detail))
    return found
