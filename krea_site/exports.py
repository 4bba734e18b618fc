"""Exports: one archive of what the site keeps of a person, built by a task in slices.

Each slice is read outside of any transaction, and written in one that also moves `slices` forward: of two workers at
one export, one writes a slice and the other one stops. A killed worker loses one slice; the sweep has the next begin
where it stood. The pictures are not copied: the archive is put together while it is read (`krea_site.export_door`).
"""

import logging
import time
import zlib
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from accounts.models import User
from billing import overdue
from generations.nudge import nudge
from krea_site import mails, zip_format
from krea_site.export_contents import STAGES, Picture, Slice
from krea_site.models import Export, ExportFile, ExportPiece
from krea_site.nudges import BUILD_EXPORT

logger = logging.getLogger(__name__)

LASTS = timedelta(days=7)
MOST_READY = 3  # of one person: to build one reads every picture of theirs
FAILED_LASTS = timedelta(days=1)
LEASE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
WORKING_S = settings.TASK_TIMEOUT_S * 2 // 3
MOST_TRIES = 5  # without a single slice between
LOST_NUDGE_AGE = timedelta(seconds=10)
ROWS_AT_ONCE = 500
_STAGES = list(Export.Stage)


def wish(user: User) -> Export | None:
    """Ask for an archive. One at a time: where one is being built already, that one; None when it ended just now."""
    try:
        with transaction.atomic():
            export = Export.objects.create(user=user)
            nudge(BUILD_EXPORT, str(export.pk), takes_long=True)
            return export
    except IntegrityError:
        return Export.objects.unfinished().filter(user=user).first()


def has_enough(user: User) -> bool:
    """Whether the person has as many archives to download as one may have."""
    return Export.objects.downloadable().filter(user=user).count() >= MOST_READY


def build(export_id: UUID) -> None:
    """Write slices until the archive is whole or the time of a task is over; then another task goes on."""
    export = _claim(export_id)
    ends_at = time.monotonic() + WORKING_S
    while export is not None and export.state == Export.State.BUILDING:
        if time.monotonic() > ends_at:
            Export.objects.unfinished().filter(pk=export_id, slices=export.slices).update(due_at=timezone.now())
            nudge(BUILD_EXPORT, str(export_id), takes_long=True)
            return
        if not write_slice(export):
            return
        export = Export.objects.select_related("user").filter(pk=export_id).first()


def write_slice(export: Export) -> bool:
    """The next slice; False when somebody else wrote it, or the export is gone."""
    if export.stage == Export.Stage.SEAL:
        return _seal(export)
    slice = STAGES[export.stage](export.user, export.cursor)
    stage = export.stage if slice.cursor else _STAGES[_STAGES.index(Export.Stage(export.stage)) + 1]
    with transaction.atomic():
        is_mine = _mine(export).update(
            stage=stage, cursor=slice.cursor, slices=F("slices") + 1, tries=0, due_at=timezone.now() + LEASE,
            pictures=F("pictures") + len(slice.pictures), missing=F("missing") + slice.missing,
        )  # fmt: skip
        if is_mine:
            _write(export, slice)
    return bool(is_mine)


def sweep() -> None:
    """Have a worker take up what nobody works on."""
    for export_id in overdue.take(Export.objects.unfinished(), patience=LOST_NUDGE_AGE):
        nudge(BUILD_EXPORT, str(export_id), takes_long=True)


def prune() -> int:
    """Delete the archives whose time is over; how many."""
    now = timezone.now()
    old = [
        *Export.objects.filter(state=Export.State.READY, expires_at__lte=now).values_list("pk", flat=True),
        *Export.objects.filter(state=Export.State.FAILED, created_at__lte=now - FAILED_LASTS).values_list(
            "pk", flat=True
        ),
    ]
    for export_id in old:
        drop(export_id)
    return len(old)


