"""What the watch has found wrong, from when until when, and when staff was told. `krea_site.watch` writes it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> "AlertQuerySet":
        return self.filter(ended_at=None)

    def over(self) -> "AlertQuerySet":
        return self.exclude(ended_at=None)


class Alert(models.Model):
    """One time that one thing was wrong. `name` is a key of `krea_site.watch.kinds.KINDS`; `subject` tells apart what
    can be wrong several times at once, such as an image model or a machine, and is empty elsewhere.

    `mailed_at` is when staff was told that it is so, `end_mailed_at` that it is over. Acknowledging changes nothing
    but what is shown: somebody knows, and said why it may stay.
    """

    class Severity(models.TextChoices):
        CRITICAL = "critical"
        WARNING = "warning"

    title = ""  # what its kind is called; `krea_site.watch.open_alerts` fills it in

    name = models.CharField(max_length=40)
    subject = models.CharField(max_length=100, blank=True)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    words = models.CharField(max_length=500)
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="When it was last found to be so.")
    ended_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    end_mailed_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=100, blank=True, help_text="Such as staff:4.")
    acknowledged_why = models.CharField(max_length=300, blank=True)

    objects: ClassVar[models.Manager["Alert"]] = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "subject"], name="alert_open_once", condition=Q(ended_at=None)),
        ]
        indexes = [
            models.Index(fields=["name", "subject", "-id"], name="alert_of_a_kind"),
            models.Index(fields=["-ended_at"], name="alert_over", condition=Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}".rstrip()
