"""What the status page shows of days that are over."""

from django.db import models


class StatusDay(models.Model):
    """The pictures that were asked for on one day (UTC): counted once it is over, so that no page counts them again."""

    day = models.DateField(primary_key=True)
    stored = models.PositiveIntegerField()
    failed = models.PositiveIntegerField(help_text="Without those that were blocked or cancelled.")
    median_s = models.FloatField(null=True, help_text="Seconds from the order to the stored picture.")
    p95_s = models.FloatField(null=True)

    def __str__(self) -> str:
        return self.day.isoformat()
