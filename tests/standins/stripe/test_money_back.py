"""Refunds and disputes: every cent that goes back, on the charge, on the balance and in events."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.standins.launch import StripeStandIn
from tests.standins.stripe.shop import buy, open_session, payment_of


def bought(client: StripeClient, standin: StripeStandIn, card: str = "visa") -> str:
    """The payment intent of a purchase."""
    session = open_session(client)
    standin.act("pay", session=session.id, card=card)
    return payment_of(client.v1.checkout.sessions.retrieve(session.id))


def charge_of(client: StripeClient, payment: str) -> stripe.Charge:
    return client.v1.charges.list({"payment_intent": payment}).data[0]


def balance(client: StripeClient) -> list[tuple[str, int, int]]:
    """Type, amount and fee of all that moved, oldest first."""
    rows = client.v1.balance_transactions.list({"limit": 100}).data
    return [(row.type, row.amount, row.fee) for row in reversed(rows)]


def test_refunds_in_parts_add_up(client: StripeClient, standin: StripeStandIn) -> None:
    payment = bought(client, standin)

    first = client.v1.refunds.create({"payment_intent": payment, "amount": 300, "metadata": {"row": "1"}})
    standin.act("refund", payment=payment, amount=200)
    rest = client.v1.refunds.create({"charge": charge_of(client, payment).id})

    assert (first.status, first.metadata and first.metadata["row"], rest.amount) == ("succeeded", "1", 500)
    charge = charge_of(client, payment)
    assert (charge.amount_refunded, charge.refunded) == (1000, True)
    told = standin.events(type="charge.refunded")
    assert [event["data"]["object"]["amount_refunded"] for event in told] == [300, 500, 1000]
    assert told[1]["data"]["previous_attributes"] == {"amount_refunded": 300}
    assert told[1]["request"] == {"id": None, "idempotency_key": None}
    assert told[2]["request"]["id"].startswith("req_")
    assert balance(client)[1:] == [("refund", -300, 0), ("refund", -200, 0), ("refund", -500, 0)]
    with pytest.raises(stripe.InvalidRequestError) as done:
        client.v1.refunds.create({"payment_intent": payment})
    assert done.value.code == "charge_already_refunded"


def test_more_than_is_left_is_refused(client: StripeClient, standin: StripeStandIn) -> None:
    payment = bought(client, standin)
    client.v1.refunds.create({"payment_intent": payment, "amount": 900})

    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"payment_intent": payment, "amount": 101})


def test_a_refund_that_fails_comes_back(client: StripeClient, standin: StripeStandIn) -> None:
    payment = bought(client, standin)
    refund = client.v1.refunds.create({"payment_intent": payment, "amount": 400})

    standin.act("fail_refund", refund=refund.id)

    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, bool(failed.failure_reason)) == ("failed", True)
    assert charge_of(client, payment).amount_refunded == 0
    assert balance(client)[-1] == ("refund_failure", 400, 0)
    assert standin.types()[-4:] == ["refund.failed", "refund.updated", "charge.refund.updated", "charge.updated"]


@pytest.mark.parametrize(
    ("card", "first", "then"),
    [("refund_pends", "pending", "succeeded"), ("refund_fails", "succeeded", "failed")],
)
def test_refunds_of_some_cards_end_days_later(
    client: StripeClient, standin: StripeStandIn, card: str, first: str, then: str
) -> None:
    payment = bought(client, standin, card)
    refund = client.v1.refunds.create({"payment_intent": payment})

    standin.advance(days=6)

    assert (refund.status, client.v1.refunds.retrieve(refund.id).status) == (first, then)


@pytest.mark.parametrize("won", [True, False])
def test_a_dispute_takes_the_money_and_brings_it_back_when_won(
    client: StripeClient, standin: StripeStandIn, won: bool
) -> None:
    payment = bought(client, standin)
    id = standin.act("dispute", payment=payment, amount=400, reason="product_not_received")["id"]
    taken = client.v1.disputes.retrieve(id)
    assert (taken.status, taken.amount, taken.payment_intent) == ("needs_response", 400, payment)
    assert charge_of(client, payment).disputed is True
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": payment})
    assert refused.value.code == "charge_disputed"

    assert client.v1.disputes.update(id, {"evidence": {"uncategorized_text": "Drawn."}}).status == "under_review"
    standin.act("close_dispute", dispute=id, won=won)

    ended = client.v1.disputes.retrieve(id)
    moved = [(each.amount, each.fee, each.reporting_category) for each in ended.balance_transactions]
    back = [(400, 0, "dispute_reversal")] if won else []
    assert (ended.status, moved) == ("won" if won else "lost", [(-400, 1500, "dispute"), *back])
    types = [type for type in standin.types() if type.startswith("charge.dispute.")]
    reinstated = ["charge.dispute.funds_reinstated"] if won else []
    assert types == [
        "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", *reinstated,
        "charge.dispute.closed",
    ]  # fmt: skip


def test_an_inquiry_costs_nothing_unless_it_becomes_a_dispute(client: StripeClient, standin: StripeStandIn) -> None:
    calm, angry = bought(client, standin), bought(client, standin)
    first = standin.act("dispute", payment=calm, inquiry=True)
    second = standin.act("dispute", payment=angry, inquiry=True)
    assert (first["status"], first["balance_transactions"]) == ("warning_needs_response", [])

    standin.act("close_dispute", dispute=first["id"], won=True)
    standin.act("escalate", dispute=second["id"])
    standin.act("close_dispute", dispute=second["id"], won=False)

    assert client.v1.disputes.retrieve(first["id"]).status == "warning_closed"
    assert client.v1.disputes.retrieve(second["id"]).status == "lost"
    assert balance(client)[2:] == [("adjustment", -1000, 1500)]
    assert client.v1.refunds.create({"payment_intent": calm}).status == "succeeded"


def test_a_card_that_disputes_does_so_by_itself(client: StripeClient, standin: StripeStandIn) -> None:
    payment = bought(client, standin, "disputed")

    standin.advance(minutes=1)

    assert [each.reason for each in client.v1.disputes.list({"payment_intent": payment}).data] == ["fraudulent"]


def test_nothing_is_lost_on_the_balance(client: StripeClient, standin: StripeStandIn) -> None:
    """Payments less refunds less disputes is what the charges say."""
    kept = buy(client, standin)
    part, lost = bought(client, standin), bought(client, standin)
    client.v1.refunds.create({"payment_intent": part, "amount": 250})
    dispute: Any = standin.act("dispute", payment=lost)
    standin.act("close_dispute", dispute=dispute["id"], won=False)

    assert sum(amount for _, amount, _ in balance(client)) == 3000 - 250 - 1000
    assert charge_of(client, payment_of(kept)).amount_refunded == 0