def drop(export_id: UUID) -> None:
    """Delete one archive with all its rows, a few at a time. Nobody finds it from the first moment on."""
    Export.objects.filter(pk=export_id).update(state=Export.State.FAILED)
    files = ExportFile.objects.filter(export=export_id)
    while ids := list(files.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        ExportPiece.objects.filter(file__in=ids)._raw_delete("default")
        ExportFile.objects.filter(pk__in=ids)._raw_delete("default")
    Export.objects.filter(pk=export_id).delete()


def page(export: Export, after: int) -> list[ExportFile]:
    """Some files of an archive in their order: those behind number `after`."""
    return list(ExportFile.objects.filter(export=export, number__gt=after).order_by("number")[:ROWS_AT_ONCE])


def entry(file: ExportFile) -> zip_format.Entry:
    method = zip_format.STORED if file.source else zip_format.DEFLATED
    return zip_format.Entry(file.path, method, file.crc, file.size, file.packed, file.modified_at)


def _claim(export_id: UUID) -> Export | None:
    """The export, for whoever was first; None when another one has it, or it failed too often."""
    now = timezone.now()
    due = Export.objects.unfinished().filter(pk=export_id, due_at__lte=now)
    if due.filter(tries__gte=MOST_TRIES).update(state=Export.State.FAILED):
        logger.error("export %s was given up after %d tries", export_id, MOST_TRIES)
        return None
    if not due.update(due_at=now + LEASE, tries=F("tries") + 1):
        return None
    return Export.objects.select_related("user").filter(pk=export_id).first()


def _mine(export: Export) -> "QuerySet[Export]":
    return Export.objects.unfinished().filter(pk=export.pk, slices=export.slices)


def _write(export: Export, slice: Slice) -> None:
    number = ExportFile.objects.filter(export=export).aggregate(last=Max("number"))["last"] or 0
    for path, data in slice.texts:
        file, is_new = ExportFile.objects.get_or_create(export=export, path=path, defaults={"number": number + 1})
        number += is_new
        _append(file, data, export.slices)
    ExportFile.objects.bulk_create(
        _picture(export, number + place, picture) for place, picture in enumerate(slice.pictures, start=1)
    )


def _picture(export: Export, number: int, picture: Picture) -> ExportFile:
    return ExportFile(
        export=export, number=number, path=picture.path, source=picture.source, size=picture.size,
        packed=picture.size, crc=picture.crc, modified_at=picture.modified_at,
    )  # fmt: skip


def _append(file: ExportFile, data: bytes, number: int) -> None:
    """Add to a text. A flushed piece ends on a whole byte, so that the pieces are one stream."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
    ExportPiece.objects.create(file=file, number=number, body=body)
    file.crc, file.size, file.packed = zlib.crc32(data, file.crc), file.size + len(data), file.packed + len(body)
    file.save(update_fields=["crc", "size", "packed"])


@transaction.atomic
def _seal(export: Export) -> bool:
    """Everything is in: end the texts, count the bytes, tell the person."""
    now = timezone.now()
    texts = ExportFile.objects.filter(export=export, source="")
    ends = [ExportPiece(file=file, number=export.slices, body=zip_format.FINAL_BLOCK) for file in texts]
    is_mine = _mine(export).update(
        state=Export.State.READY, slices=F("slices") + 1, ready_at=now, expires_at=now + LASTS, bytes=0
    )
    if not is_mine:
        return False
    ExportPiece.objects.bulk_create(ends)
    texts.update(packed=F("packed") + len(zip_format.FINAL_BLOCK))
    Export.objects.filter(pk=export.pk).update(bytes=_size(export))
    page = f"{settings.PUBLIC_URL}/accounts/data/"
    told = {"page": page, "days": LASTS.days}
    mails.send(export.user.email, "export_ready", told, key=f"export:{export.pk}")
    return True


def _size(export: Export) -> int:
    """Bytes of the whole archive."""
    offset = table = count = after = 0
    while files := page(export, after):
        for each in map(entry, files):
            table += len(zip_format.central_header(each, offset))
            offset += len(zip_format.local_header(each)) + each.packed
            count += 1
        after = files[-1].number
    return offset + table + len(zip_format.ending(count, table, offset))
