"""What partners write on their generations, and the answers kept for their retries.

Only `partners.idempotency` keeps answers.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from generations.models import Generation

from .keys import Key


class Order(models.Model):
    """What a partner wrote on a generation: under which key it was made, and words of their own."""

    generation = models.OneToOneField(Generation, primary_key=True, on_delete=models.CASCADE, related_name="order")
    key = models.ForeignKey(Key, null=True, on_delete=models.SET_NULL, related_name="orders")
    reference = models.CharField(max_length=200, null=True, db_index=True)
    metadata = models.JSONField(default=dict)
    webhook_url = models.CharField(max_length=2048, blank=True, help_text="Told when the generation is finished.")
    wire = models.JSONField(default=dict, help_text="What a dialect was told and has to say again.")

    def __str__(self) -> str:
        return str(self.generation_id)


class KeptAnswer(models.Model):
    """The answer to one Idempotency-Key, for a retry. `fingerprint` tells whether the retry asks for the same."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes, help_text="Sealed: an answer may hold a secret, and holds prompts.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once_per_key")]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.pk}"
