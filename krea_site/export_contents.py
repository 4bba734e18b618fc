"""What goes into an archive, slice by slice: account, statement, generations with their pictures, style references.

A slice is bounded in rows and in time, whatever the person has: reading pictures is what takes long.
"""

import csv
import io
import json
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.utils import timezone
from django.utils.text import slugify

from accounts import portrait
from accounts.models import User
from billing import statement as statements
from billing.credits import show
from billing.models import Account
from billing.statement_csv import safe
from generations.models import Draft, Generation, Image, SavedLora, Share, Upload
from generations.pictures import store
from krea_site.export_shop import bought
from krea_site.models import Export, TrialGrant
from partners.models import Endpoint, Key

Row = TypeVar("Row")

MOVEMENTS_AT_ONCE = 2000
GENERATIONS_AT_ONCE = 50
REFERENCES_AT_ONCE = 50
A_SLICE_TAKES_S = 8.0
CHUNK = 1024 * 1024
README = """What this site keeps of you, as of the day of this archive.

account.json       your account: addresses, second factors, sessions, API keys, webhooks, balance, purchases, drafts,
                   links, LoRAs
statement.csv      every movement of your credits, newest first; statement.json has the same
generations.json   what you asked for, with every setting, and which files it became
pictures/          your pictures as they were stored
references/        the style references that you uploaded

Amounts are in credits, times in UTC. Deleted pictures are not in here, nor files that programs put here for a day.
"""
CSV_HEAD = ("created_at", "kind", "memo", "amount", "balance_after", "owed", "generation", "id")


@dataclass(frozen=True)
class Picture:
    """A stored file that goes into the archive as `path`; sizes in bytes."""

    path: str
    source: str
    size: int
    crc: int
    modified_at: datetime


@dataclass
class Slice:
    """Some of one stage: bytes to be added to texts, and pictures. `cursor` is where the next one begins; empty: the
    stage is done."""

    texts: list[tuple[str, bytes]] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    missing: int = 0
    cursor: str = ""


def account(user: User, cursor: str) -> Slice:
    purse = Account.objects.filter(user=user).first() or Account()
    trial = TrialGrant.objects.filter(user=user).first()
    told = {
        **portrait.of(user),
        "credits": {"available": show(purse.available), "held": show(purse.held), "debt": show(purse.debt)},
        "trial_credits": trial.state if trial else None,
        **bought(user),
        "api_keys": [
            {
                "name": key.name, "begins_with": key.prefix, "scopes": key.scopes, "created_at": key.created_at,
                "last_used_at": key.last_used_at, "revoked_at": key.revoked_at,
            }
            for key in Key.objects.of(user).order_by("created_at")
        ],
        "webhooks": [
            {
                "address": endpoint.url, "events": endpoint.topics, "created_at": endpoint.created_at,
                "disabled_at": endpoint.disabled_at,
            }
            for endpoint in Endpoint.objects.of(user).order_by("id")
        ],
        "studio_drafts": [
            {"typed": draft.typed, "set_aside": draft.aside, "updated_at": draft.updated_at}
            for draft in Draft.objects.filter(user=user)
        ],
        "saved_loras": [
            {"name": lora.name, "path": lora.path, "scale": lora.scale, "created_at": lora.created_at}
            for lora in SavedLora.objects.filter(user=user).order_by("id")
        ],
        "shared_links": [
            {
                "address": share.address, "image": share.image_id, "shows_prompt": share.shows_prompt,
                "shows_settings": share.shows_settings, "created_at": share.created_at,
                "expires_at": share.expires_at, "revoked_at": share.revoked_at,
            }
            for share in Share.objects.of(user).order_by("id")
        ],
    }  # fmt: skip
    return Slice(texts=[("README.txt", README.encode()), ("account.json", _json(told) + b"\n")])


def statement(user: User, cursor: str) -> Slice:
    """`cursor` is the statement's own."""
    wallet = Account.objects.filter(user=user).first()
    page = statements.page(wallet, cursor=cursor, size=MOVEMENTS_AT_ONCE)
    rows = [_movement(each) for each in page.movements]
    table = io.StringIO()
    writer = csv.writer(table)
    if not cursor:
        writer.writerow(CSV_HEAD)
    writer.writerows([safe(row["memo"]) if name == "memo" else row[name] for name in CSV_HEAD] for row in rows)
    texts = [("statement.csv", table.getvalue().encode()), _json_rows("statement.json", rows, cursor, page.following)]
    return Slice(texts=texts, cursor=page.following)


