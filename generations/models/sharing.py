"""What an owner shows to others."""

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from .road import Image, Status


def new_share_token() -> str:
    return secrets.token_urlsafe(18)


class ShareQuerySet(models.QuerySet["Share"]):
    def of(self, user: Any) -> "ShareQuerySet":
        return self.filter(user=user)

    def standing(self) -> "ShareQuerySet":
        """Neither revoked nor past their end, of a picture that is there or may come back from the bin."""
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
            revoked_at=None,
            image__erased_at=None,
            image__generation__deleted_at=None,
        )

    def living(self) -> "ShareQuerySet":
        """Those that show their picture at this moment."""
        rows = self.standing().filter(user__is_active=True, image__status=Status.STORED, image__binned_at=None)
        return rows.exclude(image__name="")


class Share(models.Model):
    """A link by which anybody sees one picture, until it expires or its owner revokes it.

    The token itself is kept, not its hash: owners copy their links again and again. It opens nothing but a picture that
    was handed to others, and has 144 random bits, so that it cannot be guessed or searched for.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="shares")
    token = models.CharField(max_length=32, unique=True, default=new_share_token)
    shows_prompt = models.BooleanField(default=False)
    shows_settings = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Share"]] = ShareQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        return f"/s/{self.token}/"

    @property
    def address(self) -> str:
        """What is handed to others, with the host that the world sees."""
        return settings.PUBLIC_URL + self.get_absolute_url()

    @property
    def has_ended(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_standing(self) -> bool:
        """As `ShareQuerySet.standing`, of a row that came with its image and generation."""
        is_there = self.image.erased_at is None and self.image.generation.deleted_at is None
        return is_there and self.revoked_at is None and not self.has_ended
