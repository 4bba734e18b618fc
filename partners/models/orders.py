"""What partners write on their generations, and the answers kept for their retries.

Only `partners.idempotency` keeps answers.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from generations.models import Generation

from .keys import Key


class Order(models.Model):
    """What a partner wrote on a generation: under which key it was made, and words of their own."""

    generation = models.OneToOneField(Generation, primary_key=True, on_delete=models.CASCADE, related_name="order")
    key = models.ForeignKey(Key, null=True, on_delete=models.SET_NULL, related_name="orders")
    reference = models.CharField(max_length=200, null=True, db_index=True)
    metadata = models.JSONField(default=dict)
    webhook_url = models.CharField(max_length=2048, blank=True, help_text="Told when the generation is finished.")
    dialect = models.CharField(max_length=16, blank=True, help_text="In whose words it is told of; ours when empty.")
    wire = models.JSONField(default=dict, help_text="What a dialect was told and has to say again.")
    searched = models.TextField(blank=True, help_text="What a dialect's list finds it by, in small letters.")
    start_by = models.DateTimeField(null=True, help_text="What of it has not begun by then is canceled.")

    class Meta:
        indexes = [models.Index(fields=["start_by"], name="order_start", condition=Q(start_by__isnull=False))]

    def __str__(self) -> str:
        return str(self.generation_id)


class Tag(models.Model):
    """A word by which a dialect's list finds an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["order", "name"], name="tag_once_per_order")]

    def __str__(self) -> str:
        return str(self.pk)


class KeptAnswer(models.Model):
    """The answer to one Idempotency-Key, for a retry. `fingerprint` tells whether the retry asks for the same.

    Calls of the dialects that came without a key have a name of ours there, which no Idempotency-Key can be."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes, help_text="Sealed: an answer may hold a secret, and holds prompts.")
    ends_at = models.DateTimeField(help_text="Until then a retry gets it.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once_per_key")]
        indexes = [models.Index(fields=["ends_at"], name="kept_answer_end")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.pk}"
