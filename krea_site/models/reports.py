"""What people report about pictures. `krea_site.reports` writes and closes them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7


class Reason(models.TextChoices):
    """Why a picture is reported; the order is that of the form."""

    PERSON = "person", "It shows me or somebody else without consent"
    MINOR = "minor", "It sexualises a minor"
    RIGHTS = "rights", "It infringes a copyright or a trade mark"
    DECEPTION = "deception", "It is made to deceive, such as a false news picture"
    VIOLENCE = "violence", "It threatens, harasses or glorifies violence"
    OTHER = "other", "Something else"


class Decision(models.TextChoices):
    """What became of a report."""

    DISMISSED = "dismissed", "Nothing was done"
    TAKEN_DOWN = "taken_down", "The picture was taken down"


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> "ReportQuerySet":
        return self.filter(closed_at=None)

    def closed(self) -> "ReportQuerySet":
        return self.exclude(closed_at=None)


class Report(models.Model):
    """One report. It is open until somebody decides; `claimed_by` is who looks into it meanwhile."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    picture = models.CharField(max_length=500, help_text="Its address or id, as it was given.")
    image_id = models.UUIDField(null=True, help_text="The id within; whether there is such an image is not said.")
    reason = models.CharField(max_length=16, choices=Reason.choices)
    details = models.TextField(blank=True)
    email = models.EmailField(blank=True, help_text="Of who reported, where they gave it.")
    # One of the few reports that a network may send in an hour: taken by the insert, forgotten after a day.
    slot = models.CharField(max_length=80, null=True, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    done = models.TextField(blank=True, help_text="What was done about it, or why nothing was.")
    decision = models.CharField(max_length=12, null=True, choices=Decision.choices, help_text="Once it is closed.")
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    claimed_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Report"]] = ReportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["id"], name="report_open", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return str(self.id)
