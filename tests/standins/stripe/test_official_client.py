"""Stripe's own client talks to the stand-in as to Stripe: answers, errors, lists, expansion."""

import pytest
import stripe
from stripe import StripeClient

from tests.standins.launch import STRIPE_SECRET, StripeStandIn
from tests.standins.receiver import Receiver
from tests.standins.stripe.conftest import client_of
from tests.standins.stripe.shop import buy, open_session, payment_of


def test_a_purchase_from_the_session_to_its_verified_events(
    client: StripeClient, standin: StripeStandIn, receiver: Receiver
) -> None:
    session = open_session(client, metadata={"pack": "1"}, customer_email="alice@example.com")
    assert session.url == f"{standin.url}/pay/{session.id}"

    standin.act("pay", session=session.id)
    standin.control(settle_events=True)

    paid = client.v1.checkout.sessions.retrieve(session.id)
    assert (paid.status, paid.payment_status, paid.amount_total) == ("complete", "paid", 1000)
    heard = [receiver.next() for _ in standin.events()]
    events = [
        stripe.Webhook.construct_event(each.body, each.headers["stripe-signature"], STRIPE_SECRET) for each in heard
    ]
    assert [event.type for event in events] == standin.types()
    completed = next(event for event in events if event.type == "checkout.session.completed")
    assert (completed.api_version, completed.data.object["id"]) == ("2026-10-28.endive", session.id)
    assert completed.data.object["metadata"]["pack"] == "1"


def test_customers_are_made_changed_found_and_deleted(client: StripeClient) -> None:
    alice = client.v1.customers.create({"email": "alice@example.com", "metadata": {"user": "1", "plan": "a"}})
    client.v1.customers.update(alice.id, {"name": "Alice", "metadata": {"plan": "", "since": "2026"}})
    client.v1.customers.create({"email": "bob@example.com"})

    found = client.v1.customers.list({"email": "alice@example.com"}).data
    told = [each.to_dict() for each in found]
    assert [(each["name"], each["metadata"]) for each in told] == [("Alice", {"user": "1", "since": "2026"})]
    client.v1.customers.delete(alice.id)
    gone = client.v1.customers.retrieve(alice.id)
    assert (gone.id, gone.deleted, len(client.v1.customers.list().data)) == (alice.id, True, 1)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.update(alice.id, {"name": "Alice"})


def test_errors_are_of_their_kinds(client: StripeClient, standin: StripeStandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.customers.retrieve("cus_nobody")
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v1.customers.create({"colour": "red"})  # type: ignore[arg-type]
    with pytest.raises(stripe.InvalidRequestError) as needed:
        client.v1.payment_intents.create({"amount": 100})  # type: ignore[typeddict-item]
    with pytest.raises(stripe.InvalidRequestError) as nested:
        open_session(client, line_items=[{"price_data": {"currency": "usd", "colour": 1}, "quantity": 1}])
    with pytest.raises(stripe.AuthenticationError) as stranger:
        client_of(standin, key="sk_live_somebody").v1.customers.list()
    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.create(
            {
                "amount": 1000,
                "currency": "usd",
                "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds",
                "confirm": True,
                "off_session": True,
            }
        )

    facts = [(each.value.http_status, each.value.code, each.value.param) for each in (missing, unknown, needed, nested)]
    assert facts == [
        (404, "resource_missing", "id"),
        (400, "parameter_unknown", "colour"),
        (400, "parameter_missing", "currency"),
        (400, "parameter_unknown", "line_items[0][price_data][colour]"),
    ]
    assert stranger.value.http_status == 401
    error = declined.value.error
    assert error is not None and error.payment_intent is not None
    assert (declined.value.http_status, error.code, error.decline_code) == (402, "card_declined", "insufficient_funds")
    assert error.payment_intent.status == "requires_payment_method"
    assert error.charge == error.payment_intent.latest_charge
    assert error.doc_url and error.request_log_url and error.payment_method


def test_too_many_calls_and_a_wrong_version(client: StripeClient, standin: StripeStandIn) -> None:
    standin.control(calls_a_second=0)
    with pytest.raises(stripe.RateLimitError):
        client.v1.customers.list()
    standin.control(calm=True)

    with pytest.raises(stripe.InvalidRequestError, match="version"):
        client.v1.customers.list(options={"stripe_version": "2019-01-01"})


def test_lists_come_in_pages_newest_first(client: StripeClient, standin: StripeStandIn) -> None:
    ids = [client.v1.customers.create({"email": f"{n}@example.com"}).id for n in range(7)][::-1]
    since = standin.control()["now"]

    first = client.v1.customers.list({"limit": 3})
    assert ([each.id for each in first.data], first.has_more) == (ids[:3], True)
    after = client.v1.customers.list({"limit": 4, "starting_after": ids[2]})
    assert ([each.id for each in after.data], after.has_more) == (ids[3:], False)
    before = client.v1.customers.list({"limit": 2, "ending_before": ids[4]})
    assert ([each.id for each in before.data], before.has_more) == (ids[2:4], True)
    assert [each.id for each in client.v1.customers.list({"limit": 2}).auto_paging_iter()] == ids
    standin.advance(hours=1)
    late = client.v1.customers.create({"email": "late@example.com"}).id
    assert [each.id for each in client.v1.customers.list({"created": {"gt": since + 60}}).data] == [late]
    assert len(client.v1.customers.list({"created": {"lte": since + 60}}).data) == 7
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list({"limit": 101})


def test_what_is_asked_for_is_expanded(client: StripeClient, standin: StripeStandIn) -> None:
    session = buy(client, standin, invoice_creation={"enabled": True})

    plain = client.v1.payment_intents.retrieve(payment_of(session))
    assert isinstance(plain.latest_charge, str)
    assert "line_items" not in session.to_dict()
    deep = ["payment_intent.latest_charge.balance_transaction", "line_items", "invoice.payments.data.payment"]
    whole = client.v1.checkout.sessions.retrieve(session.id, {"expand": deep}).to_dict()
    assert whole["payment_intent"]["latest_charge"]["balance_transaction"]["net"] == 1000 - 59
    assert whole["line_items"]["data"][0]["price"]["unit_amount"] == 1000
    assert whole["invoice"]["payments"]["data"][0]["payment"]["payment_intent"] == session.payment_intent
    listed = client.v1.charges.list({"expand": ["data.refunds", "data.customer"]}).data[0].to_dict()
    assert (listed["refunds"]["data"], listed["customer"]["object"]) == ([], "customer")
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.customers.list({"expand": ["data.email"]})
