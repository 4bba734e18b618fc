"""Payment intents: taken at once, asked for at the bank, declined, and those whose money comes days later."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.standins.launch import StripeStandIn
from tests.standins.stripe.shop import open_session

BACK = "http://shop.example/"


def intent(client: StripeClient, card: str, **more: Any) -> stripe.PaymentIntent:
    params: Any = {"amount": 1000, "currency": "usd", "payment_method": card, "confirm": True, "return_url": BACK}
    return client.v1.payment_intents.create(params | more)


def saved(client: StripeClient, card: str) -> tuple[str, str]:
    """A customer, and a card of theirs."""
    customer = client.v1.customers.create({"email": "alice@example.com"})
    method = client.v1.payment_methods.attach(card, {"customer": customer.id})
    return customer.id, method.id


def off_session(client: StripeClient, customer: str, method: str) -> stripe.PaymentIntent:
    return intent(client, method, customer=customer, off_session=True)


def test_paid_at_once_with_its_charge_and_its_fee(client: StripeClient, standin: StripeStandIn) -> None:
    paid = intent(client, "pm_card_visa", metadata={"user": "1"})

    assert (paid.status, paid.amount_received, paid.next_action) == ("succeeded", 1000, None)
    charge = client.v1.charges.retrieve(str(paid.latest_charge), {"expand": ["balance_transaction"]})
    assert (charge.paid, charge.amount_captured, charge.metadata["user"]) == (True, 1000, "1")
    entry = charge.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (entry.type, entry.amount, entry.fee, entry.status) == ("charge", 1000, 59, "pending")
    standin.advance(days=3)
    assert client.v1.balance_transactions.retrieve(entry.id).status == "available"
    assert standin.types() == [
        "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.updated",
    ]  # fmt: skip


def test_confirmed_later_or_canceled(client: StripeClient) -> None:
    only_cards: Any = {"allowed_payment_method_types": ["card"]}
    waiting = client.v1.payment_intents.create({"amount": 700, "currency": "usd"} | only_cards)
    other = client.v1.payment_intents.create({"amount": 700, "currency": "usd"})

    paid = client.v1.payment_intents.confirm(waiting.id, {"payment_method": "pm_card_visa"})
    canceled = client.v1.payment_intents.cancel(other.id, {"cancellation_reason": "abandoned"})

    assert (waiting.status, paid.status) == ("requires_payment_method", "succeeded")
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    for id in (waiting.id, other.id):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.confirm(id, {"payment_method": "pm_card_visa"})
        assert refused.value.code == "payment_intent_unexpected_state"


def test_a_declined_one_can_be_tried_again(client: StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        intent(client, "pm_card_chargeDeclinedExpiredCard")
    error = declined.value.error
    assert error is not None and error.payment_intent is not None
    id = error.payment_intent.id

    left = client.v1.payment_intents.retrieve(id)
    assert left.last_payment_error is not None
    assert (left.status, left.last_payment_error.code) == ("requires_payment_method", "expired_card")
    assert client.v1.payment_intents.confirm(id, {"payment_method": "pm_card_visa", "return_url": BACK}).status == (
        "succeeded"
    )
    assert [each.status for each in client.v1.charges.list({"payment_intent": id}).data] == ["succeeded", "failed"]


def test_the_customer_is_asked_at_the_bank(client: StripeClient, standin: StripeStandIn) -> None:
    asked = intent(client, "pm_card_authenticationRequired")
    action = asked.next_action
    assert action is not None and action.redirect_to_url is not None
    assert (asked.status, action.redirect_to_url.return_url) == ("requires_action", BACK)

    standin.act("authenticate", payment=asked.id, good=False)
    failed = client.v1.payment_intents.retrieve(asked.id)
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    client.v1.payment_intents.confirm(
        asked.id, {"payment_method": "pm_card_authenticationRequired", "return_url": BACK}
    )
    standin.act("authenticate", payment=asked.id)

    assert client.v1.payment_intents.retrieve(asked.id).status == "succeeded"


@pytest.mark.parametrize(
    ("card", "code", "decline"),
    [
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
    ],
)
def test_a_saved_card_may_fail_without_its_owner(client: StripeClient, card: str, code: str, decline: str) -> None:
    customer, method = saved(client, card)

    with pytest.raises(stripe.CardError) as declined:
        off_session(client, customer, method)

    error = declined.value.error
    assert error is not None and error.payment_intent is not None
    assert (error.code, error.decline_code) == (code, decline)
    assert error.payment_intent.status == "requires_payment_method"


def test_a_card_that_was_authenticated_once_pays_by_itself(client: StripeClient, standin: StripeStandIn) -> None:
    session = open_session(client, payment_intent_data={"setup_future_usage": "off_session"})
    standin.act("pay", session=session.id, card="authenticate_once")
    standin.act("authenticate", payment=session.id)
    customer = client.v1.customers.list().data[0].id
    methods = client.v1.customers.payment_methods.list(customer).data

    assert [each.type for each in methods] == ["card"]
    assert off_session(client, customer, methods[0].id).status == "succeeded"


def test_ordered_declines_meet_the_next_payments_of_one_customer(client: StripeClient, standin: StripeStandIn) -> None:
    alice, bob = saved(client, "pm_card_visa"), saved(client, "pm_card_visa")
    standin.act("decline", customer=alice[0], code="expired_card", times=2)

    assert off_session(client, *bob).status == "succeeded"
    for _ in range(2):
        with pytest.raises(stripe.CardError, match="expired"):
            off_session(client, *alice)
    assert off_session(client, *alice).status == "succeeded"


@pytest.mark.parametrize(("account", "status"), [("bank", "succeeded"), ("bank_closed", "requires_payment_method")])
def test_a_bank_debit_takes_days(client: StripeClient, standin: StripeStandIn, account: str, status: str) -> None:
    session = open_session(client)
    standin.act("pay", session=session.id, card=account)
    half = client.v1.checkout.sessions.retrieve(session.id)
    assert (half.status, half.payment_status) == ("complete", "unpaid")
    id = str(half.payment_intent)
    assert client.v1.payment_intents.retrieve(id).status == "processing"

    standin.advance(days=5)

    ended = client.v1.payment_intents.retrieve(id, {"expand": ["latest_charge.failure_balance_transaction"]})
    paid = client.v1.checkout.sessions.retrieve(session.id).payment_status
    assert (ended.status, paid) == (status, "paid" if status == "succeeded" else "unpaid")
    sums = [(entry.type, entry.amount) for entry in client.v1.balance_transactions.list().data]
    back = [] if status == "succeeded" else [("payment_failure_refund", -1000)]
    assert sums == [*back, ("payment", 1000)]
    word = "succeeded" if status == "succeeded" else "failed"
    assert standin.types()[-1] == f"checkout.session.async_payment_{word}"


def test_methods_belong_to_one_customer(client: StripeClient) -> None:
    customer, method = saved(client, "pm_card_visa")
    other = client.v1.customers.create({})

    with pytest.raises(stripe.InvalidRequestError):
        off_session(client, other.id, method)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.attach(method, {"customer": other.id})
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": other.id})
    client.v1.payment_methods.detach(method)
    assert client.v1.customers.payment_methods.list(customer).data == []
