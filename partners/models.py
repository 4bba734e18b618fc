"""The rows of partners: their keys, what they write on their generations, and the answers kept for their retries.

Only `partners.keys` makes and finds keys; only `partners.idempotency` keeps answers.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from generations.models import Generation


class Scope(models.TextChoices):
    """What a key may do."""

    GENERATIONS_WRITE = "generations:write"
    GENERATIONS_READ = "generations:read"
    BILLING_READ = "billing:read"
    WEBHOOKS_WRITE = "webhooks:write"


def every_scope() -> list[str]:
    return list(Scope.values)


class KeyQuerySet(models.QuerySet["Key"]):
    def of(self, user: Any) -> "KeyQuerySet":
        return self.filter(user=user)

    def valid(self) -> "KeyQuerySet":
        """Neither revoked nor expired, and of a user who may log in."""
        in_time = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(in_time, revoked_at=None, user__is_active=True)


class Key(models.Model):
    """A partner's secret, of which only the hash is kept; `prefix` is the beginning that pages may show."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret, in hexadecimal.")
    scopes = models.JSONField(default=every_scope)
    monthly_limit = models.BigIntegerField(null=True, help_text="In 1/100 credit; none when empty.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = KeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="key_limit_not_negative", condition=Q(monthly_limit__isnull=True) | Q(monthly_limit__gte=0)
            )
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="key_recent")]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def allows(self, scope: str) -> bool:
        return scope in self.scopes


class Order(models.Model):
    """What a partner wrote on a generation: under which key it was made, and words of their own."""

    generation = models.OneToOneField(Generation, primary_key=True, on_delete=models.CASCADE, related_name="order")
    key = models.ForeignKey(Key, null=True, on_delete=models.SET_NULL, related_name="orders")
    reference = models.CharField(max_length=200, null=True, db_index=True)
    metadata = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.generation_id)


class KeptAnswer(models.Model):
    """The answer to one Idempotency-Key, for a retry. `fingerprint` tells whether the retry asks for the same."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once_per_key")]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.pk}"
