"""Checks that were asked for: each a row until it is done, so that a worker that dies leaves it to the next."""

from django.db import models
from django.utils import timezone


class CheckOrder(models.Model):
    """One audit or reconciliation that is to run, or runs; gone when it is done. There is one of a kind at a time, so
    that a button pressed twice is one run. Only `krea_site.check_orders` writes it.

    `due_at` is when a worker may take it up, and while one works it lies ahead. `since` and `next_day` are for fal:
    from which day on, and the first that is not compared yet."""

    class Kind(models.TextChoices):
        AUDIT = "audit", "Audit of the ledger"
        FAL = "fal", "Comparison with fal"
        STRIPE = "stripe", "Comparison with Stripe"

    kind = models.CharField(max_length=8, choices=Kind.choices, unique=True)
    since = models.DateField(null=True)
    next_day = models.DateField(null=True)
    asked_at = models.DateTimeField(default=timezone.now)
    begun_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(default=timezone.now)
    nudged_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.kind
