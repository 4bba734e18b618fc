"""Refunds that staff asked for, on their way to Stripe. What came of each in the ledger is a Reversal, not this row."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from .payments import Purchase


class StaffRefund(models.Model):
    """One refund: one at Stripe at the most, since every try of it goes by one idempotency key (`refund:<id>`).

    Only `billing.refunds` writes it. A purchase has one under way at a time, so that two people who press at once give
    back once.
    """

    class Status(models.TextChoices):
        ASKED = "asked"
        SENT = "sent"  # put to Stripe; whether it has it is not known until it answers
        DONE = "done"  # Stripe has it, and so has the ledger
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="staff_refunds")
    cents = models.PositiveIntegerField()
    reason = models.CharField(max_length=300, help_text="Why, in the words of whoever asked.")
    actor = models.CharField(max_length=100)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ASKED)
    stripe_id = models.CharField(max_length=255, null=True, unique=True, help_text="Stripe's refund, once it has it.")
    error = models.CharField(max_length=500, default="", help_text="Stripe's words, or ours.")
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, help_text="When it is tried next; None once it is over.")
    nudged_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, help_text="When it was first put to Stripe.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="staff_refund_gives_something", condition=Q(cents__gt=0)),
            models.UniqueConstraint(
                fields=["purchase"], condition=Q(status__in=["asked", "sent"]), name="staff_refund_one_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="staff_refund_due", condition=Q(status__in=["asked", "sent"]))]

    def __str__(self) -> str:
        return f"refund {self.pk} {self.status}"
