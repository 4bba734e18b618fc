"""What staff does with people: credits that wait for a second word, and visits to the site in a customer's place."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7


class CreditRequest(models.Model):
    """Credits that somebody of the staff wants to give or take, and that somebody else has to confirm. Its id is that
    of the form it came from, so that a form sent twice is one. Only `credit_requests` (krea_site/dashboard/people)
    writes it; from WAITING it goes on once."""

    class State(models.TextChoices):
        WAITING = "waiting"
        CONFIRMED = "confirmed"
        REFUSED = "refused"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="credit_requests")
    takes = models.BooleanField(help_text="Take, instead of give.")
    amount = models.BigIntegerField(help_text="In 1/100 credit.")
    reason = models.CharField(max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True, help_text="Why it was confirmed or refused.")

    class Meta:
        constraints = [
            models.CheckConstraint(name="credit_request_of_something", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="credit_request_has_two", condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by"))
            ),
            models.CheckConstraint(
                name="credit_request_decided_or_waiting",
                condition=Q(state="waiting", decided_at=None) | ~Q(state="waiting") & Q(decided_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="credit_request_waiting", condition=Q(state="waiting")),
            models.Index(fields=["user", "-asked_at"], name="credit_request_of"),
        ]

    def __str__(self) -> str:
        return f"credit request {self.pk} {self.state}"


class Impersonation(models.Model):
    """One visit of staff in a customer's place: looking only, for half an hour at most. Only `krea_site.impersonation`
    writes it; `ended_at` is written once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="impersonations")
    began_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=300)

    class Meta:
        indexes = [
            models.Index(fields=["ends_at"], name="impersonation_open", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["user", "-began_at"], name="impersonation_of"),
        ]

    def __str__(self) -> str:
        return f"impersonation {self.pk}"
