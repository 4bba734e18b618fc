"""What is to be erased at fal, and what is not to come back here."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7


class FalErasureQuerySet(models.QuerySet["FalErasure"]):
    def waiting(self) -> "FalErasureQuerySet":
        return self.filter(gone_at=None, given_up_at=None)

    def given_up(self) -> "FalErasureQuerySet":
        return self.exclude(given_up_at=None)


class FalErasure(models.Model):
    """One request of ours at fal, whose input, output and files are to go there. It waits until fal says that they are
    gone, or until its last try; staff may have it tried again. Only `generations.fal_erasures` writes it."""

    class Cause(models.TextChoices):
        DELETED = "deleted", "deleted by its owner"
        TAKEN_DOWN = "taken_down", "taken down"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request_id = models.CharField(max_length=100, unique=True)
    cause = models.CharField(max_length=16, choices=Cause.choices)
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now, help_text="When it is tried next, while it waits.")
    nudged_at = models.DateTimeField(null=True, help_text="When the sweep last asked a worker to take it up.")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, help_text="Why the last try did not do it.")
    gone_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["FalErasure"]] = FalErasureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="fal_erasure_gone_or_given_up", condition=Q(gone_at=None) | Q(given_up_at=None)
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="fal_erasure_due", condition=Q(gone_at__isnull=True, given_up_at__isnull=True)
            ),
            models.Index(fields=["given_up_at"], name="fal_erasure_failed", condition=Q(given_up_at__isnull=False)),
            models.Index(fields=["gone_at"], name="fal_erasure_gone", condition=Q(gone_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.request_id


class BannedFile(models.Model):
    """A stored file that was taken down: this user, or nobody at all, is to have it again. Told in
    `generations/banned.py`."""

    name = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True, help_text="Whose it may not be; empty: anybody's.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "user_id"], name="banned_file_once"),
            models.UniqueConstraint(fields=["name"], name="banned_for_all_once", condition=Q(user_id__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.name
