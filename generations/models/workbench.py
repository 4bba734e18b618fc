"""What the studio keeps for somebody between two visits."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class Draft(models.Model):
    """The studio's form as it stands, one for each user; `typed` is flat text by the form's dotted names. `version`
    counts every change, so that two devices notice each other; `page` is the page that saved last, and `turn` which of
    its own saves that was. `aside` is the draft that gave way to another. Told in `generations/drafts.py`."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="draft")
    typed = models.JSONField(default=dict)
    aside = models.JSONField(default=dict)
    version = models.BigIntegerField(default=0)
    page = models.CharField(max_length=48, blank=True)
    turn = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"draft of {self.user_id}"


class SavedLora(models.Model):
    """A LoRA that its owner wants at hand: a name for its address, and the scale that suits it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_loras")
    name = models.CharField(max_length=60)
    path = models.CharField(max_length=4096)
    scale = models.FloatField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_lora_name_once")]

    def __str__(self) -> str:
        return str(self.id)
