"""How the books and the records of others were, each time that somebody looked: the audit and the reconciliations."""

from django.db import models
from django.utils import timezone


class CheckRun(models.Model):
    """One run of the ledger's audit, of `reconcile_fal` (Stripe's are billing's `Reconciliation`) or of `backup`.
    `left` counts what differs and was not mended, of a backup the files that it could not keep; `findings` has the
    first of them in words."""

    class Kind(models.TextChoices):
        AUDIT = "audit", "Audit of the ledger"
        FAL = "fal", "Comparison with fal"
        BACKUP = "backup", "Backup"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(default=timezone.now)
    left = models.PositiveIntegerField()
    findings = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["kind", "-ended_at"], name="check_run_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ended_at}"
