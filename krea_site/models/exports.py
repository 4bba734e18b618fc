"""The rows of an export: one archive of all that the site keeps of a person.

The archive is never stored as such. Its texts are pieces in these rows, its pictures are the files that are there
anyway; sizes and checksums are known before the first byte is sent, so that it is put together while it is read.
`krea_site.exports` writes them.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7


class ExportQuerySet(models.QuerySet["Export"]):
    def unfinished(self) -> "ExportQuerySet":
        return self.filter(state=Export.State.BUILDING)

    def downloadable(self) -> "ExportQuerySet":
        return self.filter(state=Export.State.READY, expires_at__gt=timezone.now())


class Export(models.Model):
    """One archive. While it is built, `stage` and `cursor` say how far it is, and whoever moves them forward has
    written the slice between; `due_at` says from when another worker may take it up."""

    class State(models.TextChoices):
        BUILDING = "building"
        READY = "ready"
        FAILED = "failed"

    class Stage(models.TextChoices):
        """The parts of an archive, in their order."""

        ACCOUNT = "account"
        STATEMENT = "statement"
        GENERATIONS = "generations"
        REFERENCES = "references"
        SEAL = "seal"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports")
    state = models.CharField(max_length=8, choices=State.choices, default=State.BUILDING)
    stage = models.CharField(max_length=16, choices=Stage.choices, default=Stage.ACCOUNT)
    cursor = models.CharField(max_length=64, blank=True, help_text="The last row of this stage that is in.")
    slices = models.PositiveIntegerField(default=0, help_text="How many were written; the next writer names this one.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Since the last slice.")
    due_at = models.DateTimeField(default=timezone.now)
    nudged_at = models.DateTimeField(null=True, help_text="When the sweep last asked a worker to take it up.")
    pictures = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0, help_text="Pictures whose file is lost.")
    bytes = models.BigIntegerField(null=True, help_text="Of the whole archive, once it is ready.")
    created_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Export"]] = ExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], name="export_one_at_a_time", condition=Q(state="building")),
            models.CheckConstraint(
                name="export_ready_is_whole",
                condition=~Q(state="ready") | Q(bytes__isnull=False, ready_at__isnull=False, expires_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="export_due", condition=Q(state="building")),
            models.Index(fields=["user", "-id"], name="export_recent"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_downloadable(self) -> bool:
        return self.state == self.State.READY and self.expires_at is not None and self.expires_at > timezone.now()

    @property
    def address(self) -> str:
        """Where its owner reads it: outside of Django, see `krea_site.export_door`."""
        return f"/accounts/data/{self.id}.zip"


class ExportFile(models.Model):
    """One file of the archive. `source` names a stored picture; a text has none and is the sum of its pieces."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="files")
    number = models.PositiveIntegerField()
    path = models.CharField(max_length=300)
    source = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(default=0, help_text="Bytes, unpacked.")
    packed = models.BigIntegerField(default=0, help_text="Bytes in the archive.")
    crc = models.BigIntegerField(default=0)
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["export", "number"], name="export_file_number_once"),
            models.UniqueConstraint(fields=["export", "path"], name="export_file_path_once"),
        ]

    def __str__(self) -> str:
        return self.path


class ExportPiece(models.Model):
    """Some bytes of a text, packed: the pieces of a file, one after another, are one stream of raw deflate."""

    file = models.ForeignKey(ExportFile, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="export_piece_once")]

    def __str__(self) -> str:
        return f"{self.file_id} #{self.number}"
