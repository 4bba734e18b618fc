"""Refunds and disputes of a payment: what they took, and what came back."""

import pytest

from billing import stripe_gateway
from billing.stripe_values import Reversed, StripeRefused
from tests.billing.stripe_gateway.till import bought, from_all_sides, library
from tests.stripe_standin import DAY_S, StripeStandIn


def give_back(payment: str, cents: int, *, key: str) -> str:
    return stripe_gateway.refund(
        payment, cents=cents, reason="requested_by_customer", metadata={"refund": key}, key=f"refund:{key}"
    )


def only(standin: StripeStandIn, payment: str) -> Reversed:
    (one,) = from_all_sides(standin, payment).reversals
    return one


def test_refunds_in_parts_stand_in_their_order(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)
    first = give_back(payment.id, 300, key="1")
    stripe_standin.control(advance_s=60)
    second = give_back(payment.id, 700, key="2")

    found = from_all_sides(stripe_standin, payment.id)

    assert [(one.id, one.cents, one.takes, one.restored_cents) for one in found.reversals] == [
        (first, 300, True, 0),
        (second, 700, True, 0),
    ]
    assert [(one.is_dispute, one.status, one.reason) for one in found.reversals] == [
        (False, "succeeded", "requested_by_customer")
    ] * 2
    assert (found.status, found.paid_cents) == (payment.status, 1000)


def test_a_refund_said_twice_is_one(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)

    assert give_back(payment.id, 300, key="1") == give_back(payment.id, 300, key="1")

    assert len(from_all_sides(stripe_standin, payment.id).reversals) == 1


def test_the_same_key_with_another_sum_is_refused(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)
    give_back(payment.id, 300, key="1")

    with pytest.raises(StripeRefused) as refused:
        give_back(payment.id, 400, key="1")

    assert refused.value.code == "idempotency_error"


def test_more_than_was_paid_is_not_given_back(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)
    give_back(payment.id, 300, key="1")

    with pytest.raises(StripeRefused) as refused:
        give_back(payment.id, 701, key="2")

    assert (refused.value.status, refused.value.param) == (400, "amount")


def test_every_refund_is_found_also_where_stripe_sends_them_in_pages(
    stripe_standin: StripeStandIn, customer: str
) -> None:
    payment = bought(stripe_standin, customer)
    refunds = {give_back(payment.id, 10, key=str(count)) for count in range(23)}

    assert {one.id for one in stripe_gateway.read_payment(payment.id).reversals} == refunds


def test_a_pending_refund_takes_and_then_arrives(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer, card="refund_pends")
    refund = give_back(payment.id, 1000, key="1")
    assert only(stripe_standin, payment.id).status == "pending"
    assert only(stripe_standin, payment.id).takes

    stripe_standin.act("arrive_refund", refund=refund)

    arrived = only(stripe_standin, payment.id)
    assert (arrived.status, arrived.takes, arrived.restored_cents) == ("succeeded", True, 0)


def test_a_refund_that_failed_came_back_whole(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer, card="refund_fails")
    give_back(payment.id, 400, key="1")

    stripe_standin.control(advance_s=6 * DAY_S)

    failed = only(stripe_standin, payment.id)
    assert (failed.status, failed.takes, failed.cents, failed.restored_cents) == ("failed", True, 400, 400)


def test_a_dispute_takes_what_it_is_about(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)

    opened = stripe_standin.act("dispute", payment=payment.id, amount=600, reason="fraudulent")

    dispute = only(stripe_standin, payment.id)
    assert (dispute.id, dispute.is_dispute, dispute.cents, dispute.takes) == (opened["id"], True, 600, True)
    assert (dispute.restored_cents, dispute.status, dispute.reason) == (0, "needs_response", "fraudulent")


@pytest.mark.parametrize(("won", "restored"), [(True, 1000), (False, 0)])
def test_a_dispute_that_is_over_gave_back_all_or_nothing(
    stripe_standin: StripeStandIn, customer: str, won: bool, restored: int
) -> None:
    payment = bought(stripe_standin, customer)
    opened = stripe_standin.act("dispute", payment=payment.id)

    stripe_standin.act("close_dispute", dispute=opened["id"], won=won)

    dispute = only(stripe_standin, payment.id)
    assert (dispute.takes, dispute.restored_cents, dispute.status) == (True, restored, "won" if won else "lost")


def test_an_inquiry_takes_nothing_until_it_is_a_dispute(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)
    opened = stripe_standin.act("dispute", payment=payment.id, inquiry=True)
    inquiry = only(stripe_standin, payment.id)
    assert (inquiry.takes, inquiry.restored_cents, inquiry.status) == (False, 0, "warning_needs_response")

    stripe_standin.act("escalate", dispute=opened["id"])

    dispute = only(stripe_standin, payment.id)
    assert (dispute.takes, dispute.restored_cents, dispute.status) == (True, 0, "needs_response")


def test_an_inquiry_that_ended_well_took_nothing(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)
    opened = stripe_standin.act("dispute", payment=payment.id, inquiry=True)

    stripe_standin.act("close_dispute", dispute=opened["id"], won=True)

    assert not any(one.takes for one in from_all_sides(stripe_standin, payment.id).reversals)


def test_a_refund_and_a_dispute_of_the_rest_are_both_told(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)
    refund = give_back(payment.id, 250, key="1")
    stripe_standin.control(advance_s=60)
    opened = stripe_standin.act("dispute", payment=payment.id, amount=750)

    found = from_all_sides(stripe_standin, payment.id)

    assert [(one.id, one.cents) for one in found.reversals] == [(refund, 250), (opened["id"], 750)]


def test_a_refund_says_whose_it_is(stripe_standin: StripeStandIn, customer: str) -> None:
    payment = bought(stripe_standin, customer)

    refund = library(stripe_standin).v1.refunds.retrieve(give_back(payment.id, 300, key="1"))

    assert refund.metadata is not None
    assert refund.metadata.to_dict() == {"refund": "1"}
