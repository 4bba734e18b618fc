"""What fal charges us, as fal says it and as our draws have it. Dollars are integers of 1/1,000,000 dollar."""

from django.db import models
from django.utils import timezone


class FalDay(models.Model):
    """One endpoint and day (UTC): fal's records beside ours. Only `generations.fal_days` writes it; comparing again
    replaces it. What fal did not tell (an ordinary key may not see money) is null.

    `our_microusd` are the costs of our draws of that day. `explained_microusd` is a remainder that a person looked
    into and found right: while the remainder is that, nothing of this day counts as left."""

    endpoint = models.CharField(max_length=100)
    day = models.DateField()
    fal_requests = models.PositiveIntegerField(null=True)
    fal_units_millionths = models.BigIntegerField(null=True)
    fal_unit = models.CharField(max_length=32, blank=True)
    fal_microusd = models.BigIntegerField(null=True)
    our_draws = models.PositiveIntegerField(default=0)
    our_units_millionths = models.BigIntegerField(default=0)
    our_microusd = models.BigIntegerField(default=0)
    mended = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=list)
    compared_at = models.DateTimeField(default=timezone.now)
    explained_microusd = models.BigIntegerField(null=True)
    explained_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "endpoint"], name="fal_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.endpoint}"

    @property
    def remainder_microusd(self) -> int | None:
        """What fal charges beyond the costs of our draws; negative where our draws say more."""
        return None if self.fal_microusd is None else self.fal_microusd - self.our_microusd

    @property
    def is_explained(self) -> bool:
        return self.explained_microusd is not None and self.explained_microusd == (self.remainder_microusd or 0)


class FalBalance(models.Model):
    """One row: what fal says is left of our money there, and how long it lasts. Only `generations.fal_balance` writes
    it. `refusal` says why fal does not tell."""

    amount_microusd = models.BigIntegerField(null=True)
    read_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(default=timezone.now)
    refusal = models.CharField(max_length=200, blank=True)
    burn_microusd = models.BigIntegerField(default=0, help_text="What our draws cost on a day, of the last seven.")

    def __str__(self) -> str:
        return f"{self.amount_microusd}"

    @property
    def days_left(self) -> int | None:
        """Whole days that it lasts at the present pace."""
        if self.amount_microusd is None or self.burn_microusd <= 0:
            return None
        return max(self.amount_microusd, 0) // self.burn_microusd
