"""What the operator wrote for terms, privacy, refunds and imprint. Versions are added, never edited."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class TextVersion(models.Model):
    """One version of one text; the highest number is what the page shows. Number 1 follows the draft that comes with
    the site, which is a file and no row."""

    slug = models.CharField(max_length=32)
    number = models.PositiveIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["slug", "number"], name="text_version_once")]

    def __str__(self) -> str:
        return f"{self.slug} {self.number}"
