"""Webhooks: where partners want to be told, and every telling with its tries. What happens to them is told in
`partners.webhooks`."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from uuid_utils.compat import uuid7


class Topic(models.TextChoices):
    """What can be told."""

    GENERATION_FINISHED = "generation.finished"
    GENERATION_UPDATED = "generation.updated"
    BALANCE_LOW = "balance.low"
    TEST = "test"


class Listener(models.Model):
    """An account that is told something: up to which of its events deliveries were written, and what is its own."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="listener")
    fanned_seq = models.BigIntegerField(help_text="Deliveries are written for every event up to this one.")
    secret = models.CharField(max_length=300, help_text="Sealed; signs what goes to the webhook_url of an order.")
    old_secret = models.CharField(max_length=300, blank=True)
    old_secret_ends_at = models.DateTimeField(null=True)
    low_below = models.BigIntegerField(null=True, help_text="In 1/100 credit: balance.low is told when less is left.")
    is_low = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"listener {self.user_id}"


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def of(self, user: Any) -> "EndpointQuerySet":
        return self.filter(user=user)

    def enabled(self) -> "EndpointQuerySet":
        return self.filter(disabled_at=None)


class Endpoint(models.Model):
    """An address that is told of every event of its topics."""

    class Cause(models.TextChoices):
        """Why an endpoint is disabled."""

        OWNER = "owner"
        FAILING = "failing"
        GONE = "gone"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="endpoints")
    url = models.CharField(max_length=2048)
    topics = models.JSONField(default=list)
    secret = models.CharField(max_length=300, help_text="Sealed.")
    old_secret = models.CharField(max_length=300, blank=True, help_text="Sealed; signs beside the new one for a while.")
    old_secret_ends_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True, help_text="The first failure since the last success.")
    disabled_at = models.DateTimeField(null=True)
    disabled_cause = models.CharField(max_length=16, blank=True, choices=Cause.choices)
    created_at = models.DateTimeField(default=timezone.now)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="endpoint_recent")]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> "DeliveryQuerySet":
        """What may be tried now. Whatever waits for a disabled endpoint is not, nor that of an account that nobody may
        log in to, nor what has to be told after something else: what an order's own address hears comes in the order in
        which it happened."""
        listening = Q(endpoint=None) | Q(endpoint__disabled_at=None)
        same = Delivery.objects.filter(object_id=OuterRef("object_id"), url=OuterRef("url"), outcome="", endpoint=None)
        before = same.filter(Q(seq__lt=OuterRef("seq")) | Q(seq=OuterRef("seq"), id__lt=OuterRef("id")))
        in_turn = ~Exists(before) | ~Q(endpoint=None)
        return self.filter(listening, in_turn, outcome="", due_at__lte=now, user__is_active=True)


class Delivery(models.Model):
    """One telling to one address. Who moves `due_at` forward has it until then; nobody else tries it meanwhile."""

    class Outcome(models.TextChoices):
        DELIVERED = "delivered"
        GIVEN_UP = "given_up"
        DROPPED = "dropped"  # there was nothing to tell any more

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.CASCADE, related_name="deliveries")
    url = models.CharField(max_length=2048, blank=True, help_text="Of an order's own address; else the endpoint's.")
    receiver = models.CharField(max_length=120, help_text="Who is called: so many at once for each.")
    topic = models.CharField(max_length=32, choices=Topic.choices)
    dialect = models.CharField(max_length=16, blank=True, help_text="In whose words it is told; ours when empty.")
    name = models.CharField(max_length=80, blank=True, help_text="What a dialect calls it, if it tells several things.")
    object_id = models.UUIDField(null=True)
    seq = models.BigIntegerField(null=True, help_text="Of the event that it tells of.")
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    tries_left = models.PositiveSmallIntegerField(default=10)
    outcome = models.CharField(max_length=16, blank=True, choices=Outcome.choices)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Delivery"]] = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "seq"], name="delivery_once_per_event"),
            models.UniqueConstraint(
                fields=["object_id", "topic", "name"], name="delivery_once_per_order", condition=Q(endpoint=None)
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(outcome="")),
            models.Index(fields=["endpoint", "-id"], name="delivery_recent"),
            models.Index(fields=["user", "-id"], name="delivery_of_user"),
            models.Index(fields=["created_at"], name="delivery_age"),
            models.Index(fields=["object_id"], name="delivery_of_object"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def status(self) -> str:
        """`waiting` (for its first or its next try), or how it ended."""
        return self.outcome or "waiting"


class DeliveryTry(models.Model):
    """One request and what was answered: the log that the partner reads."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    number = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    url = models.CharField(max_length=2048)
    request_headers = models.JSONField(default=dict)
    request_body = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer_headers = models.JSONField(default=dict)
    answer_body = models.TextField(blank=True)
    error = models.CharField(max_length=300, blank=True, help_text="Why it does not count as delivered.")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="delivery_try_once")]

    def __str__(self) -> str:
        return f"{self.delivery_id}/{self.number}"

    @property
    def took(self) -> timedelta | None:
        return self.ended_at - self.began_at if self.ended_at else None
