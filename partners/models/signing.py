"""The keys that sign webhooks whose receivers check them by a published key."""

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class SigningKey(models.Model):
    """A pair of Ed25519 keys. Only `partners.signing_keys` makes, publishes and drops them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    public = models.CharField(max_length=64, help_text="32 bytes in base64url, as a JWKS has them.")
    private = models.CharField(max_length=300, help_text="Sealed.")
    created_at = models.DateTimeField(default=timezone.now)
    signs_from = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return str(self.id)
