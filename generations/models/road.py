"""The rows of the road: generations, images, draws, uploads, events. What happens to them is told in `lifecycle`.

Status changes go through `Image.step` and nowhere else.
"""

import secrets
from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from uuid_utils.compat import uuid7

from .. import catalogue, thumbnails
from ..brief import Brief
from ..catalogue import ImageModel
from ..thumbnails import ThumbnailName


class Status(models.TextChoices):
    """Where an image stands. Only `Image.step` changes it."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DRAWING = "drawing"
    STORING = "storing"
    STORED = "stored"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELED = "canceled"


TAKEN_DOWN = "taken_down"  # the error code of a picture that the operator removed for good
FINAL = frozenset({Status.STORED, Status.FAILED, Status.BLOCKED, Status.CANCELED})
AT_FAL = frozenset({Status.SENDING, Status.UNKNOWN, Status.DRAWING})

# From where an image may go where. What is missing here goes nowhere.
STEPS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.SENDING, Status.CANCELED, Status.FAILED}),
    Status.SENDING: frozenset(
        {Status.DRAWING, Status.STORING, Status.QUEUED, Status.UNKNOWN, Status.FAILED, Status.BLOCKED}
    ),
    Status.UNKNOWN: frozenset({Status.DRAWING, Status.STORING, Status.QUEUED, Status.FAILED}),
    Status.DRAWING: frozenset({Status.STORING, Status.QUEUED, Status.FAILED, Status.BLOCKED, Status.CANCELED}),
    Status.STORING: frozenset({Status.STORED, Status.QUEUED, Status.BLOCKED, Status.FAILED}),
}


def public_status(status: str) -> str:
    """The words of the API: what happens at fal is `running`."""
    return status if status in FINAL or status == Status.QUEUED else "running"


def origins(to: Status) -> list[Status]:
    return [origin for origin, targets in STEPS.items() if to in targets]


class Outcome(models.TextChoices):
    """How a generation ended."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELED = "canceled"


class OutputFormat(models.TextChoices):
    """In what format pictures are kept; where none is asked for, in that in which they come."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


class Customer(models.Model):
    """What generations keeps about a user: the event sequence, and what the operator allows."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="customer")
    seq = models.BigIntegerField(default=0)
    may_disable_safety_checker = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"customer {self.pk}"


