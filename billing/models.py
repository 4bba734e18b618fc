"""The rows of money: accounts, transfers, holds, allowances, prices. Amounts are integers of 1/100 credit.

Only `billing.ledger` writes accounts, transfers, holds and allowances; a Transfer is never edited and never deleted,
which the database refuses itself (`billing.triggers`).
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7


class Book(models.TextChoices):
    """The accounts of ours. A book stores no balance, so that none is a hot row."""

    SALES = "sales"
    GRANTS = "grants"
    USAGE = "usage"
    LOSSES = "losses"


class Account(models.Model):
    """A customer's wallet or one of our books.

    `held` is set aside under open holds and is part of `balance`; `debt` is what a refund or dispute
    had to take and did not find.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="wallet")
    book = models.CharField(max_length=16, null=True, unique=True, choices=Book.choices)
    balance = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    debt = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="account_is_wallet_or_book",
                condition=Q(user__isnull=True) | Q(book__isnull=True),
            ),
            models.CheckConstraint(
                name="account_book_stores_no_balance",
                condition=Q(book__isnull=True) | Q(balance=0, held=0, debt=0),
            ),
            models.CheckConstraint(name="account_held_not_negative", condition=Q(held__gte=0)),
            models.CheckConstraint(name="account_balance_covers_held", condition=Q(balance__gte=F("held"))),
            models.CheckConstraint(name="account_debt_not_negative", condition=Q(debt__gte=0)),
        ]

    def __str__(self) -> str:
        return self.book or f"wallet {self.pk}"

    @property
    def available(self) -> int:
        return self.balance - self.held


class Kind(models.TextChoices):
    """What a movement is called on the statement."""

    PURCHASE = "purchase"
    GRANT = "grant"
    USAGE = "usage"
    REFUND = "refund"
    DISPUTE = "dispute"
    DEBT = "debt"
    CORRECTION = "correction"


class Transfer(models.Model):
    """Credits moved for good, both sides in one row, so that the books balance by shape."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transfers_out")
    target = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transfers_in")
    amount = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.CharField(max_length=200, unique=True)
    memo = models.CharField(max_length=300)
    actor = models.CharField(max_length=100)
    # The wallet's balance after this row, so that a filtered statement needs no sum over years.
    balance_after = models.BigIntegerField(null=True)
    # Losses paid for this wallet, which owes it: the one movement that a wallet has no side of.
    debtor = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="debts")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="transfer_between_two", condition=~Q(source=F("target"))),
            models.CheckConstraint(
                name="transfer_kind_known",
                condition=Q(kind__in=["purchase", "grant", "usage", "refund", "dispute", "debt", "correction"]),
            ),
        ]
        indexes = [
            models.Index(fields=["source", "-created_at", "-id"], name="transfer_source_recent"),
            models.Index(fields=["target", "-created_at", "-id"], name="transfer_target_recent"),
        ]

    def __str__(self) -> str:
        return self.key


class Allowance(models.Model):
    """A spending limit for one month, such as a key's or a customer's own ceiling."""

    name = models.CharField(max_length=100)
    month = models.DateField(help_text="The first day of the month.")
    limit = models.BigIntegerField()
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "month"], name="allowance_once_a_month"),
            models.CheckConstraint(name="allowance_used_within_limit", condition=Q(used__lte=F("limit"))),
            models.CheckConstraint(name="allowance_used_not_negative", condition=Q(used__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.month:%Y-%m}"


class Hold(models.Model):
    """Credits set aside for one operation; settled once, by a capture of part or all, or a release."""

    wallet = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds")
    amount = models.BigIntegerField()
    key = models.CharField(max_length=200, unique=True)
    allowances = models.ManyToManyField(Allowance, related_name="holds")
    captured = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="hold_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="hold_settled_once_and_within",
                condition=Q(settled_at__isnull=True, captured__isnull=True)
                | Q(settled_at__isnull=False, captured__gte=0, captured__lte=F("amount")),
            ),
        ]
        indexes = [models.Index(fields=["wallet"], name="hold_open", condition=Q(settled_at__isnull=True))]

    def __str__(self) -> str:
        return self.key


class Closing(models.Model):
    """An account's sum of transfers up to the end of a day (UTC), so that sums over years stay cheap."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="closings")
    day = models.DateField()
    balance = models.BigIntegerField(help_text="Received less given, since the beginning.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="closing_once_a_day")]

    def __str__(self) -> str:
        return f"{self.account} {self.day}"


class Unit(models.TextChoices):
    IMAGE = "image"
    MEGAPIXEL = "megapixel"


class Price(models.Model):
    """What one unit of an item costs from a moment on; `cost_microusd` is what the supplier charges us for it."""

    item = models.CharField(max_length=100)
    unit = models.CharField(max_length=16, choices=Unit.choices)
    amount = models.BigIntegerField(help_text="In 1/100 credit.")
    cost_microusd = models.BigIntegerField(help_text="In millionths of a US dollar.")
    holds_from = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "holds_from"], name="price_once_a_moment"),
            models.CheckConstraint(name="price_not_negative", condition=Q(amount__gte=0, cost_microusd__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.item} from {self.holds_from:%Y-%m-%d %H:%M}"
