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
