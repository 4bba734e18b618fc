"""The rows of mails: each is written down before it is sent, so that no process can lose one.

`krea_site.mails.post` sends them and is the one place that changes their state.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7


class MailQuerySet(models.QuerySet["Mail"]):
    def waiting(self) -> "MailQuerySet":
        return self.filter(sent_at=None, given_up_at=None)

    def sent(self) -> "MailQuerySet":
        return self.exclude(sent_at=None)

    def given_up(self) -> "MailQuerySet":
        return self.exclude(given_up_at=None)

    def newest_first(self) -> "MailQuerySet":
        return self.order_by("-id")


class Mail(models.Model):
    """One mail to one address. It waits, or it was sent, or it was given up; `due_at` says when it is tried next,
    and whoever moves it forward has the mail until then. The body is a secret: it may hold a link that logs in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=200, null=True, unique=True, help_text="Said twice, mailed once.")
    kind = models.CharField(max_length=100, blank=True, help_text="The template that it was made from.")
    to = models.EmailField()
    subject = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    nudged_at = models.DateTimeField(default=timezone.now, help_text="When a worker was last asked to send it.")
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True, help_text="What went wrong last, in words.")

    objects: ClassVar[models.Manager["Mail"]] = MailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="mail_sent_or_given_up", condition=Q(sent_at__isnull=True) | Q(given_up_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="mail_due", condition=Q(sent_at__isnull=True, given_up_at__isnull=True)
            ),
            models.Index(fields=["-id"], name="mail_given_up", condition=Q(given_up_at__isnull=False)),
            models.Index(fields=["created_at"], name="mail_age"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def state(self) -> str:
        """`waiting`, `sent` or `failed`."""
        if self.sent_at:
            return "sent"
        return "failed" if self.given_up_at else "waiting"


class MailTry(models.Model):
    """One attempt to hand a mail to the server. Without an end, the process died in it or is at it still: then nobody
    knows whether the server has the mail."""

    mail = models.ForeignKey(Mail, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True, help_text="Empty: the server took it.")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["mail", "number"], name="mail_try_once")]

    def __str__(self) -> str:
        return f"{self.mail_id} #{self.number}"
