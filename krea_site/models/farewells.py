"""The row of a farewell: an account that is being deleted, and how far it is. `krea_site.farewell` writes it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class FarewellQuerySet(models.QuerySet["Farewell"]):
    def unfinished(self) -> "FarewellQuerySet":
        return self.filter(finished_at=None)


class Farewell(models.Model):
    """One account on its way out. `step` is what is done next; only `krea_site.farewell` moves it, by an UPDATE that
    names the step it was in. `address` is kept until the last step, which needs it, and then emptied."""

    class Step(models.TextChoices):
        """In their order."""

        CANCEL = "cancel"
        STRIPE = "stripe"
        MONEY = "money"
        KEYS = "keys"
        PICTURES = "pictures"
        TRACES = "traces"
        PERSON = "person"
        MAILS = "mails"
        DONE = "done"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="farewell")
    step = models.CharField(max_length=16, choices=Step.choices, default=Step.CANCEL)
    address = models.EmailField(blank=True)
    forfeited = models.BigIntegerField(default=0, help_text="In 1/100 credit.")
    written_off = models.BigIntegerField(default=0, help_text="Debt, in 1/100 credit.")
    due_at = models.DateTimeField(default=timezone.now)
    nudged_at = models.DateTimeField(null=True, help_text="When the sweep last asked a worker to take it up.")
    tries = models.PositiveIntegerField(default=0, help_text="Since the last step; many are a sign of trouble.")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Farewell"]] = FarewellQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="farewell_done_forgets_the_address",
                condition=Q(finished_at__isnull=True) & ~Q(step="done")
                | Q(finished_at__isnull=False, step="done", address=""),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="farewell_due", condition=Q(finished_at__isnull=True))]

    def __str__(self) -> str:
        return f"farewell {self.pk} {self.step}"
