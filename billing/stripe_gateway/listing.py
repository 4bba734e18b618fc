"""What happened at Stripe since a moment, page by page: for whoever compares it with our books."""

from collections.abc import Collection, Iterator
from datetime import datetime

from ..stripe_values import Event, Payment, SubscriptionState
from .events import value_of
from .library import (
    MOST_A_PAGE,
    Charge,
    Dispute,
    EventListParams,
    Refund,
    asking,
    client,
    id_of,
)
from .payments import PAGE_LIVES_S, WITH_CHARGE, beside_intent, beside_invoice, by_intent, whole
from .plans import state_of
from .shapes import Found, intent_of

LATEST_S = 45 * 86_400  # how long after it was made an invoice may still be paid
PAID = "payment_intent.succeeded"


def payments_since(since: datetime) -> Iterator[Payment]:
    """Every payment made, reversed or paid since then (PaymentIntents, paid invoices without one, sessions without
    either; and those that refunds and disputes since then are of), each once."""
    start, seen = int(since.timestamp()), set[str]()
    with asking():
        for found in _made(start):
            payment = whole(found)
            if payment.id not in seen:
                seen.add(payment.id)
                yield payment
        for intent in _moved(start):
            if intent and intent not in seen:
                seen.add(intent)
                yield whole(by_intent(intent))


def payments_at_a_glance(since: datetime) -> Iterator[Payment]:
    """The PaymentIntents made since then, the newest first, as their list alone tells them: a hundred to a call, and
    without what stands beside them (tax, session, invoice)."""
    expand = [f"data.{part}" for part in WITH_CHARGE]
    with asking():
        intents = client().v1.payment_intents.list(
            {"created": {"gte": int(since.timestamp())}, "limit": MOST_A_PAGE, "expand": expand}
        )
        for intent in intents.auto_paging_iter():
            yield whole(Found(intent))


def subscriptions_since(since: datetime) -> Iterator[SubscriptionState]:
    """Every subscription made since then, however it is by now, each once."""
    with asking():
        found = client().v1.subscriptions.list(
            {"created": {"gte": int(since.timestamp())}, "status": "all", "limit": MOST_A_PAGE}
        )
        for one in found.auto_paging_iter():
            yield state_of(one)


def events_since(since: datetime, types: Collection[str] = ()) -> Iterator[Event]:
    """Every event since then, the newest first, of these types (20 at most) or of all. Stripe keeps a month."""
    params: EventListParams = {"created": {"gte": int(since.timestamp())}, "limit": MOST_A_PAGE}
    if types:
        params["types"] = [*types]
    with asking():
        for one in client().v1.events.list(params).auto_paging_iter():
            yield value_of(one)


def _made(start: int) -> Iterator[Found]:
    """What was made since, and invoices that were paid since: also those of nothing, which move no money."""
    expand = [f"data.{part}" for part in WITH_CHARGE]
    intents = client().v1.payment_intents.list({"created": {"gte": start}, "limit": MOST_A_PAGE, "expand": expand})
    for intent in intents.auto_paging_iter():
        yield beside_intent(intent)
    invoices = client().v1.invoices.list(
        {"created": {"gte": start - LATEST_S}, "status": "paid", "limit": MOST_A_PAGE, "expand": ["data.payments"]}
    )
    for invoice in invoices.auto_paging_iter():
        if (invoice.status_transitions.paid_at or invoice.created) >= start and not intent_of(invoice):
            yield beside_invoice(invoice)
    pages = client().v1.checkout.sessions.list(
        {"created": {"gte": start - PAGE_LIVES_S}, "status": "complete", "limit": MOST_A_PAGE}
    )
    for page in pages.auto_paging_iter():
        if page.mode == "payment" and not page.payment_intent and not page.invoice:
            yield Found(session=page)


def _moved(start: int) -> Iterator[str]:
    """The PaymentIntents of all money that came or went since, whenever they were made: late payments, refunds and
    those that failed, disputes and what came back of them."""
    api = client().v1
    for event in api.events.list({"created": {"gte": start}, "limit": MOST_A_PAGE, "types": [PAID]}).auto_paging_iter():
        yield value_of(event).object_id  # a delayed method moves money, in Stripe's books, days before it is paid
    for moved in api.balance_transactions.list(
        {"created": {"gte": start}, "limit": MOST_A_PAGE, "expand": ["data.source"]}
    ).auto_paging_iter():
        if isinstance(moved.source, Charge | Refund | Dispute):
            yield id_of(moved.source.payment_intent)
    for dispute in api.disputes.list({"created": {"gte": start}, "limit": MOST_A_PAGE}).auto_paging_iter():
        yield id_of(dispute.payment_intent)  # an inquiry moves nothing
    for refund in api.refunds.list({"created": {"gte": start}, "limit": MOST_A_PAGE}).auto_paging_iter():
        yield id_of(refund.payment_intent)  # one that is pending may not have moved anything yet
