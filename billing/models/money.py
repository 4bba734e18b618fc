"""The rows of money: accounts, transfers, holds, allowances, prices. Amounts are integers of 1/100 credit.

Only `billing.ledger`, through `billing.allowances` and `billing.tallies` where they are concerned, writes accounts,
transfers, holds, allowances and tallies; a Transfer is never edited and never deleted, which the database refuses
itself (`billing.triggers`).
"""

from datetime import date, timedelta

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
    FORFEITS = "forfeits"


class Account(models.Model):
    """A customer's wallet or one of our books.

    `held` is set aside under open holds and is part of `balance`; `debt` is what a refund or dispute
    had to take and did not find. The ceilings are the customer's own, for a day and for a month; None where
    there is none.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="wallet")
    book = models.CharField(max_length=16, null=True, unique=True, choices=Book.choices)
    balance = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    debt = models.BigIntegerField(default=0)
    day_ceiling = models.BigIntegerField(null=True)
    month_ceiling = models.BigIntegerField(null=True)

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
            models.CheckConstraint(
                name="account_ceilings_not_negative",
                condition=(Q(day_ceiling__isnull=True) | Q(day_ceiling__gte=0))
                & (Q(month_ceiling__isnull=True) | Q(month_ceiling__gte=0)),
            ),
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
    FORFEIT = "forfeit"


# What a wallet is given; of refunds and disputes that which came back.
RECEIVED = (Kind.PURCHASE, Kind.GRANT, Kind.REFUND, Kind.DISPUTE, Kind.CORRECTION)
RARELY_GIVEN = (Kind.REFUND, Kind.DISPUTE, Kind.DEBT, Kind.CORRECTION, Kind.FORFEIT)  # what it gives, but for pictures


class Transfer(models.Model):
    """Credits moved for good, both sides in one row, so that the books balance by shape."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Of the three accounts each has indexes of its own below, which begin with it.
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transfers_out", db_index=False)
    target = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transfers_in", db_index=False)
    amount = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.CharField(max_length=200, unique=True)
    memo = models.CharField(max_length=300)
    # What was paid for, as the caller calls it, such as an image model's id; empty where that is no question.
    subject = models.CharField(max_length=64, default="", db_default="")
    actor = models.CharField(max_length=100)
    # The wallet's balance after this row, so that a filtered statement needs no sum over years.
    balance_after = models.BigIntegerField(null=True)
    # Losses paid for this wallet, which owes it: the one movement that a wallet has no side of.
    debtor = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="debts", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="transfer_between_two", condition=~Q(source=F("target"))),
            models.CheckConstraint(
                name="transfer_kind_known",
                condition=Q(
                    kind__in=["purchase", "grant", "usage", "refund", "dispute", "debt", "correction", "forfeit"]
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["source", "-created_at", "-id"], name="transfer_source_recent"),
            models.Index(fields=["target", "-created_at", "-id"], name="transfer_target_recent"),
            models.Index(
                fields=["debtor", "-created_at", "-id"],
                name="transfer_debtor_recent",
                condition=Q(debtor__isnull=False),
            ),
            # Kinds that are rare among a wallet's movements are found without reading past all the others. Pictures
            # need none of it: they are nearly all that a wallet gives.
            models.Index(
                fields=["source", "kind", "-created_at", "-id"],
                name="transfer_source_kind",
                condition=Q(kind__in=RARELY_GIVEN),
            ),
            models.Index(
                fields=["target", "kind", "-created_at", "-id"],
                name="transfer_target_kind",
                condition=Q(kind__in=RECEIVED),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Period(models.TextChoices):
    """For how long an allowance counts: a day or a month of the calendar, in UTC."""

    DAY = "day"
    MONTH = "month"

    def since(self, day: date) -> date:
        """The first day of the period in which `day` is."""
        return day if self is Period.DAY else day.replace(day=1)

    def renews(self, day: date) -> date:
        """The first day of the next one."""
        return (
            day + timedelta(days=1) if self is Period.DAY else (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        )


class Allowance(models.Model):
    """What was used in one period of one name, such as a key's or a wallet's, and the limit that the last use fitted
    into; None where there was none, and use is only counted."""

    name = models.CharField(max_length=100)
    period = models.CharField(max_length=8, choices=Period.choices)
    since = models.DateField(help_text="The first day of the period.")
    limit = models.BigIntegerField(null=True)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "period", "since"], name="allowance_once_a_period"),
            models.CheckConstraint(
                name="allowance_used_within_limit", condition=Q(limit__isnull=True) | Q(used__lte=F("limit"))
            ),
            models.CheckConstraint(name="allowance_used_not_negative", condition=Q(used__gte=0)),
            models.CheckConstraint(name="allowance_period_known", condition=Q(period__in=["day", "month"])),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.since:{'%Y-%m-%d' if self.period == Period.DAY else '%Y-%m'}}"


