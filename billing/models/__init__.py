"""The rows of billing, one file for each part."""

from .limits import LimitRow
from .money import (
    RARELY_GIVEN,
    RECEIVED,
    Account,
    Allowance,
    Book,
    Closing,
    Hold,
    Kind,
    Period,
    Price,
    Side,
    Taking,
    Tally,
    Transfer,
    Unit,
)
from .payments import Purchase, Reversal, StripeCustomer, StripeEvent, Subscription
from .reconciliations import Reconciliation
from .refunds import StaffRefund
from .shop import Pack, Plan, PlannedOffer
from .topups import AutoTopUp, TopUp

__all__ = [
    "RARELY_GIVEN",
    "RECEIVED",
    "Account",
    "Allowance",
    "AutoTopUp",
    "Book",
    "Closing",
    "Hold",
    "Kind",
    "LimitRow",
    "Pack",
    "Period",
    "Plan",
    "PlannedOffer",
    "Price",
    "Purchase",
    "Reconciliation",
    "Reversal",
    "Side",
    "StaffRefund",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "Taking",
    "Tally",
    "TopUp",
    "Transfer",
    "Unit",
]
