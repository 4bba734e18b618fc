"""What the dashboard shows of hours, days and months, counted in the background: no page counts large tables."""

from django.db import models


class Figures(models.Model):
    """The figures of one period (UTC), as `krea_site.dashboard.counting` found them in the rows at `counted_at`.

    A row without `counted_at` was not counted yet. `due_at` is when it is counted next, None when nothing can change
    any more. Only `krea_site.dashboard.rollups` writes here."""

    class Period(models.TextChoices):
        HOUR = "hour"
        DAY = "day"
        MONTH = "month"

    period = models.CharField(max_length=5, choices=Period.choices)
    start = models.DateTimeField()
    values = models.JSONField(default=dict)
    counted_at = models.DateTimeField(null=True)
    took_ms = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["period", "start"], name="figures_once_a_period")]
        indexes = [models.Index(fields=["due_at"], name="figures_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.period} {self.start:%Y-%m-%d %H:%M}"
