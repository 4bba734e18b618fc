"""The row of a takedown: a picture that is being removed for good, and how far that is."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from .reports import Reason


class TakedownQuerySet(models.QuerySet["Takedown"]):
    def unfinished(self) -> "TakedownQuerySet":
        return self.filter(finished_at=None)


class Takedown(models.Model):
    """One picture, and where `is_for_all` every other image that has the same file. `step` is what is done next. What
    stays as evidence is the id, the hash and why; the picture does not."""

    class Step(models.TextChoices):
        """In their order."""

        IMAGES = "images"
        FILES = "files"
        FAL = "fal"
        DONE = "done"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    image_id = models.UUIDField(unique=True)
    owner_id = models.BigIntegerField(help_text="Whose picture it was.")
    sha256 = models.CharField(max_length=64)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    why = models.CharField(max_length=300)
    is_for_all = models.BooleanField()
    taken = models.PositiveIntegerField(default=0, help_text="How many images were emptied.")
    uploads = models.PositiveIntegerField(default=0, help_text="How many references and kept files went.")
    names = models.JSONField(default=list, help_text="The stored files.")
    requests = models.JSONField(default=list, help_text="fal's ids of what is erased there.")
    step = models.CharField(max_length=8, choices=Step.choices, default=Step.IMAGES)
    due_at = models.DateTimeField(default=timezone.now)
    nudged_at = models.DateTimeField(null=True, help_text="When the sweep last asked a worker to take it up.")
    tries = models.PositiveIntegerField(default=0, help_text="Since the last step; many are a sign of trouble.")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Takedown"]] = TakedownQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="takedown_due", condition=Q(finished_at__isnull=True))]

    def __str__(self) -> str:
        return f"takedown {self.image_id} {self.step}"
