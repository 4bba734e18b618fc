"""Style references and LoRAs: fetched, decoded, re-encoded and kept before anything is held.

One that cannot be had is refused at once, in every door, with its index. A picture of one's own becomes a reference by
its address, from the stored file. fal gets a signed address of ours, made at send time, or an upload to its own storage
where it cannot reach us.
"""

import asyncio
import base64
import binascii
import io
import re
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import SuspiciousFileOperation
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from PIL import Image as Pillow
from PIL import ImageOps

from . import banned, doomed, errands, kept_files, reach, safe_fetch, upkeep
from .brief import BadBrief, Brief, FieldError
from .errands import Answer, Problem, aside
from .fal import client
from .fal import uploads as fal_uploads
from .models import Generation, Image, Status, Upload
from .pictures import links, store
from .pictures.verify import BadPicture, verify

MOST_BYTES = 20 * 1024 * 1024
LONGEST_SIDE = 2048  # pixels; a style needs no more, and fal refuses files that are too large
ACCEPT = ("image/jpeg", "image/png", "image/webp")
SECONDS_IN_ALL = 8.0
_OWN_ADDRESS = re.compile(
    r"/(?:api/v1/uploads/|v2/consumer/blobs/upload_)(?P<id>[0-9a-f-]{36})(?:/content)?/?(?:\?.*)?"
)
_OWN_PICTURE = re.compile(
    r"/(?:(?:api/v1/)?images/|v2/consumer/blobs/blob_)(?P<id>[0-9a-f-]{36})(?:/content)?/?(?:[?#].*)?"
)
_OWN_FILE = re.compile(r"/(?P<name>pictures/[0-9a-f/]+\.(?:jpg|png|webp))(?:[?#].*)?")


class Unreachable(Exception):
    """A kept reference cannot be handed to fal right now."""


class Gone(Exception):
    """A kept reference was taken down since the order."""


class NotAll(BadBrief):
    """Some of a brief's references or LoRAs cannot be had; `uploads` has those that can, None for the others."""

    def __init__(self, errors: Sequence[FieldError], uploads: Sequence[Upload | None]) -> None:
        self.uploads = tuple(uploads)
        super().__init__(errors)


@dataclass(frozen=True)
class Found:
    """What became of each source and of each LoRA, in their order. None: the LoRA is there."""

    uploads: tuple[Upload | Problem, ...]
    loras: tuple[Problem | None, ...]


def resolve(user: AbstractBaseUser, brief: Brief, *, request: HttpRequest | None = None) -> list[Upload]:
    """The uploads that stand for the brief's style references, in order; every LoRA was reached.

    NotAll names each one that cannot be had with its index. With a `request` of a page, see `errands`.
    """
    if not are_needed(brief):
        return []
    found = keep(user, brief.reference_urls(), brief.lora_paths(), request=request)
    problems = [*_problems(brief, "reference", found.uploads), *_problems(brief, "lora", found.loras)]
    uploads = [each if isinstance(each, Upload) else None for each in found.uploads]
    if problems:
        raise NotAll(problems, uploads)
    return [each for each in uploads if each is not None]


def are_needed(brief: Brief) -> bool:
    """Whether anything is to be fetched for it."""
    return bool(brief.reference_urls() or brief.lora_paths())


def keep(
    user: AbstractBaseUser,
    sources: Sequence[str | bytes],
    loras: Sequence[str] = (),
    *,
    request: HttpRequest | None = None,
) -> Found:
    """Fetch and keep what each source names: an http(s) address, a data URI, the id of an upload, the address of a
    picture or an upload of this user here, or that of a file (`kept_files`); bytes are the file itself. Ask after each
    LoRA. One that fails leaves the others alone.

    Only once for each request: see `errands`.
    """
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
    rows = {row.pk: row for row in Upload.objects.filter(pk__in=[each for each in found.values() if _is_id(each)])}
    return Found(
        uploads=tuple(_upload(found[source], rows) for source in sources),
        loras=tuple(each if isinstance(each, Problem) else None for each in answers[len(strange) :]),
    )


def address_of(image: Image) -> str:
    """How a picture of one's own is named as a source."""
    return f"{settings.PUBLIC_URL}{image.get_absolute_url()}"


@dataclass(frozen=True)
class Clean:
    """A re-encoded reference, not stored yet; sizes in pixels and bytes."""

    sha256: str
    name: str
    content_type: str
    width: int
    height: int
    bytes: int


def clean(data: bytes) -> tuple[Clean, bytes]:
    """Verify a reference and re-encode it without its metadata. Raises BadPicture."""
    pixels, content_type, (width, height) = _re_encode(data)
    digest = sha256(pixels).hexdigest()
    name = store.name_of(digest, content_type)
    return Clean(digest, name, content_type, width, height, len(pixels)), pixels


