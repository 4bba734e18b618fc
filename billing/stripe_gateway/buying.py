"""Taking money and giving it back: Checkout Sessions, charges of a saved card, refunds."""

from collections.abc import Mapping

from django.conf import settings

from ..stripe_values import Payment, PaymentStatus, Session, StripeRefused
from .library import CheckoutSession, SessionCreateParams, SetupIntent, asking, client, id_of
from .payments import read_payment
from .shapes import texts

CURRENCY = "usd"
OF_A_SUBSCRIPTION = ("user", "plan")  # all its payments get this; what is said of a purchase is of the first one only


def begin_payment(
    *, customer: str, name: str, description: str, cents: int, metadata: Mapping[str, str], saves_card: bool,
    success_url: str, cancel_url: str, key: str,
) -> Session:  # fmt: skip
    """A hosted Checkout Session that sells one thing once. Promotion codes are allowed; an invoice is made; address and
    VAT id are asked for; tax where settings.STRIPE_TAX is on. `metadata` goes on session, PaymentIntent and invoice."""
    told = dict(metadata)
    params = _page(customer, told, success_url, cancel_url)
    params["mode"] = "payment"
    params["line_items"] = [
        {
            "price_data": {
                "currency": CURRENCY,
                "unit_amount": cents,
                "tax_behavior": "exclusive",
                "product_data": {"name": name, "description": description},
            },
            "quantity": 1,
        }
    ]
    params["invoice_creation"] = {"enabled": True, "invoice_data": {"description": name, "metadata": told}}
    params["payment_intent_data"] = {"description": name, "metadata": told}
    if saves_card:
        params["payment_intent_data"]["setup_future_usage"] = "off_session"
    return _begin(params, key)


def begin_subscription(
    *, customer: str, price: str, metadata: Mapping[str, str], success_url: str, cancel_url: str, key: str
) -> Session:
    """As `begin_payment`, of a plan: paid each month until it is canceled. All of `metadata` goes on the session, what
    holds for each month on the subscription."""
    params = _page(customer, dict(metadata), success_url, cancel_url)
    params["mode"] = "subscription"
    params["line_items"] = [{"price": price, "quantity": 1}]
    params["subscription_data"] = {
        "metadata": {name: said for name, said in metadata.items() if name in OF_A_SUBSCRIPTION}
    }
    return _begin(params, key)


def begin_saving_card(*, customer: str, success_url: str, cancel_url: str, key: str) -> Session:
    """A Checkout Session in setup mode: saves a card for later, takes nothing."""
    return _begin(
        {
            "mode": "setup",
            "customer": customer,
            "currency": CURRENCY,
            "success_url": success_url,
            "cancel_url": cancel_url,
        },
        key,
    )


def read_session(session: str) -> Session:
    with asking():
        return _session(client().v1.checkout.sessions.retrieve(session, {"expand": ["setup_intent"]}))


def expire_session(session: str) -> None:
    """So that nobody pays it any more; one that is complete or expired already is no error."""
    try:
        with asking():
            client().v1.checkout.sessions.expire(session, {}, {"idempotency_key": f"expire:{session}"})
    except StripeRefused:
        if read_session(session).status == "open":
            raise


def charge_saved_card(
    *, customer: str, card: str, cents: int, description: str, metadata: Mapping[str, str], key: str
) -> Payment:
    """Pay off-session with a saved method, at once. Raises Declined."""
    with asking():
        intent = client().v1.payment_intents.create(
            {
                "amount": cents,
                "currency": CURRENCY,
                "customer": customer,
                "payment_method": card,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "off_session": True,
                "confirm": True,
                "description": description,
                "metadata": dict(metadata),
            },
            {"idempotency_key": key},
        )
    return read_payment(intent.id)


def cancel_payment(payment: str) -> Payment:
    """So that nobody pays it any more; what it is then, which may be paid."""
    found = read_payment(payment)
    if found.status in (PaymentStatus.PAID, PaymentStatus.CANCELED):
        return found
    try:
        if found.session:
            expire_session(found.session)
        else:
            # The key has the status, since Stripe repeats a refusal for as long as it keeps the key.
            with asking():
                client().v1.payment_intents.cancel(
                    found.id, {}, {"idempotency_key": f"cancel:{found.id}:{found.status}"}
                )
    except StripeRefused:
        pass  # it went on meanwhile, or cannot be stopped any more: what it is now says which
    return read_payment(payment)


def refund(payment: str, *, cents: int, reason: str, metadata: Mapping[str, str], key: str) -> str:
    """Give back a part or all of a payment; the refund's id. `reason` is Stripe's: duplicate, fraudulent,
    requested_by_customer."""
    with asking():
        made = client().v1.refunds.create(
            {"payment_intent": payment, "amount": cents, "reason": reason, "metadata": dict(metadata)},
            {"idempotency_key": key},
        )
        return made.id


def _page(customer: str, told: dict[str, str], success_url: str, cancel_url: str) -> SessionCreateParams:
    """What all pages share on which something is bought."""
    return {
        "customer": customer,
        "customer_update": {"address": "auto", "name": "auto"},  # so that the next one need not be typed again
        "billing_address_collection": "required",
        "tax_id_collection": {"enabled": True},
        "automatic_tax": {"enabled": settings.STRIPE_TAX},
        "adaptive_pricing": {"enabled": False},  # dollars only, whatever the account offers otherwise
        "allow_promotion_codes": True,
        "metadata": told,
        "success_url": success_url,
        "cancel_url": cancel_url,
    }


def _begin(params: SessionCreateParams, key: str) -> Session:
    with asking():
        return _session(client().v1.checkout.sessions.create(params, {"idempotency_key": key}))


def _session(session: CheckoutSession) -> Session:
    return Session(
        id=session.id,
        status=session.status or "",
        url=session.url or "",
        payment=_led_to(session),
        subscription=id_of(session.subscription),
        customer=id_of(session.customer),
        metadata=texts(session.metadata),
        saved_card=_saved_in(session),
    )


def _saved_in(session: CheckoutSession) -> str:
    made = session.setup_intent
    return id_of(made.payment_method) if isinstance(made, SetupIntent) and made.status == "succeeded" else ""


def _led_to(session: CheckoutSession) -> str:
    """What there is by now to read the payment by; with neither, a complete one was free, and is a payment itself."""
    led_to = id_of(session.payment_intent) or id_of(session.invoice)
    is_free = session.status == "complete" and session.mode == "payment"
    return led_to or (session.id if is_free else "")
