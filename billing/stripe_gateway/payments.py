"""One payment, by whichever object of it somebody names: finds the others, and makes one value of them.

A payment that was sold on a page is a Checkout Session with a PaymentIntent and an invoice that is made afterwards; one
of a subscription is an invoice with a PaymentIntent, the first also with a session; a charge of a saved card is a
PaymentIntent alone. Where nothing had to be paid there is no PaymentIntent.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..stripe_values import NotAtStripe, Payment
from .library import (
    MOST_A_PAGE,
    Charge,
    CheckoutSession,
    Dispute,
    Invoice,
    InvoicePaymentParams,
    PaymentIntent,
    Refund,
    asking,
    client,
    id_of,
)
from .shapes import Found, intent_of, payment_of, subscription_of

WITH_CHARGE = ("latest_charge.balance_transaction", "latest_charge.refunds")
PAGE_LIVES_S = 25 * 3600  # a Checkout Session is open for a day


def read_payment(id: str) -> Payment:
    """By PaymentIntent, invoice, Checkout Session, charge, refund or dispute id; raises NotAtStripe."""
    finder = FINDERS.get(id.partition("_")[0])
    if finder is None:
        raise NotAtStripe(f"{id} names no payment.")
    with asking():
        return whole(finder(id))


def whole(found: Found) -> Payment:
    """The value, with what has to be asked for beside the objects. To be called within `asking`."""
    if found.invoice and subscription_of(found.invoice):
        found = replace(found, lines=tuple(found.invoice.lines.auto_paging_iter()))
    return payment_of(found, refunds_of(found.charge), disputes_of(found.charge))


def refunds_of(charge: Charge | None) -> list[Refund]:
    if charge is None or charge.refunds is None:
        return []
    if not charge.refunds.has_more:
        return charge.refunds.data
    return list(client().v1.refunds.list({"charge": charge.id, "limit": MOST_A_PAGE}).auto_paging_iter())


def disputes_of(charge: Charge | None) -> list[Dispute]:
    if charge is None or not charge.disputed:
        return []
    return list(client().v1.disputes.list({"charge": charge.id, "limit": MOST_A_PAGE}).auto_paging_iter())


def by_intent(id: str) -> Found:
    return beside_intent(_intent(id))


def beside_intent(intent: PaymentIntent) -> Found:
    """An intent that is at hand, with what it belongs to."""
    api = client().v1
    pages = api.checkout.sessions.list({"payment_intent": intent.id, "limit": 1, "expand": ["data.invoice"]})
    for page in pages:
        return Found(intent, page.invoice if isinstance(page.invoice, Invoice) else None, page)
    named: InvoicePaymentParams = {"type": "payment_intent", "payment_intent": intent.id}
    for payment in api.invoice_payments.list({"payment": named, "limit": 1, "expand": ["data.invoice"]}):
        if isinstance(payment.invoice, Invoice):
            return Found(intent, payment.invoice, _session_of_subscription(payment.invoice))
    return Found(intent)


def by_invoice(id: str) -> Found:
    return beside_invoice(client().v1.invoices.retrieve(id, {"expand": ["payments"]}))


def beside_invoice(invoice: Invoice) -> Found:
    """An invoice that is at hand, its payments expanded, with what it belongs to."""
    intent = intent_of(invoice)
    if subscription_of(invoice):
        return Found(_intent(intent) if intent else None, invoice, _session_of_subscription(invoice))
    if intent:
        return by_intent(intent)
    session = _session_of_sale(invoice)
    intent = id_of(session.payment_intent) if session else ""
    return Found(_intent(intent) if intent else None, invoice, session)


def _by_session(id: str) -> Found:
    expand = [*(f"payment_intent.{part}" for part in WITH_CHARGE), "invoice.payments"]
    session = client().v1.checkout.sessions.retrieve(id, {"expand": expand})
    if session.mode == "setup":
        raise NotAtStripe(f"{id} saves a card, and takes no payment.")
    intent, invoice = session.payment_intent, session.invoice
    if isinstance(invoice, Invoice) and not intent and (found := intent_of(invoice)):
        intent = _intent(found)
    return Found(
        intent if isinstance(intent, PaymentIntent) else None,
        invoice if isinstance(invoice, Invoice) else None,
        session,
    )


def _by_charge(id: str) -> Found:
    return _by_intent_of(client().v1.charges.retrieve(id))


def _by_refund(id: str) -> Found:
    return _by_intent_of(client().v1.refunds.retrieve(id))


def _by_dispute(id: str) -> Found:
    return _by_intent_of(client().v1.disputes.retrieve(id))


def _by_intent_of(thing: Charge | Refund | Dispute) -> Found:
    intent = id_of(thing.payment_intent)
    if not intent:
        raise NotAtStripe(f"{thing.id} is of no PaymentIntent, and none of ours.")
    return by_intent(intent)


def _intent(id: str) -> PaymentIntent:
    return client().v1.payment_intents.retrieve(id, {"expand": [*WITH_CHARGE]})


def _session_of_subscription(invoice: Invoice) -> CheckoutSession | None:
    """The page on which a subscription was bought led to its first invoice."""
    if invoice.billing_reason != "subscription_create":
        return None
    pages = client().v1.checkout.sessions.list({"subscription": subscription_of(invoice), "limit": 1})
    return next(iter(pages), None)


def _session_of_sale(invoice: Invoice) -> CheckoutSession | None:
    """By the customer's pages of that day: Stripe finds none by its invoice."""
    customer = id_of(invoice.customer)
    if not customer:
        return None
    pages = client().v1.checkout.sessions.list(
        {
            "customer": customer,
            "created": {"gte": invoice.created - PAGE_LIVES_S, "lte": invoice.created},
            "limit": MOST_A_PAGE,
        }
    )
    return next((page for page in pages.auto_paging_iter() if id_of(page.invoice) == invoice.id), None)


FINDERS: Mapping[str, Callable[[str], Found]] = {
    "pi": by_intent,
    "in": by_invoice,
    "cs": _by_session,
    "ch": _by_charge,
    "py": _by_charge,
    "re": _by_refund,
    "pyr": _by_refund,
    "du": _by_dispute,
    "dp": _by_dispute,
}
