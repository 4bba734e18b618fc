"""The rows of trial credits: who had them, how many were given to a network and in a day, and which mail hosts are
throw-away. `krea_site.trial` and `krea_site.mail_hosts` write them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class TrialGrant(models.Model):
    """Whether one verified address got the trial credits, decided once.

    It outlives the account: `user` is then empty, and the keyed hash of the address is what stays, so that the trial is
    not given twice. Nobody reads an address or a network out of it.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        GIVEN = "given"
        REFUSED = "refused"

    class Reason(models.TextChoices):
        """Why there are none, as the person is told."""

        USED = "used", "Trial credits were given for this e-mail address before, and they are given once."
        THROW_AWAY = (
            "throw-away",
            "Trial credits are not given for throw-away e-mail addresses. Add and confirm another address to get them.",
        )
        NETWORK = "network", "Several people on your network got trial credits already, and each network has a limit."
        DAY = "day", "Today's trial credits have all been given."
        NONE = "none", "There are no trial credits at this time."

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="trial_grant"
    )
    address_digest = models.CharField(max_length=64, help_text="Keyed hash of the address, normalised.")
    network_digest = models.CharField(
        max_length=64, blank=True, help_text="Keyed hash of the network, where it is one."
    )
    is_throw_away = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now, help_text="When it is tried next, while it waits.")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["address_digest"], name="trial_once_per_address", condition=Q(state="given")
            ),
            models.CheckConstraint(
                name="trial_decided_or_waiting",
                condition=Q(state="waiting", decided_at__isnull=True)
                | ~Q(state="waiting") & Q(decided_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="trial_due", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"trial {self.pk} {self.state}"


class TrialCount(models.Model):
    """How many trials one counter has used, such as `day:2026-11-21` or `network:2026-11:<hash>`."""

    name = models.CharField(max_length=100, primary_key=True)
    used = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="trial_count_age")]

    def __str__(self) -> str:
        return f"{self.name}: {self.used}"


class MailHostQuerySet(models.QuerySet["MailHost"]):
    def listed(self) -> "MailHostQuerySet":
        return self.filter(removed_at=None)


class MailHost(models.Model):
    """A host of throw-away addresses; its sub-domains count too. One that the operator took off the list stays as a
    row, so that the list that comes with the site does not bring it back."""

    host = models.CharField(max_length=253, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["MailHost"]] = MailHostQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(name="mail_host_is_no_address", condition=~Q(host__contains="@"))]

    def __str__(self) -> str:
        return self.host
