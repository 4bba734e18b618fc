"""What outlives a kill: objects, events on their way, kept answers, the clock and what is due."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stripe import StripeClient

from tests.standins.launch import StripeStandIn, start_stripe
from tests.standins.receiver import running_receiver
from tests.standins.stripe.conftest import client_of
from tests.standins.stripe.shop import monthly, open_session, subscribe


@pytest.fixture
def own(tmp_path: Path) -> Iterator[StripeStandIn]:
    """One that may be killed."""
    with start_stripe(tmp_path) as running:
        yield running


def everything(client: StripeClient, standin: StripeStandIn) -> list[object]:
    """What a shop can see."""
    v1 = client.v1
    resources = (v1.customers, v1.charges, v1.payment_intents, v1.invoices, v1.subscriptions, v1.balance_transactions)
    return [standin.events(), *(each.list().to_dict() for each in (*resources, v1.checkout.sessions, v1.prices))]


def test_a_killed_one_goes_on_where_it_was(own: StripeStandIn) -> None:
    client = client_of(own)
    id = subscribe(client, own, monthly(client))
    own.advance(days=10)
    first = client.v1.customers.create({"email": "alice@example.com"}, {"idempotency_key": "a"})
    waiting = open_session(client).id
    client.v1.customers.update(first.id, {"name": "Alice"})
    before, ahead = everything(client, own), own.control()["ahead_s"]

    own.kill()
    own.start()

    assert (everything(client, own), own.control()["ahead_s"]) == (before, ahead)
    assert client.v1.customers.create({"email": "alice@example.com"}, {"idempotency_key": "a"}).id == first.id
    own.advance(days=25)
    assert len(client.v1.invoices.list({"subscription": id}).data) == 2
    assert client.v1.checkout.sessions.retrieve(waiting).status == "expired"


def test_an_event_that_was_not_taken_arrives_after_the_kill(tmp_path: Path) -> None:
    with running_receiver() as receiver, start_stripe(tmp_path, webhook_url=receiver.url) as own:
        receiver.answers = [500]
        client_of(own).v1.customers.create({})
        refused = receiver.next().json["id"]

        own.kill()
        own.start()

        assert receiver.next().json["id"] == refused


def test_reset_forgets_everything(own: StripeStandIn) -> None:
    client = client_of(own)
    client.v1.customers.create({})
    own.advance(days=3)

    own.control(reset=True)
    own.restart()

    assert (own.control()["ahead_s"], own.events(), client.v1.customers.list().data) == (0, [], [])