class Hold(models.Model):
    """Credits set aside for one operation; settled once, by a capture of part or all, or a release."""

    wallet = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds")
    amount = models.BigIntegerField()
    key = models.CharField(max_length=200, unique=True)
    memo = models.CharField(max_length=300, default="", db_default="")
    # Those that the caller named. The wallet's own follow from `wallet` and `created_at`.
    allowances = models.ManyToManyField(Allowance, related_name="holds")
    captured = models.BigIntegerField(null=True)
    returned = models.BigIntegerField(default=0, db_default=0, help_text="Of what was captured, given back since.")
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
            models.CheckConstraint(
                name="hold_returned_within",
                condition=Q(returned=0) | Q(returned__gt=0, captured__isnull=False, returned__lte=F("captured")),
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="hold_open_recent", condition=Q(settled_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.key


class Taking(models.Model):
    """What a refund or a dispute took: `cash` of what the wallet was sold and `bonus` of what it was given with it.

    `owed` of that was not there and became debt, and `forgiven` of the debt was let go by staff. What came back is in
    `restored_cash` and `restored_bonus`, once.
    """

    wallet = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="takings")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.CharField(max_length=200, unique=True)
    cash = models.BigIntegerField()
    bonus = models.BigIntegerField()
    owed = models.BigIntegerField(default=0)
    forgiven = models.BigIntegerField(default=0)
    restored_cash = models.BigIntegerField(default=0)
    restored_bonus = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    restored_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="taking_takes_something", condition=Q(cash__gte=0, bonus__gte=0) & (Q(cash__gt=0) | Q(bonus__gt=0))
            ),
            models.CheckConstraint(
                name="taking_owed_within", condition=Q(owed__gte=0, owed__lte=F("cash") + F("bonus"))
            ),
            models.CheckConstraint(
                name="taking_forgiven_within", condition=Q(forgiven__gte=0, forgiven__lte=F("owed"))
            ),
            models.CheckConstraint(
                name="taking_restored_within",
                condition=Q(restored_cash__gte=0, restored_cash__lte=F("cash"))
                & Q(restored_bonus__gte=0, restored_bonus__lte=F("bonus")),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Side(models.TextChoices):
    """Where a wallet stands in a transfer."""

    OUT = "out"
    IN = "in"
    OWED = "owed"


class Tally(models.Model):
    """How many transfers of one day (UTC), kind and subject a wallet had on one side, and their sum; so that a chart or
    a total over months reads hundreds of rows and not a million."""

    wallet = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="tallies", db_index=False)
    day = models.DateField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    side = models.CharField(max_length=4, choices=Side.choices)
    subject = models.CharField(max_length=64)
    movements = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wallet", "day", "kind", "side", "subject"], name="tally_once_a_day")
        ]

    def __str__(self) -> str:
        return f"wallet {self.wallet_id} {self.day} {self.kind} {self.side} {self.subject}".rstrip()


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
    """What one unit of an item costs from a moment on; `cost_microusd` is what the supplier charges us for it. Rows are
    added, never edited and never deleted; one that had not begun may be withdrawn, and stays as a trace."""

    item = models.CharField(max_length=100)
    unit = models.CharField(max_length=16, choices=Unit.choices)
    amount = models.BigIntegerField(help_text="In 1/100 credit.")
    cost_microusd = models.BigIntegerField(help_text="In millionths of a US dollar.")
    holds_from = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, help_text="Taken back before it began.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "holds_from"], name="price_once_a_moment", condition=Q(withdrawn_at__isnull=True)
            ),
            models.CheckConstraint(
                name="price_withdrawn_before_it_began",
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__lt=F("holds_from")),
            ),
            models.CheckConstraint(name="price_not_negative", condition=Q(amount__gte=0, cost_microusd__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.item} from {self.holds_from:%Y-%m-%d %H:%M}"
