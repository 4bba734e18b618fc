"""What came of comparing the records of an outside party with ours."""

from django.db import models


class Reconciliation(models.Model):
    """One run. `ended_at` stays None where it broke off; the next one begins where the last whole one did.

    Cents are net of tax, of the payments of the period: what Stripe's objects say, and what the book `sales` says.
    """

    class Kind(models.TextChoices):
        STRIPE = "stripe"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    since = models.DateTimeField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    compared = models.PositiveIntegerField(default=0, help_text="Payments that were held against ours.")
    mended = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0, help_text="What it could not mend.")
    findings = models.JSONField(default=list, help_text="The first of both, for the eye; ids only.")
    stripe_cents = models.BigIntegerField(default=0)
    book_cents = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["kind", "-began_at"], name="reconciliation_recent")]

    def __str__(self) -> str:
        return f"{self.kind} since {self.since:%Y-%m-%d}, begun {self.began_at:%Y-%m-%d %H:%M}"
