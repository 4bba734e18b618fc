"""Blobs: the pictures of workflows and those that were uploaded, by id and by addresses that carry a signature.

`/v2/consumer/blobs/{id}?exp=…&sig=…` has the bytes without a key for a day, for as long as the picture is there. The
same address with a key and without a signature leads to `/v2/consumer/blobs/content/{token}`, which works for an hour.
A presigned address takes one key's uploads for an hour.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from generations.models import Image, Upload
from generations.pictures import links
from generations.pictures.links import Link

ROOT = "/v2/consumer/blobs"
PICTURE, UPLOADED = "blob_", "upload_"
LASTS, STEP_S = timedelta(hours=24), 3600  # whoever asks twice within an hour mostly gets the same address
UPLOADS_LAST = timedelta(hours=1)
_signer = Signer(salt="partners.dialects.civitai.blobs")


@dataclass(frozen=True)
class Blob:
    """A picture that is there: its id as a blob, and the row that has its file."""

    id: str
    row: Image | Upload


def id_of(row: Image | Upload) -> str:
    return f"{PICTURE if isinstance(row, Image) else UPLOADED}{row.pk}"


def link(row: Image | Upload) -> Link:
    """The signed address of a picture."""
    end = int((timezone.now() + LASTS).timestamp()) // STEP_S * STEP_S
    ends_at = datetime.fromtimestamp(end, UTC)
    return Link(_signed(f"{ROOT}/{id_of(row)}", ends_at), ends_at)


def find(id: str, user_id: int | None = None) -> Blob | None:
    """The blob, if there is one with a picture; `user_id`: only where it is that user's."""
    kind = next((kind for kind in (PICTURE, UPLOADED) if id.startswith(kind)), None)
    try:
        wanted = UUID(id.removeprefix(kind or ""))
    except ValueError:
        return None
    mine = {} if user_id is None else {"user_id": user_id}
    row: Image | Upload | None = None
    if kind == PICTURE:
        row = Image.objects.filter(pk=wanted, generation__deleted_at=None, **mine).first()
        row = row if row and row.is_there else None
    elif kind == UPLOADED:
        row = Upload.objects.filter(pk=wanted, **mine).first()
    return None if row is None else Blob(id_of(row), row)


def upload_address(key_id: UUID) -> Link:
    """Where the bearer of a key may send a picture without it."""
    ends_at = timezone.now().replace(microsecond=0) + UPLOADS_LAST
    return Link(_signed(ROOT, ends_at, key=str(key_id)), ends_at)


def is_granted(path: str, given: dict[str, str]) -> bool:
    """Whether a query carries our signature for this path, and its time is not over."""
    fields = {name: value for name, value in sorted(given.items()) if name in ("exp", "key")}
    try:
        _signer.unsign(f"{path}?{urlencode(fields)}:{given.get('sig', '')}")
        ends_at = parse_datetime(fields.get("exp", ""))
    except (BadSignature, ValueError):
        return False
    return ends_at is not None and ends_at > timezone.now()


def content_address(blob: Blob, filename: str | None) -> str:
    """Where the bytes are; with a name, to be saved under it."""
    token = base64.urlsafe_b64encode(content_of(blob, filename).encode()).decode().rstrip("=")
    return f"{settings.PUBLIC_URL}{ROOT}/content/{token}"


def content_of(blob: Blob, filename: str | None) -> str:
    """The stored file and our signature for it, as `name?query`."""
    return links.own(blob.row.name, filename=filename).removeprefix("/")


def content(token: str) -> str | None:
    """What stands in a token, as `content_of` has it; None for what is none of ours, or has ended."""
    try:
        address = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    name, _, query = address.partition("?")
    return address if links.check(name, query) else None


def _signed(path: str, ends_at: datetime, **more: str) -> str:
    query = urlencode(sorted({"exp": ends_at.isoformat().replace("+00:00", "Z"), **more}.items()))
    return f"{settings.PUBLIC_URL}{path}?{query}&{urlencode({'sig': _signer.signature(f'{path}?{query}')})}"
