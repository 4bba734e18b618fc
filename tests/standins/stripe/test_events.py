"""Events on their way: signed, in order, again where not taken, held back, handed out, and wrong on command."""

import queue
import time

import pytest
import stripe
from stripe import StripeClient, Webhook

from tests.standins.launch import STRIPE_SECRET, StripeStandIn
from tests.standins.receiver import Received, Receiver
from tests.standins.stripe.shop import buy, open_session


def verified(call: Received) -> stripe.Event:
    event: stripe.Event = Webhook.construct_event(call.body, call.headers["stripe-signature"], STRIPE_SECRET)
    return event


def is_refused(call: Received) -> bool:
    try:
        verified(call)
    except stripe.SignatureVerificationError:
        return True
    return False


def arrived(standin: StripeStandIn, receiver: Receiver) -> list[Received]:
    """All that has come, once nothing is on its way any more."""
    standin.control(settle_events=True)
    found = []
    while True:
        try:
            found.append(receiver.arrivals.get_nowait())
        except queue.Empty:
            return found


def test_every_change_tells_what_was_before(client: StripeClient, standin: StripeStandIn) -> None:
    alice = client.v1.customers.create({"email": "alice@example.com", "metadata": {"a": "1", "b": "2"}})
    client.v1.customers.update(alice.id, {"name": "Alice", "metadata": {"a": "3", "c": "4"}}, {"idempotency_key": "k"})
    client.v1.customers.update(alice.id, {"name": "Alice"})

    created, updated = standin.events()
    assert (created["type"], updated["type"]) == ("customer.created", "customer.updated")
    assert updated["data"]["previous_attributes"] == {"name": None, "metadata": {"a": "1", "c": None}}
    assert created["data"]["object"]["metadata"] == {"a": "1", "b": "2"}
    assert updated["request"]["idempotency_key"] == "k"
    assert client.v1.events.retrieve(updated["id"]).type == "customer.updated"
    assert [each.type for each in client.v1.events.list({"type": "customer.*"}).data] == [
        "customer.updated", "customer.created",
    ]  # fmt: skip


def test_they_arrive_in_order_each_once(client: StripeClient, standin: StripeStandIn, receiver: Receiver) -> None:
    buy(client, standin)

    events = [verified(call) for call in arrived(standin, receiver)]

    assert [event.id for event in events] == [event["id"] for event in standin.events()]
    assert client.v1.events.list({"delivery_success": False}).data == []


def test_what_is_not_taken_comes_again(client: StripeClient, standin: StripeStandIn, receiver: Receiver) -> None:
    receiver.answers = [500, 503]
    client.v1.customers.create({})

    assert len(arrived(standin, receiver)) == 1
    missed = client.v1.events.list({"delivery_success": False}).data
    assert [(each.type, each.pending_webhooks) for each in missed] == [("customer.created", 1)]
    standin.advance(seconds=6)
    assert len(arrived(standin, receiver)) == 1
    standin.advance(minutes=5)

    assert len(arrived(standin, receiver)) == 1
    assert standin.events()[0]["deliveries"]["we_command_line"] == {"state": "delivered", "attempts": 3}
    assert client.v1.events.list({"delivery_success": False}).data == []


def test_it_is_given_up_after_three_days(client: StripeClient, standin: StripeStandIn, receiver: Receiver) -> None:
    receiver.answers = [500] * 100
    client.v1.customers.create({})

    standin.advance(days=4)

    assert standin.events()[0]["deliveries"]["we_command_line"] == {"state": "failed", "attempts": 12}


def test_events_are_held_and_let_go_in_any_order(
    client: StripeClient, standin: StripeStandIn, receiver: Receiver
) -> None:
    standin.control(hold=True)
    buy(client, standin)
    assert arrived(standin, receiver) == []
    ids = [event["id"] for event in standin.events()]

    standin.control(release=[ids[2], ids[0]])
    assert [verified(call).id for call in arrived(standin, receiver)] == [ids[2], ids[0]]
    standin.control(release="reverse")
    assert [verified(call).id for call in arrived(standin, receiver)] == [*reversed(ids[3:]), ids[1]]


