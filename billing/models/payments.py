"""What we know of Stripe: its customers, events and subscriptions, and each payment that buys credits.

Money is in US cents, credits are in 1/100 credit. Card data is never here; addresses and names stay at Stripe.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from .money import Taking
from .shop import Pack, Plan


class StripeCustomer(models.Model):
    """A user at Stripe; kept for all later purchases. Deleted there, it is marked, and the next purchase makes another
    one, so that a user may have several rows and at most one that lives."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="stripe_customers")
    stripe_id = models.CharField(max_length=255, unique=True)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(deleted_at=None), name="stripe_customer_one_lives"),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class Subscription(models.Model):
    """What Stripe last said of a subscription. Only `billing.subscriptions` writes it, from what was read anew;
    `read_at` is when that reading began, so that a slow reader never overwrites a later one."""

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete"
        INCOMPLETE_EXPIRED = "incomplete_expired"
        TRIALING = "trialing"
        ACTIVE = "active"
        PAST_DUE = "past_due"
        UNPAID = "unpaid"
        PAUSED = "paused"
        CANCELED = "canceled"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscriptions")
    stripe_id = models.CharField(max_length=255, unique=True)
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=24, choices=Status.choices)
    renews_at = models.DateTimeField(null=True, help_text="When the period that is paid for ends.")
    ends_at = models.DateTimeField(null=True, help_text="When it is to end, where that was asked for, or ended.")
    read_at = models.DateTimeField()
    # Of `billing.pausing` alone: since when Stripe charges nothing for it, and when it was last asked to change that.
    paused_at = models.DateTimeField(null=True)
    pause_asked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.stripe_id} {self.status}"


class Purchase(models.Model):
    """One payment that buys credits: asked for here, or first heard of from Stripe.

    `cents` and `credits` are what was agreed when it was asked for. `payment` is Stripe's payment object, which names
    the money in the ledger too; `paid_cents` is all that the customer paid, `tax_cents` the tax in it, `fee_cents` what
    Stripe kept of it, None where that is not known. Only
    `billing.payments` and `billing.checkout` write it; the status goes forward only.
    """

    class What(models.TextChoices):
        PACK = "pack"
        PLAN = "plan"
        TOP_UP = "top_up"

    class Status(models.TextChoices):
        OPEN = "open"
        PROCESSING = "processing"  # a delayed method: paid by the customer, not yet received
        PAID = "paid"
        FAILED = "failed"
        ABANDONED = "abandoned"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="purchases")
    what = models.CharField(max_length=8, choices=What.choices)
    pack = models.ForeignKey(Pack, null=True, on_delete=models.PROTECT, related_name="purchases")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="purchases")
    cents = models.PositiveIntegerField()
    credits = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    session = models.CharField(max_length=255, null=True, unique=True, help_text="Stripe's Checkout Session.")
    session_url = models.TextField(default="")
    payment = models.CharField(max_length=255, null=True, unique=True, help_text="Stripe's payment object.")
    invoice = models.CharField(max_length=255, null=True, unique=True)
    invoice_url = models.TextField(default="")
    receipt_url = models.TextField(default="")
    paid_cents = models.PositiveIntegerField(null=True)
    tax_cents = models.PositiveIntegerField(null=True)
    fee_cents = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text="When Stripe was last asked about it, by the sweep.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="purchase_paid_says_what",
                condition=~Q(status="paid")
                | Q(payment__isnull=False, paid_cents__isnull=False, tax_cents__isnull=False, paid_at__isnull=False),
            ),
            models.CheckConstraint(
                name="purchase_of_one_thing",
                condition=(Q(what="plan", pack=None) | (~Q(what="plan") & Q(plan=None))),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="purchase_user_recent"),
            models.Index(
                fields=["looked_at"], name="purchase_under_way", condition=Q(status__in=["open", "processing"])
            ),
            models.Index(fields=["paid_at"], name="purchase_paid", condition=Q(paid_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.pk}"


class Reversal(models.Model):
    """A refund or a dispute of a purchase, and what it took; the order of the rows is that in which they took.

    `restored_cents` is what came back: of a dispute that was won, of a refund that failed. `fee_cents` is what Stripe
    charged us for a dispute.
    """

    class What(models.TextChoices):
        REFUND = "refund"
        DISPUTE = "dispute"

    id = models.BigAutoField(primary_key=True)
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="reversals")
    what = models.CharField(max_length=8, choices=What.choices)
    stripe_id = models.CharField(max_length=255, unique=True)
    cents = models.PositiveIntegerField()
    restored_cents = models.PositiveIntegerField(default=0)
    fee_cents = models.IntegerField(null=True)
    taking = models.OneToOneField(Taking, null=True, on_delete=models.PROTECT, related_name="reversal")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="reversal_restores_within", condition=Q(restored_cents__lte=models.F("cents"), cents__gt=0)
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="reversal_recent")]

    def __str__(self) -> str:
        return self.stripe_id


class StripeEvent(models.Model):
    """An event that Stripe sent us, verified: what it is called and which object it is about. Its body is not kept:
    handlers read the object anew."""

    id = models.CharField(max_length=255, primary_key=True)
    type = models.CharField(max_length=100)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=255)
    api_version = models.CharField(max_length=40)
    created_at = models.DateTimeField(help_text="When it happened, by Stripe's clock.")
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When it is tried next; None once it is handled or given up.")
    nudged_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, default="")

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="stripe_event_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-received_at"], name="stripe_event_recent"),
            models.Index(fields=["object_id"], name="stripe_event_object"),
            models.Index(fields=["due_at", "received_at"], name="stripe_event_unhandled", condition=Q(handled_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
