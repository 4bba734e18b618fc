"""What staff did with pictures: those drawn again, and acts on many generations at once.

`krea_site.retries` writes the first, `krea_site.bulk_acts` the second.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from generations.models import Generation, Image

RETRY = "retry:"  # before the id of one: its name in the ledger, and the wish of what is drawn again


class BulkActQuerySet(models.QuerySet["BulkAct"]):
    def unfinished(self) -> "BulkActQuerySet":
        return self.filter(finished_at=None)


class BulkAct(models.Model):
    """One act on many generations: those of `ids`, or all of `filter` that were ordered up to `newest`.

    It walks from the newest to the oldest; `last` is the one that it did last, and moves in the transaction of what is
    done to it. `due_at` says when it is taken up next; whoever moves it forward has the act until then.
    """

    class What(models.TextChoices):
        RETRY = "retry"
        CANCEL = "cancel"
        REFUND = "refund"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    what = models.CharField(max_length=8, choices=What.choices)
    at_house_cost = models.BooleanField(default=False, help_text="Of a retry: whether the house pays for it.")
    filter = models.JSONField(default=dict, help_text="As the address of the list has it; empty: those of `ids`.")
    ids = models.JSONField(default=list)
    newest = models.UUIDField(help_text="What was ordered later is left out.")
    last = models.UUIDField(null=True)
    counted = models.PositiveIntegerField(help_text="How many generations there were when it was asked for.")
    why = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seen = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0, help_text="Generations of which something was to be done.")
    images = models.PositiveIntegerField(default=0)
    amount = models.BigIntegerField(default=0, help_text="Given back, or given for drawing again; in 1/100 credit.")
    refused = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    nudged_at = models.DateTimeField(null=True, help_text="When the sweep last asked a worker to take it up.")
    created_at = models.DateTimeField(default=timezone.now)
    stopped_at = models.DateTimeField(null=True, help_text="When somebody asked that it stop.")
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["BulkAct"]] = BulkActQuerySet.as_manager()

    class Meta:
        verbose_name = "act on many"
        indexes = [models.Index(fields=["due_at"], name="bulk_act_due", condition=Q(finished_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.what} {self.id}"

    @property
    def state(self) -> str:
        if self.finished_at is None:
            return "stopping" if self.stopped_at else "running"
        return "stopped" if self.stopped_at else "done"


class BulkRefusal(models.Model):
    """One generation with which an act on many could not do what it was to, and why."""

    act = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="refusals")
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="+", db_index=False)
    words = models.CharField(max_length=300)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["act", "generation"], name="bulk_refusal_once")]

    def __str__(self) -> str:
        return f"{self.act_id} {self.generation_id}"


class Retry(models.Model):
    """Images of one generation, drawn again by staff as another one of the same customer. With `amount` the house gave
    its price first (`retry:<id>` in the ledger); else the customer paid."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    first = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="retries")
    again = models.OneToOneField(Generation, on_delete=models.CASCADE, related_name="retry_of")
    at_house_cost = models.BooleanField()
    amount = models.BigIntegerField(default=0, help_text="Given by the house, in 1/100 credit.")
    why = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    bulk = models.ForeignKey(BulkAct, null=True, on_delete=models.SET_NULL, related_name="retries")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def key(self) -> str:
        return f"{RETRY}{self.id}"


class RetriedImage(models.Model):
    """An image is drawn again once; what fails again is drawn again from there."""

    image = models.OneToOneField(Image, on_delete=models.CASCADE, related_name="retried")
    retry = models.ForeignKey(Retry, on_delete=models.CASCADE, related_name="images")

    def __str__(self) -> str:
        return str(self.image_id)