def write_row(user_id: int, kept: Clean) -> Upload:
    """The upload of a stored reference; the same picture twice is one. BadPicture where the file is gone again since
    storing it took too long, or the picture was taken down; QuotaReached where there is no room for one more."""
    mine = Upload.objects.filter(user_id=user_id, sha256=kept.sha256)
    if not store.exists(kept.name):
        raise BadPicture("the picture could not be kept just now; please send it again", "not_kept")
    if mine.update(used_at=timezone.now()) and (known := mine.first()):
        return known
    with transaction.atomic():
        if banned.is_banned(kept.name, user_id):
            raise BadPicture(banned.WORDS, banned.CODE)
        upkeep.make_room(user_id, bytes=kept.bytes)
        return Upload.objects.get_or_create(user_id=user_id, sha256=kept.sha256, defaults=asdict(kept))[0]


def addresses_for_fal(generation: Generation, *, lifetime_s: int) -> list[str]:
    """Where fal finds this generation's references, each for at least `lifetime_s` seconds. Raises Unreachable and
    Gone."""
    rows = {str(row.pk): row for row in Upload.objects.filter(pk__in=generation.references)}
    if not rows.keys() >= set(generation.references):
        raise Gone
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


def _is_id(answer: Answer) -> bool:
    return isinstance(answer, UUID)


def _upload(answer: Answer, rows: dict[UUID, Upload]) -> Upload | Problem:
    if isinstance(answer, Problem):
        return answer
    row = rows.get(answer) if answer is not None else None
    return row or Problem("not_kept", "the picture could not be kept just now; please send it again")


def _own_uploads(user: AbstractBaseUser, sources: Sequence[str | bytes]) -> dict[str | bytes, Answer]:
    """Which sources name an upload: by id, or by the address that we gave it. What it is called decides, not whether it
    is there, so that a view that is asked again finds the same."""
    wanted: dict[str | bytes, UUID] = {}
    for source in sources:
        if isinstance(source, bytes):
            continue
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


async def _reference(user_id: int, source: str | bytes) -> Answer:
    try:
        kept, pixels = await aside(clean, await _bytes_of(user_id, source))
        await sync_to_async(doomed.expect)([kept.name])
        await aside(store.put, pixels, kept.content_type)
        return (await sync_to_async(write_row)(user_id, kept)).pk
    except (safe_fetch.FetchRefused, BadPicture) as error:
        return Problem(error.code, error.reason)
    except upkeep.QuotaReached as reached:
        return Problem("upload_quota", str(reached))


async def _bytes_of(user_id: int, source: str | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    if source[:5].lower() == "data:":
        return _data_uri(source)
    if is_own_picture(source):
        name = await sync_to_async(_own_name)(user_id, source)
        return await aside(_stored, name)
    if kept_files.is_address(source):
        name = await sync_to_async(kept_files.name_at)(source)
        if not name:
            raise BadPicture("there is no file at this address any more; upload it again", "unknown_upload")
        return await aside(_stored, name)
    fetched = await safe_fetch.get(source, max_bytes=MOST_BYTES, timeout_s=SECONDS_IN_ALL, accept=ACCEPT, per=user_id)
    return fetched.data


def _path(source: str) -> str:
    """What stands behind our own host; empty for an address elsewhere."""
    return source.removeprefix(settings.PUBLIC_URL) if source.startswith(f"{settings.PUBLIC_URL}/") else ""


def is_own_picture(source: str) -> bool:
    """Whether a source is the address of a picture here: then nothing has to be fetched."""
    return bool(_OWN_PICTURE.fullmatch(_path(source)) or _OWN_FILE.fullmatch(_path(source)))


def _own_name(user_id: int, source: str) -> str:
    """The stored file of one's own picture, by the address of its page or of one of its files. Raises BadPicture."""
    mine = Image.objects.kept().filter(user_id=user_id, status=Status.STORED, generation__deleted_at=None)
    page, file = _OWN_PICTURE.fullmatch(_path(source)), _OWN_FILE.fullmatch(_path(source))
    name: str | None = None
    if page:
        with suppress(ValueError):
            name = mine.filter(pk=UUID(page["id"])).values_list("name", flat=True).first()
    elif file:
        name = mine.showing([file["name"]]).values_list("name", flat=True).first()
        name = name or Upload.objects.filter(user_id=user_id, name=file["name"]).values_list("name", flat=True).first()
    if not name:
        raise BadPicture("there is no picture of yours at this address", "unknown_picture")
    return name


def _stored(name: str) -> bytes:
    """Raises BadPicture where the file cannot be read."""
    try:
        reader = store.open_range(name, 0, MOST_BYTES)
    except (OSError, SuspiciousFileOperation) as error:
        raise BadPicture("the file of this picture cannot be read", "unknown_picture") from error
    try:
        return reader.read(MOST_BYTES)
    finally:
        reader.close()


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


def _problems(brief: Brief, kind: str, answers: Sequence[Upload | Problem | None]) -> list[FieldError]:
    found = []
    for index, answer in enumerate(answers):
        if isinstance(answer, Problem):
            is_lora = kind == "lora"
            place = brief.lora_place(index) if is_lora else brief.reference_place(index)
            what = "LoRA" if is_lora else "Style reference"
            detail = f"{what} {index + 1}: {answer.detail}"
            found.append(FieldError.at(place, answer.code, detail))
    return found