def generations(user: User, cursor: str) -> Slice:
    """`cursor` is the id of the last generation that is in."""
    mine = Generation.objects.of(user).prefetch_related("images").order_by("id")
    found = list((mine.filter(id__gt=UUID(cursor)) if cursor else mine)[: GENERATIONS_AT_ONCE + 1])
    slice, rows = Slice(), []
    for generation in _in_time(found[:GENERATIONS_AT_ONCE]):
        rows.append(_generation(generation, slice))
        slice.cursor = str(generation.pk)
    if len(rows) == len(found):
        slice.cursor = ""
    slice.texts.append(_json_rows("generations.json", rows, cursor, slice.cursor))
    return slice


def references(user: User, cursor: str) -> Slice:
    """`cursor` is the id of the last upload that is in."""
    mine = Upload.objects.filter(user=user).order_by("id")
    found = list((mine.filter(id__gt=UUID(cursor)) if cursor else mine)[: REFERENCES_AT_ONCE + 1])
    slice, done = Slice(), 0
    for upload in _in_time(found[:REFERENCES_AT_ONCE]):
        _add(slice, f"references/{upload.pk}.{_ending(upload.name)}", upload.name, upload.created_at)
        slice.cursor, done = str(upload.pk), done + 1
    if done == len(found):
        slice.cursor = ""
    return slice


STAGES: dict[str, Callable[[User, str], Slice]] = {
    Export.Stage.ACCOUNT: account,
    Export.Stage.STATEMENT: statement,
    Export.Stage.GENERATIONS: generations,
    Export.Stage.REFERENCES: references,
}


def _in_time(rows: Sequence[Row]) -> Iterator[Row]:
    """The first of the rows, and more of them while there is time."""
    ends_at = time.monotonic() + A_SLICE_TAKES_S
    for place, row in enumerate(rows):
        if place and time.monotonic() > ends_at:
            return
        yield row


def _movement(each: statements.Movement) -> dict[str, Any]:
    row = each.transfer
    return {
        "id": row.pk, "created_at": row.created_at.isoformat(), "kind": row.kind, "memo": row.memo,
        "amount": show(each.amount), "balance_after": None if each.balance is None else show(each.balance),
        "owed": each.owed, "generation": each.generation,
    }  # fmt: skip


def _generation(row: Generation, slice: Slice) -> dict[str, Any]:
    return {
        "id": row.pk, "created_at": row.created_at, "finished_at": row.finished_at, "model": row.image_model,
        "status": row.status, "input": row.input, "quantity": row.quantity, "image_price": show(row.image_price),
        "references": row.references, "images": [_image(row, image, slice) for image in row.images.all()],
    }  # fmt: skip


def _image(row: Generation, image: Image, slice: Slice) -> dict[str, Any]:
    file = None
    if image.is_there:
        words = slugify(row.prompt)[:60].strip("-") or "picture"
        file = f"pictures/{row.created_at:%Y-%m}/{words}-{image.pk}.{_ending(image.name)}"
        file = _add(slice, file, image.name, row.finished_at or row.created_at)
    return {
        "id": image.pk, "seed": image.seed, "status": image.public_status, "width": image.width,
        "height": image.height, "sha256": image.sha256 or None, "file": file,
    }  # fmt: skip


def _add(slice: Slice, path: str, source: str, modified_at: datetime) -> str | None:
    """Read a stored file for its size and checksum, and add it; None where it is lost."""
    try:
        size, crc = _measure(source)
    except FileNotFoundError:
        slice.missing += 1
        return None
    slice.pictures.append(Picture(path, source, size, crc, modified_at or timezone.now()))
    return path


def _measure(name: str) -> tuple[int, int]:
    reader = store.open_range(name)
    try:
        size = crc = 0
        while data := reader.read(CHUNK):
            size, crc = size + len(data), zlib.crc32(data, crc)
        return size, crc
    finally:
        reader.close()


def _ending(name: str) -> str:
    return name.rpartition(".")[2]


def _json_rows(path: str, rows: Sequence[dict[str, Any]], cursor: str, following: str) -> tuple[str, bytes]:
    """Part of a list in JSON: it opens with the first slice and closes with the last."""
    body = b",\n".join(_json(row) for row in rows)
    head = b",\n" if cursor and rows else (b"" if cursor else b"[\n")
    return path, head + body + (b"" if following else b"\n]\n")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=_plain, indent=1).encode()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
