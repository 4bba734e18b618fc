"""Keys: a partner's secrets. Only `partners.keys` makes and finds them."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7


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
    # The keys that came from each other by rotation: their limits are counted together.
    family = models.UUIDField(default=uuid7, editable=False, db_index=True)
    monthly_limit = models.BigIntegerField(null=True, help_text="In 1/100 credit; none when empty.")
    calls_a_minute = models.PositiveIntegerField(null=True, help_text="As API_CALLS_A_MINUTE when empty.")
    unfinished_limit = models.PositiveIntegerField(null=True, help_text="As API_UNFINISHED_IMAGES when empty.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    rotated_at = models.DateTimeField(null=True, help_text="Since when there is another in its place.")
    was_found = models.BooleanField(default=False, help_text="Revoked because somebody found it in public.")

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


class Bucket(models.Model):
    """How often somebody called: the moment (seconds since 1970) at which all calls are there again. Written by
    `partners.rate_limits` alone, and only where there is no Redis."""

    name = models.CharField(max_length=80, primary_key=True)
    full_at = models.FloatField(db_index=True)

    def __str__(self) -> str:
        return self.name
