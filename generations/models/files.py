"""Files of any kind that programs put here for a while."""

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


def new_secret() -> str:
    return secrets.token_urlsafe(24)


class KeptFile(models.Model):
    """A file of any kind, for a day at most; whoever knows `secret` may read it. Promised first, with the bytes to
    come: until then `name`, that of the stored file, is empty. Told in `generations/kept_files.py`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    secret = models.CharField(max_length=48, unique=True, default=new_secret)
    file_name = models.CharField(max_length=120)
    name = models.CharField(max_length=200, blank=True)
    bytes = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["name"], name="kept_file_file")]

    def __str__(self) -> str:
        return str(self.id)
