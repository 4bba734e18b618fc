"""What is sold for money: packs of credits, and plans that bring credits each month. Rows that the operator edits.

Money is in US cents, credits are in 1/100 credit.
"""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7


class Pack(models.Model):
    """So many credits for so many cents, once. A purchase pins both: an edit never reaches what is under way."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    cents = models.PositiveIntegerField()
    credits = models.BigIntegerField(help_text="In 1/100 credit, bonus included.")
    is_offered = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="pack_costs_and_brings_something", condition=Q(cents__gt=0, credits__gt=0)),
            models.UniqueConstraint(fields=["cents"], condition=Q(is_offered=True), name="pack_offered_once_a_price"),
        ]

    def __str__(self) -> str:
        return f"{self.credits // 100:,} credits for {self.cents} cents"


class Plan(models.Model):
    """So many credits each month for so many cents. Price and credits never change once Stripe knows the plan: another
    price is another row, and whoever subscribed to the old one keeps it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60)
    cents = models.PositiveIntegerField()
    credits = models.BigIntegerField(help_text="In 1/100 credit, a month.")
    is_offered = models.BooleanField(default=True)
    stripe_price = models.CharField(max_length=255, null=True, unique=True, help_text="Its price at Stripe, once made.")

    class Meta:
        constraints = [
            models.CheckConstraint(name="plan_costs_and_brings_something", condition=Q(cents__gt=0, credits__gt=0)),
            models.UniqueConstraint(fields=["cents"], condition=Q(is_offered=True), name="plan_offered_once_a_price"),
        ]

    def __str__(self) -> str:
        return self.name


class PlannedOffer(models.Model):
    """A change of what is sold that holds from a moment on: new terms of a pack or a plan, a new one where neither is
    named, or with `is_offered` only whether it is on offer. `billing.planned` carries it out once, when it is due;
    `problem` says why it could not. One that was withdrawn stays as a trace."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    is_plan = models.BooleanField()
    pack = models.ForeignKey(Pack, null=True, on_delete=models.PROTECT, related_name="planned")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="planned")
    cents = models.PositiveIntegerField(default=0)
    credits = models.BigIntegerField(default=0)
    name = models.CharField(max_length=60, blank=True)
    is_offered = models.BooleanField(null=True)
    holds_from = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="planned_offer_done_or_withdrawn", condition=Q(done_at__isnull=True) | Q(withdrawn_at__isnull=True)
            ),
            models.CheckConstraint(name="planned_offer_of_one", condition=Q(pack__isnull=True) | Q(plan__isnull=True)),
        ]
        indexes = [
            models.Index(
                fields=["holds_from"],
                name="planned_offer_due",
                condition=Q(done_at__isnull=True, withdrawn_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"from {self.holds_from:%Y-%m-%d %H:%M}"