def test_a_test_delivers_by_itself(client: StripeClient, standin: StripeStandIn) -> None:
    standin.control(hold=True)
    session = buy(client, standin)

    found = standin.events(raw=True, about=session.id)

    assert [each["type"] for each in found] == ["checkout.session.completed"]
    event = Webhook.construct_event(found[0]["body"], found[0]["signature"], STRIPE_SECRET)
    assert (event.id, event.data.object["id"]) == (found[0]["id"], session.id)
    with pytest.raises(stripe.SignatureVerificationError):
        Webhook.construct_event(found[0]["body"] + " ", found[0]["signature"], STRIPE_SECRET)


def test_any_event_is_delivered_again_and_in_copies(
    client: StripeClient, standin: StripeStandIn, receiver: Receiver
) -> None:
    client.v1.customers.create({})
    first = [verified(call).id for call in arrived(standin, receiver)]

    told = standin.control(deliver={"ids": first, "copies": 3})

    assert told["result"]["statuses"] == [200]
    assert [verified(call).id for call in arrived(standin, receiver)] == first * 3


@pytest.mark.parametrize(
    "wrong", [{"forged": True}, {"altered": True}, {"stale_timestamp": True}, {"timestamp_shift_s": -301}]
)
def test_a_call_to_be_refused_comes_before_the_true_one(
    client: StripeClient, standin: StripeStandIn, receiver: Receiver, wrong: dict[str, int]
) -> None:
    standin.control([{"on": "event", "type": "customer.*", **wrong}])
    client.v1.customers.create({})

    first, second = arrived(standin, receiver)

    assert (is_refused(first), is_refused(second)) == (True, False)


def test_oversized_and_future_ones(client: StripeClient, standin: StripeStandIn, receiver: Receiver) -> None:
    rules = [{"on": "event", "oversized": 300_000, "instead": True}, {"on": "event", "timestamp_shift_s": 3600}]
    standin.control(rules)
    client.v1.customers.create({})
    client.v1.customers.create({})

    large, future, true = arrived(standin, receiver)

    assert len(large.body) > 300_000
    assert int(future.headers["stripe-signature"][2:12]) > time.time() + 3000
    assert verified(true).type == "customer.created"


def test_missing_late_early_and_doubled_ones(client: StripeClient, standin: StripeStandIn, receiver: Receiver) -> None:
    standin.control(
        [
            {"on": "event", "type": "payment_intent.succeeded", "never": True},
            {"on": "event", "type": "charge.succeeded", "late_s": 0.2},
            {"on": "event", "type": "payment_intent.created", "copies": 2},
            {"on": "event", "type": "charge.updated", "early": True},
        ]
    )
    client.v1.payment_intents.create(
        {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, "off_session": True}
    )

    heard = [verified(receiver.next()).type for _ in range(4)]

    assert sorted(heard[:3]) == ["charge.updated", "payment_intent.created", "payment_intent.created"]
    assert heard[3] == "charge.succeeded"
    states = {event["type"]: event["deliveries"]["we_command_line"]["state"] for event in standin.events()}
    assert states["payment_intent.succeeded"] == "never"


def test_further_endpoints_hear_what_they_want_with_their_own_secret(
    client: StripeClient, standin: StripeStandIn, receiver: Receiver
) -> None:
    url = f"{receiver.url}/other"
    endpoint = client.v1.webhook_endpoints.create({"url": url, "enabled_events": ["checkout.session.expired"]})
    client.v1.checkout.sessions.expire(open_session(client).id)

    calls = [call for call in arrived(standin, receiver) if call.path == "/other"]

    assert endpoint.secret is not None
    events = [Webhook.construct_event(each.body, each.headers["stripe-signature"], endpoint.secret) for each in calls]
    assert [event.type for event in events] == ["checkout.session.expired"]
    assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id).to_dict()
