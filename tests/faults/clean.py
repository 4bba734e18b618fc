"""Empty books for the next play, without the seconds that a flush takes."""

from django.db import connection, transaction
from django_q.models import OrmQ

from billing import ledger, prices, triggers
from billing.models import (
    Account,
    Allowance,
    AutoTopUp,
    Hold,
    LimitRow,
    PlannedOffer,
    Price,
    Purchase,
    Reconciliation,
    Reversal,
    StaffRefund,
    StripeCustomer,
    StripeEvent,
    Subscription,
    Taking,
    Tally,
    TopUp,
    Transfer,
)
from generations.models import (
    Announcement,
    Customer,
    Draw,
    Event,
    FalBalance,
    FalDay,
    FalErasure,
    FalState,
    Generation,
    Image,
    Pause,
    PromptWords,
    Share,
    Switch,
    UploadUse,
)
from krea_site.models import BulkAct, BulkRefusal, Mail, RetriedImage, Retry


@transaction.atomic
def empty_the_books() -> None:
    """Everything but users and the first prices is gone."""
    triggers.remove(connection)
    Image.objects.update(draw=None)
    for model in (
        Hold.allowances.through, Transfer, Tally, Reversal, StaffRefund, TopUp, AutoTopUp, Purchase, StripeEvent,
        LimitRow, Subscription, StripeCustomer, Reconciliation, Taking, Hold, Allowance, Account, OrmQ, Mail, Event,
        Customer, FalErasure, FalState, FalBalance, FalDay, Draw, Share, RetriedImage, Retry, BulkRefusal, BulkAct,
        Image, PromptWords, UploadUse, Generation, PlannedOffer, Switch, Pause, Announcement,
    ):  # fmt: skip
        model._base_manager.all()._raw_delete("default")
    Price.objects.exclude(holds_from=prices.FIRST_MOMENT).delete()
    triggers.install(connection)
    ledger.open_books()