class Upload(models.Model):
    """A style reference, verified and kept under its content's hash, for as long as it is used: see
    `generations.upkeep`. `used_at` is when it was last known to be used."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=32)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "sha256"], name="upload_once_per_user")]
        indexes = [
            models.Index(fields=["name"], name="upload_file"),
            models.Index(fields=["user", "-id"], name="upload_recent"),
            models.Index(fields=["used_at"], name="upload_age"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class GenerationQuerySet(models.QuerySet["Generation"]):
    def of(self, user: Any) -> "GenerationQuerySet":
        return self.filter(user=user, deleted_at=None)

    def running(self) -> "GenerationQuerySet":
        return self.filter(outcome=None)

    def newest_first(self) -> "GenerationQuerySet":
        return self.order_by("-id")


class Generation(models.Model):
    """One brief on its way. Its hold in the ledger is named by `key`; whoever brings `unfinished` to 0 settles it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="generations")
    image_model = models.CharField(max_length=64)
    input = models.JSONField(encoder=DjangoJSONEncoder)
    # The uploads that stand for the addresses in `input`, in the same order.
    references = models.JSONField(default=list)
    quantity = models.PositiveSmallIntegerField()
    output_format = models.CharField(max_length=8, blank=True, choices=OutputFormat.choices)
    image_price = models.BigIntegerField(help_text="In 1/100 credit.")
    image_cost_microusd = models.BigIntegerField(default=0)
    # The nonce and content of the form that wished for it: the same form sent twice is one generation.
    wish = models.CharField(max_length=120, null=True)
    trace = models.CharField(
        max_length=64, null=True, help_text="The id of the HTTP request that ordered it, as it stands in the log."
    )
    unfinished = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=16, null=True, choices=Outcome.choices)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True, help_text="Since when prompt and settings are gone too.")

    objects: ClassVar[models.Manager["Generation"]] = GenerationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "wish"], name="generation_one_per_wish"),
            models.CheckConstraint(
                name="generation_outcome_when_finished",
                condition=Q(outcome__isnull=True, finished_at__isnull=True)
                | Q(outcome__isnull=False, finished_at__isnull=False, unfinished=0),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="generation_recent"),
            models.Index(fields=["id"], name="generation_open", condition=Q(outcome__isnull=True)),
            models.Index(fields=["user"], name="generation_open_of_user", condition=Q(outcome__isnull=True)),
            models.Index(
                fields=["deleted_at"],
                name="generation_to_erase",
                condition=Q(deleted_at__isnull=False, erased_at__isnull=True),
            ),
            models.Index(fields=["image_model", "-id"], name="generation_of_model"),
            models.Index(
                fields=["outcome", "-id"],
                name="generation_not_succeeded",
                condition=Q(outcome__in=["partial", "failed", "blocked", "canceled"]),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        return f"/studio/generations/{self.id}/"

    @property
    def key(self) -> str:
        """The name of this generation's hold and of its one transfer in the ledger."""
        return f"generation:{self.id}"

    @property
    def model(self) -> ImageModel:
        return catalogue.get(self.image_model)

    @property
    def brief(self) -> Brief:
        """What was asked for, as a value again."""
        return Brief.read(self.image_model, self.input, self.quantity)

    @property
    def prompt(self) -> str:
        return str(self.input.get("prompt", ""))

    @property
    def quoted(self) -> int:
        return self.image_price * self.quantity

    @property
    def status(self) -> str:
        """`queued` while all images are, `running` until all are final, then the outcome."""
        if self.outcome:
            return self.outcome
        return "queued" if all(image.status == Status.QUEUED for image in self.images.all()) else "running"


class ImageQuerySet(models.QuerySet["Image"]):
    def queued(self) -> "ImageQuerySet":
        return self.filter(status=Status.QUEUED)

    def due(self) -> "ImageQuerySet":
        """Without those that were told to wait a while."""
        return self.filter(Q(not_before=None) | Q(not_before__lte=timezone.now()))

    def in_turn(self) -> "ImageQuerySet":
        return self.order_by("turn", "id")

    def kept(self) -> "ImageQuerySet":
        """Neither in the bin nor gone. Looks at no other row, so that an UPDATE may carry it as its condition."""
        return self.filter(binned_at=None, erased_at=None)

    def binned(self) -> "ImageQuerySet":
        """In the bin, and so not gone for good."""
        return self.filter(binned_at__isnull=False, erased_at=None)

    def change(self, **fields: Any) -> int:
        """UPDATE many, locked in the order of their ids: of two that overlap, one waits for the other."""
        with transaction.atomic():
            ids = list(self.select_for_update().order_by("id").values_list("pk", flat=True))
            return self.model._default_manager.filter(pk__in=ids).update(**fields)

    def in_gallery(self, user: Any) -> "ImageQuerySet":
        """A user's pictures as the history has them: the newest generation first, each in its own order. What is
        deleted with its generation is marked in the same transaction (generations/erasure.py), so that no other row
        is asked."""
        return self.filter(user=user).kept().order_by("-generation_id", "index")

    def after(self, generation: UUID, index: int) -> "ImageQuerySet":
        """What comes after a place in the gallery. The bound on the generation stands by itself, so that the index
        begins there."""
        rows = self.filter(generation__lte=generation)
        return rows.exclude(generation=generation, index__lte=index)

    def before(self, generation: UUID, index: int) -> "ImageQuerySet":
        """What comes before a place in the gallery."""
        rows = self.filter(generation__gte=generation)
        return rows.exclude(generation=generation, index__gte=index)

    def showing(self, names: Collection[str]) -> "ImageQuerySet":
        """Those whose picture or thumbnails are one of these files."""
        rows = self.filter(status=Status.STORED).annotate(
            **{f"thumbnail_{width}": ThumbnailName(width) for width in thumbnails.WIDTHS}
        )
        small = [Q(**{f"thumbnail_{width}__in": list(names)}) for width in thumbnails.WIDTHS]
        return rows.filter(reduce(or_, small, Q(name__in=list(names))))


class Image(models.Model):
    """One picture of a generation: one row, one seed, one price, one status."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="images")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    index = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    price = models.BigIntegerField(help_text="In 1/100 credit.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    status_at = models.DateTimeField(default=timezone.now)
    turn = models.BigIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    nudged_at = models.DateTimeField(null=True, help_text="When the sweep last asked a worker to take it up.")
    deadline_at = models.DateTimeField(null=True, help_text="Counts from the first send.")
    cancel_requested_at = models.DateTimeField(null=True)
    draw = models.ForeignKey("Draw", null=True, on_delete=models.SET_NULL, related_name="+")
    draws_made = models.PositiveSmallIntegerField(default=0)
    refusals = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.CharField(max_length=500, blank=True)

    name = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    content_type = models.CharField(max_length=32, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    bytes = models.PositiveBigIntegerField(null=True)
    variants = models.JSONField(default=dict)

    # What the gallery asks for, beside the generation's own: 100,000 pictures are filtered without joining it.
    image_model = models.CharField(max_length=64)
    favourite_at = models.DateTimeField(null=True)
    binned_at = models.DateTimeField(null=True, help_text="Since when it lies in the bin.")
    erased_at = models.DateTimeField(null=True, help_text="Since when there is no file and no way back.")
    # Only `generations.paying_back` writes it, with the transfer.
    refunded_at = models.DateTimeField(null=True, help_text="Since when its price is the customer's again.")

    objects: ClassVar[models.Manager["Image"]] = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["generation", "index"], name="image_index_once"),
            models.CheckConstraint(name="image_stored_has_a_file", condition=~Q(status="stored") | ~Q(sha256="")),
        ]
        indexes = [
            models.Index(fields=["turn", "id"], name="image_queue", condition=Q(status="queued")),
            models.Index(fields=["user", "turn"], name="image_queue_of_user", condition=Q(status="queued")),
            models.Index(
                fields=["status", "status_at"],
                name="image_on_the_road",
                condition=Q(status__in=["sending", "unknown", "drawing", "storing"]),
            ),
            models.Index(
                fields=["user", "-binned_at", "-id"],
                name="image_bin",
                condition=Q(binned_at__isnull=False, erased_at__isnull=True),
            ),
            models.Index(
                fields=["binned_at"],
                name="image_bin_due",
                condition=Q(binned_at__isnull=False, erased_at__isnull=True),
            ),
            # All that the gallery filters by is in it, so that what is left out is passed over without being fetched.
            models.Index(
                fields=["user", "-generation", "index", "status", "image_model", "favourite_at"],
                name="image_gallery",
                condition=Q(binned_at__isnull=True, erased_at__isnull=True),
            ),
            # What staff looks for among all customers' pictures: what became none, and why.
            models.Index(
                fields=["status", "-generation"],
                name="image_not_stored",
                condition=Q(status__in=["failed", "blocked", "canceled"]),
            ),
            models.Index(fields=["error_code", "-generation"], name="image_error", condition=~Q(error_code="")),
            # Not for stored ones alone, though only they have files: SQLite would then not use them.
            models.Index(fields=["name"], name="image_file"),
            *(models.Index(ThumbnailName(width), name=f"image_file_{width}") for width in thumbnails.WIDTHS),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        return f"/images/{self.id}/"

    def step(
        self, to: Status, *, draw: "Draw | None" = None, only_from: Collection[Status] = (), **fields: Any
    ) -> bool:
        """Take one legal step; False when somebody else took it first, or when `draw` is no longer the current one.

        `only_from` names the origins that are meant where the table allows more: word about a send that was lost must
        not throw away the picture that came meanwhile.
        """
        legal = [origin for origin in origins(to) if not only_from or origin in only_from]
        rows: QuerySet[Image] = Image.objects.filter(pk=self.pk, status__in=legal)
        if draw is not None:
            rows = rows.filter(draw=draw)
        return bool(rows.update(status=to, status_at=timezone.now(), **fields))

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_charged(self) -> bool:
        """Whether its price was taken and not given back since. True of a stored one before its generation is settled,
        too: then it will be."""
        return self.status == Status.STORED and self.refunded_at is None

    @property
    def is_there(self) -> bool:
        """Whether there is a picture to be shown: stored, and neither in the bin nor gone."""
        return self.status == Status.STORED and bool(self.name) and self.binned_at is None

    @property
    def is_taken_down(self) -> bool:
        """Whether the operator removed its picture; its row and its price stay."""
        return self.status == Status.STORED and self.error_code == TAKEN_DOWN

    @property
    def public_status(self) -> str:
        return public_status(self.status)


def new_token() -> str:
    return secrets.token_urlsafe(32)


class Draw(models.Model):
    """One attempt at fal for an image; added, never reused. `token` is its secret webhook address."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="draws")
    token = models.CharField(max_length=64, unique=True, default=new_token)
    endpoint = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    request_id = models.CharField(max_length=100, null=True, unique=True)
    accepted_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    history_asked_at = models.DateTimeField(null=True, help_text="When the request history was searched for it.")
    completed_at = models.DateTimeField(null=True, help_text="When we learned that fal was done.")
    drawn_ms = models.PositiveIntegerField(null=True, help_text="How long fal drew, where it said so.")
    result_status = models.PositiveSmallIntegerField(null=True)
    result = models.JSONField(null=True)
    outcome = models.CharField(max_length=64, blank=True, help_text="delivered, or the code of what went wrong")
    may_be_billed = models.BooleanField(default=False)
    cost_microusd = models.BigIntegerField(default=0)
    answered_by = models.CharField(max_length=8, blank=True, default="", db_default="", help_text="webhook or follower")
    billable_units = models.CharField(max_length=32, blank=True)
    fetches = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            # Sends whose answer was lost for good: few, and what they may have cost is watched.
            models.Index(fields=["created_at"], name="draw_unknown", condition=Q(outcome="unknown")),
            # What fal may have billed though nothing was delivered: few as well.
            models.Index(
                fields=["image"],
                name="draw_maybe_billed",
                condition=Q(may_be_billed=True, cost_microusd=0) & ~Q(outcome="delivered"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class DoomedFile(models.Model):
    """A stored file whose row is gone. Only `generations.doomed` writes it; the sweep deletes the file when it is due
    and no other row has come to use it."""

    name = models.CharField(max_length=200, unique=True)
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class UploadUse(models.Model):
    """A generation that was ordered with an upload: while there is one, the upload stays."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="uses")
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "generation"], name="upload_use_once")]

    def __str__(self) -> str:
        return f"{self.upload_id} in {self.generation_id}"


class Event(models.Model):
    """A change that somebody may want to hear of; `seq` counts per user without a gap."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    object_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "seq"], name="event_seq_once")]
        indexes = [models.Index(fields=["created_at"], name="event_age")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.seq} {self.kind}"


class FalState(models.Model):
    """One row: how fal is, and where the queue stands. Its lock is the dispatcher's."""

    class State(models.TextChoices):
        OK = "ok"
        LOCKED = "locked"
        DOWN = "down"

    state = models.CharField(max_length=8, choices=State.choices, default=State.OK)
    reason = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(default=timezone.now)
    failures = models.PositiveIntegerField(default=0)
    probe_at = models.DateTimeField(null=True)
    present_turn = models.BigIntegerField(default=0)
    webhook_user = models.CharField(max_length=200, blank=True, help_text="The account that fal's webhooks name.")

    def __str__(self) -> str:
        return self.state


class Beat(models.Model):
    """The last sign of life of a process, and the lease of the one follower at work; times are the database's."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()
    holder = models.CharField(max_length=64, blank=True)
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
