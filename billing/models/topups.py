"""Auto top-up: what a customer agreed to, and each attempt that was made for it.

Money is in US cents, credits are in 1/100 credit.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from .payments import Purchase
from .shop import Pack


class AutoTopUp(models.Model):
    """What one customer agreed to. Only the customer's own form switches it on (`billing.topups.switch_on`), and
    nothing but that form ever switches it on again.

    `cents` and `credits` are those of the pack when they agreed: nobody is charged another sum than the one they saw.
    """

    class Off(models.TextChoices):
        """Why we switched it off ourselves."""

        DECLINES = "declines"  # the card was declined three times in a row
        REFUSED = "refused"  # the bank says that it will never accept this card
        NO_CARD = "no_card"  # there is no saved card any more
        PACK = "pack"  # the pack costs or brings something else now, or is not sold any more
        UNANSWERED = "unanswered"  # the bank wanted the customer, who did not come
        GIVEN_BACK = "given_back"  # a refund or a dispute, and not spending, took the balance below the threshold

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="auto_top_up")
    is_on = models.BooleanField(default=False)
    threshold = models.BigIntegerField(default=0, help_text="Fires when less than this is available; in 1/100 credit.")
    pack = models.ForeignKey(Pack, null=True, on_delete=models.PROTECT, related_name="+")
    cents = models.PositiveIntegerField(default=0)
    credits = models.BigIntegerField(default=0)
    month_ceiling_cents = models.PositiveIntegerField(default=0)
    agreed_at = models.DateTimeField(null=True, help_text="When the form last switched it on.")
    declines = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    rests_until = models.DateTimeField(null=True, help_text="No attempt before this; a failure does not shorten it.")
    off_because = models.CharField(max_length=24, default="", choices=Off.choices)
    # A mail when less than this is available, None for no mail; and when it was sent, since more was available.
    low_threshold = models.BigIntegerField(null=True)
    low_mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # One pack always lifts the wallet over the threshold, and the ceiling always has room for one.
            models.CheckConstraint(
                name="auto_top_up_on_is_whole",
                condition=Q(is_on=False)
                | Q(
                    pack__isnull=False, agreed_at__isnull=False, cents__gt=0, threshold__gt=0,
                    credits__gte=F("threshold"), month_ceiling_cents__gte=F("cents"),
                ),
            ),
            models.CheckConstraint(
                name="auto_top_up_off_is_not_on", condition=Q(is_on=False) | Q(off_because="")
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["rests_until"], name="auto_top_up_on", condition=Q(is_on=True)),
            models.Index(fields=["low_threshold"], name="auto_top_up_warns", condition=Q(low_threshold__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"auto top-up of {self.user_id}: {'on' if self.is_on else 'off'}"


class TopUp(models.Model):
    """One attempt to top up: one charge at Stripe at the most, since every try of it says the same under one
    idempotency key. Only `billing.topups` and `billing.topup_attempts` write it.

    `customer` and `card` are Stripe's ids, written down before Stripe is asked, so that a later try says the same.
    """

    class Status(models.TextChoices):
        DUE = "due"
        SENT = "sent"  # asked for; whether Stripe has it is not known until it answers
        NEEDS_ACTION = "needs_action"  # the bank wants the customer themselves
        SUCCEEDED = "succeeded"
        DECLINED = "declined"
        CANCELED = "canceled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="top_ups")
    purchase = models.OneToOneField(Purchase, on_delete=models.PROTECT, related_name="top_up")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DUE)
    customer = models.CharField(max_length=255, default="")
    card = models.CharField(max_length=255, default="")
    payment = models.CharField(max_length=255, default="", help_text="Stripe's PaymentIntent, once it is known.")
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, help_text="When somebody is to look at it next; None once it ended.")
    nudged_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=100, default="", help_text="Stripe's code of a decline, or why it was ended.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(status__in=["due", "sent", "needs_action"]), name="top_up_one_at_a_time"
            ),
            models.CheckConstraint(
                name="top_up_sent_says_what",
                condition=~Q(status__in=["sent", "needs_action"])
                | (Q(sent_at__isnull=False) & ~Q(customer="") & ~Q(card="")),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="top_up_user_recent"),
            models.Index(fields=["due_at"], name="top_up_due", condition=Q(status__in=["due", "sent", "needs_action"])),
        ]

    def __str__(self) -> str:
        return f"top-up {self.pk} {self.status}"
