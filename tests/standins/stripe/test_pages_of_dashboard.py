"""The front page for whoever develops: what it shows, and what its buttons make a bank or a clock do."""

from collections.abc import Iterator

import pytest
from stripe import StripeClient

from tests.standins.launch import StripeStandIn
from tests.standins.receiver import Receiver
from tests.standins.stripe.shop import buy, customer_of, monthly, open_session, payment_of, subscribe
from tests.standins.stripe.visitor import Visitor


@pytest.fixture
def dashboard(standin: StripeStandIn) -> Iterator[Visitor]:
    with Visitor(standin.url) as one:
        yield one


def test_an_empty_one_says_so(dashboard: Visitor) -> None:
    dashboard.open("/")

    assert "Nothing is really paid." in dashboard.text
    assert "Nobody has paid yet." in dashboard.text
    assert "Nothing has happened yet." in dashboard.text


def test_it_lists_payments_checkouts_and_events(
    client: StripeClient, standin: StripeStandIn, dashboard: Visitor
) -> None:
    session = open_session(client, 2500)
    standin.act("pay", session=session.id, card="insufficient_funds", email="<alice>@example.com")

    dashboard.open("/")

    assert "$25.00 requires payment method insufficient funds" in dashboard.text
    assert dashboard.link("Open the page") == session.url
    assert "payment_intent.payment_failed" in dashboard.text
    assert "nobody listens" in dashboard.text


def test_the_clock_moves_by_a_month_and_a_subscription_renews(
    client: StripeClient, standin: StripeStandIn, dashboard: Visitor
) -> None:
    subscription = subscribe(client, standin, monthly(client))

    dashboard.open("/").press("Forward 1 month").press("Forward 1 hour")

    assert "The clock has moved" in dashboard.text
    assert len(client.v1.invoices.list({"subscription": subscription, "status": "paid"}).data) == 2


def test_the_next_renewal_is_declined(client: StripeClient, standin: StripeStandIn, dashboard: Visitor) -> None:
    subscription = subscribe(client, standin, monthly(client))

    dashboard.open("/").press("Decline the next renewal").press("Forward 1 month").press("Forward 1 hour")

    assert client.v1.subscriptions.retrieve(subscription).status == "past_due"
    assert "past due" in dashboard.text


@pytest.mark.parametrize(("words", "status"), [("Bank pays", "paid"), ("Bank refuses", "unpaid")])
def test_a_delayed_payment_is_settled(
    client: StripeClient, standin: StripeStandIn, dashboard: Visitor, words: str, status: str
) -> None:
    session = open_session(client)
    standin.act("pay", session=session.id, card="bank_waits")

    dashboard.open("/").press(words)

    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == status
    assert "The bank has answered." in dashboard.text


@pytest.mark.parametrize(("words", "status"), [("Won", "won"), ("Lost", "lost")])
def test_a_payment_is_disputed_and_the_bank_decides(
    client: StripeClient, standin: StripeStandIn, dashboard: Visitor, words: str, status: str
) -> None:
    session = buy(client, standin)

    dashboard.open("/").press("Dispute")
    disputed = dashboard.text
    dashboard.press(words)

    assert "succeeded disputed" in disputed
    assert "needs response" in disputed
    dispute = client.v1.disputes.list({"payment_intent": payment_of(session)}).data[0]
    assert dispute.status == status


def test_a_payment_is_refunded_in_part_and_then_whole(
    client: StripeClient, standin: StripeStandIn, dashboard: Visitor
) -> None:
    session = buy(client, standin)

    wrong = dashboard.open("/").fill(dollars="a lot").press("Refund")
    said = (wrong.status, wrong.text)
    too_much = dashboard.fill(dollars="11").press("Refund").text
    dashboard.fill(dollars="2.5").press("Refund")
    part = dashboard.text
    dashboard.press("Refund")

    assert (said[0], "“a lot” is no amount of dollars." in said[1]) == (400, True)
    assert "is greater than unrefunded amount" in too_much
    assert "$2.50 refunded" in part
    amounts = [row.amount for row in client.v1.refunds.list({"payment_intent": payment_of(session)})]
    assert amounts == [750, 250]


def test_events_are_held_and_let_go(
    client: StripeClient, standin: StripeStandIn, dashboard: Visitor, receiver: Receiver
) -> None:
    dashboard.open("/").press("Hold events back")
    client.v1.customers.create({"email": "alice@example.com"})
    held = dashboard.open("/").text

    dashboard.press("Send the 1 held")

    assert "held" in held
    assert receiver.next().json["type"] == "customer.created"
    dashboard.press("Send again")
    assert receiver.next().json["type"] == "customer.created"
    assert "Hold events back" in dashboard.press("Hold no more").text


def test_a_customer_is_deleted(client: StripeClient, standin: StripeStandIn, dashboard: Visitor) -> None:
    session = buy(client, standin, customer_creation="always")

    dashboard.open("/").press("Delete")

    assert client.v1.customers.retrieve(customer_of(session)).deleted is True
    assert "The customer is deleted." in dashboard.text


def test_long_tables_are_cut_and_can_be_seen_whole(
    client: StripeClient, standin: StripeStandIn, dashboard: Visitor
) -> None:
    for number in range(12):
        client.v1.customers.create({"email": f"alice{number}@example.com"})

    first = dashboard.open("/").text
    whole = dashboard.open("/?all=customers").text

    assert ("alice11@example.com" in first, "alice0@example.com" in first) == (True, False)
    assert "alice0@example.com" in whole
