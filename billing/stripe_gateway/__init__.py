"""The door to Stripe: every call, with its idempotency key and a deadline, and every shape of theirs, made into values
of ours (`billing.stripe_values`). The library is imported in one file of it, `library`.

Every function may raise StripeUnavailable (nothing is known; ask again) and StripeRefused; money is in cents.
"""

from .buying import (
    begin_payment,
    begin_saving_card,
    begin_subscription,
    cancel_payment,
    charge_saved_card,
    expire_session,
    read_session,
    refund,
)
from .customers import customer_lives, delete_customer, make_customer, prefer_card, saved_card
from .events import read_event
from .library import API_VERSION, is_live
from .listing import events_since, payments_at_a_glance, payments_since, subscriptions_since
from .payments import read_payment
from .plans import ensure_price, pause, portal, read_subscription

__all__ = [
    "API_VERSION",
    "begin_payment",
    "begin_saving_card",
    "begin_subscription",
    "cancel_payment",
    "charge_saved_card",
    "customer_lives",
    "delete_customer",
    "ensure_price",
    "events_since",
    "expire_session",
    "is_live",
    "make_customer",
    "pause",
    "payments_at_a_glance",
    "payments_since",
    "portal",
    "prefer_card",
    "read_event",
    "read_payment",
    "read_session",
    "read_subscription",
    "refund",
    "saved_card",
    "subscriptions_since",
]
