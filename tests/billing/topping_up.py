"""What the tests of auto top-up have in common: a card at Stripe, an agreement, and time that passes."""

import itertools
from datetime import timedelta
from typing import Any

from django.conf import settings
from stripe import StripeClient

from billing import customers, ledger, payments, topups
from billing.models import AutoTopUp, Pack, TopUp
from billing.topups import Agreement
from krea_site import sweeps
from krea_site.models import Mail
from tests.billing.at_stripe import choose, pay
from tests.conftest import run_queued_tasks
from tests.standins.launch import StripeStandIn

VISA, DECLINES = "pm_card_visa", "pm_card_chargeCustomerFail"
ASKS = "pm_card_authenticationRequired"
THRESHOLD, PRICE, CREDITS, CEILING = 2_000_00, 1_000, 10_000_00, 5_000
_spent = itertools.count()


def at(stripe: StripeStandIn) -> StripeClient:
    return StripeClient(settings.STRIPE_SECRET_KEY, base_addresses={"api": stripe.url})


def save_card(stripe: StripeStandIn, user: Any, token: str = VISA) -> str:
    """A card that the customer saved at Stripe; its id there."""
    return at(stripe).v1.payment_methods.attach(token, {"customer": customers.of(user)}).id


def agreement(**said: Any) -> Agreement:
    pack = Pack.objects.get(cents=PRICE, is_offered=True)
    return Agreement(**{"threshold": THRESHOLD, "pack": pack, "month_ceiling_cents": CEILING, **said})


def switched_on(stripe: StripeStandIn, user: Any, token: str = VISA, **said: Any) -> AutoTopUp:
    save_card(stripe, user, token)
    topups.switch_on(user, agreement(**said))
    return AutoTopUp.objects.get(user=user)


def sweep() -> None:
    """One round of the follower, and what the workers then do."""
    sweeps.run()
    run_queued_tasks()


def pass_by(clock: Any, **units: float) -> None:
    clock.shift(timedelta(**units))
    sweep()


def spend(user: Any, amount: int) -> None:
    if not amount:
        return
    key = f"spent:{user.pk}:{next(_spent)}"
    ledger.hold(user, amount, key=key)
    ledger.capture(key, amount, memo="Pictures")


def buy(stripe: StripeStandIn, user: Any, cents: int = 500) -> None:
    """By hand, and heard of, whatever the clock here shows."""
    purchase = choose(user, cents=cents)
    pay(stripe, purchase)
    payments.look_at_session(str(purchase.session))
    run_queued_tasks()


def charges(stripe: StripeStandIn) -> list[dict[str, Any]]:
    """Every PaymentIntent that was made for a top-up, oldest first."""
    made = [intent.to_dict() for intent in at(stripe).v1.payment_intents.list({"limit": 100}).data]
    return [intent for intent in reversed(made) if intent["metadata"].get("what") == "top_up"]


def asked(stripe: StripeStandIn) -> list[str]:
    """The idempotency key of every call that asked for a charge, in their order."""
    calls = stripe.log(method="POST", path="/v1/payment_intents")
    return [call["idempotency_key"] for call in calls if call["path"] == "/v1/payment_intents"]


def hear_of(stripe: StripeStandIn) -> None:
    """Stripe's events arrive, whatever the clock here shows."""
    for each in charges(stripe):
        payments.look(each["id"])


def told(user: Any) -> list[str]:
    """The mails to somebody, by their templates, oldest first."""
    rows = Mail.objects.filter(to=user.email).order_by("id")
    return [kind.removeprefix("mail/") for kind in rows.values_list("kind", flat=True)]


def statuses(user: Any) -> list[str]:
    return list(TopUp.objects.filter(user=user).order_by("created_at").values_list("status", flat=True))
