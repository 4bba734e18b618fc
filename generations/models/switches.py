"""What staff can switch off while the site stays up, the times in which sending was stopped, and notices to everybody.

Only `generations.switches` and `generations.pauses` write these rows.
"""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Switch(models.Model):
    """An image model by its id, or one of `generations.switches.OF_THE_SITE`; there is a row once it was switched.
    `notice` is for customers. With `gives_back`, what waits for an image model that is off is canceled and not drawn.
    `version` counts the changes: a form says which one it saw."""

    name = models.CharField(max_length=80, primary_key=True)
    off_at = models.DateTimeField(null=True)
    notice = models.CharField(max_length=300, blank=True)
    gives_back = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="switch_gives_back_while_off", condition=Q(gives_back=False) | Q(off_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {'off' if self.off_at else 'on'}"


class Pause(models.Model):
    """A time in which nothing was sent to fal because staff had stopped it; it counts towards nobody's wait."""

    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="pause_ends_after_it_began", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            )
        ]
        indexes = [models.Index(fields=["-since"], name="pause_recent")]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M} to {f'{self.until:%Y-%m-%d %H:%M}' if self.until else 'now'}"


class Announcement(models.Model):
    """A notice of maintenance, on every page from a moment until another. Rows are added; `ended_at`: taken away
    before its time."""

    text = models.CharField(max_length=500)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="announcement_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at")))
        ]
        indexes = [
            models.Index(fields=["ends_at"], name="announcement_to_come", condition=Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M}"
