"""What Stripe says, in frozen values of ours: the one vocabulary between the door to Stripe and the rest of billing.

Money is in integer US cents, times are aware datetimes (UTC). `billing.stripe_gateway` makes these from Stripe's
objects; nothing above it knows those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class PaymentStatus(StrEnum):
    OPEN = "open"  # nothing was paid yet; the customer may still
    PROCESSING = "processing"  # a delayed method: the money is on its way
    NEEDS_ACTION = "needs_action"  # the bank wants the customer themselves
    PAID = "paid"
    FAILED = "failed"  # declined or failed; with a Checkout Session that is open, the customer may try again
    CANCELED = "canceled"


@dataclass(frozen=True)
class Reversed:
    """A refund (`re_…`) or a dispute (`du_…`, `dp_…`) of a payment.

    `takes`: the money has left us, or is leaving: a refund that is pending or succeeded, also one that failed later; a
    dispute whose funds were withdrawn. `restored_cents` came back since: all of a refund that failed or was canceled,
    what Stripe reinstated of a dispute. `status` is Stripe's own word. `fee_cents` is what Stripe charges us for it:
    for a dispute; None where that is in another currency.
    """

    id: str
    is_dispute: bool
    cents: int
    created_at: datetime
    takes: bool
    restored_cents: int
    status: str
    reason: str = ""
    fee_cents: int | None = 0


@dataclass(frozen=True)
class PlanLine:
    """One line of a subscription's invoice: `cents` of the plan whose price is `price`, before discounts and tax;
    negative where unused time of an old plan is given back."""

    price: str
    cents: int


@dataclass(frozen=True)
class Payment:
    """All that Stripe knows of one payment, read at one moment.

    `id` is the payment object that names the money: the PaymentIntent; where nothing had to be paid (a promotion code
    of 100 %) the Checkout Session of what is sold once, whose invoice is made some time after, and the invoice of a
    subscription. Whichever of the three one asks with, the answer is the same. `paid_cents` is what the customer paid,
    `tax_cents` the tax in it, both 0 until paid. `metadata` is ours: of the PaymentIntent, the session and the
    subscription together. `lines` are those of a subscription's invoice, empty for all else. `reversals` are in the
    order of their making (by time, then id). `fee_cents` is what Stripe keeps of it, None where it does not say so yet,
    or in another currency.
    """

    id: str
    status: PaymentStatus
    currency: str
    paid_cents: int
    tax_cents: int
    customer: str
    created_at: datetime
    paid_at: datetime | None = None
    fee_cents: int | None = None
    session: str = ""
    invoice: str = ""
    subscription: str = ""
    invoice_url: str = ""
    receipt_url: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[PlanLine, ...] = ()
    reversals: tuple[Reversed, ...] = ()
    decline_code: str = ""  # of the last try, where it was declined


@dataclass(frozen=True)
class Session:
    """A Checkout Session. `payment` is any id with which `read_payment` finds what it led to; empty while there is
    none. `status` is Stripe's: open, complete, expired. `saved_card` is what it saved for later, where that was all it
    was for."""

    id: str
    status: str
    url: str
    payment: str
    subscription: str
    customer: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    saved_card: str = ""


@dataclass(frozen=True)
class SubscriptionState:
    """A subscription as it is. `price` names the plan; `renews_at` ends the period that is paid for; `ends_at` is when
    it is to end or ended, None where it goes on."""

    id: str
    customer: str
    status: str
    price: str
    renews_at: datetime | None
    ends_at: datetime | None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """What a customer pays with, as they know it: "Visa", "4242"; other methods have their type as `brand`."""

    id: str
    brand: str
    last4: str
    expires: str = ""  # "04/2028"


@dataclass(frozen=True)
class Event:
    """An event that was verified. The object is only named: handlers read it anew."""

    id: str
    type: str
    object_type: str
    object_id: str
    api_version: str
    created_at: datetime
    livemode: bool


class StripeUnavailable(Exception):
    """Stripe could not be asked, or did not answer in a way that says what happened: ask again later, with the same
    idempotency key."""


class StripeRefused(Exception):
    """Stripe said no, and says so again: `code` and `param` are Stripe's, `message` is for the operator."""

    def __init__(self, message: str, *, code: str = "", param: str = "", status: int = 0) -> None:
        self.code, self.param, self.status = code, param, status
        super().__init__(message)


class NotAtStripe(StripeRefused):
    """There is no such object (any more)."""


class Declined(StripeRefused):
    """A charge of a saved method was declined. `code` is Stripe's decline code, or its error code where it gives none;
    `payment` the PaymentIntent; `needs_action`: the bank wants the customer themselves."""

    def __init__(self, message: str, *, code: str, payment: str, needs_action: bool) -> None:
        self.payment, self.needs_action = payment, needs_action
        super().__init__(message, code=code, status=402)


class ForgedEvent(Exception):
    """The body is not from Stripe, is older than five minutes, from the future, or cannot be read."""
