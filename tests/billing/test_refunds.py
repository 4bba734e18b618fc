"""Refunds by staff: one refund at Stripe, whatever happens on the way, and the ledger hears of it from Stripe alone."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from billing import ledger, payments, refunds, unspent
from billing.models import Purchase, Reversal, StaffRefund
from billing.refunds import RefundRefused
from billing.unspent import Unspent
from tests.billing.at_stripe import bought, choose, hear
from tests.conftest import run_queued_tasks, wallet_of
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db
Status = StaffRefund.Status


def ask(purchase: Purchase, cents: int, *, unspent_only: bool = False) -> StaffRefund:
    return refunds.ask(purchase.pk, cents=cents, unspent_only=unspent_only, reason="Bought by mistake", actor="staff:7")


def refusal(purchase: Purchase, cents: int, *, unspent_only: bool = False) -> str:
    with pytest.raises(RefundRefused) as refused:
        ask(purchase, cents, unspent_only=unspent_only)
    return str(refused.value)


def spend(user: Any, credits: int) -> None:
    ledger.hold(user, credits * 100, key=f"spent:{credits}")
    ledger.capture(f"spent:{credits}", credits * 100, memo="Pictures")


def refunded(stripe: StripeStandIn) -> list[int]:
    """The amounts of all refunds that Stripe made."""
    return [each["data"]["object"]["amount"] for each in stripe.events(type="refund.created")]


def now_due() -> None:
    StaffRefund.objects.update(due_at=timezone.now(), nudged_at=None)
    refunds.sweep()
    run_queued_tasks()


def status(row: StaffRefund) -> str:
    row.refresh_from_db()
    return row.status


def test_the_whole_is_given_back_and_taken_from_the_wallet(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob, cents=2_500)

    row = ask(purchase, 2_500)
    run_queued_tasks()

    assert (status(row), refunded(stripe_standin), wallet_of(bob)) == (Status.DONE, [2_500], (0, 0))
    assert Reversal.objects.get().stripe_id == row.stripe_id
    hear(stripe_standin)  # its events say the same
    assert (Reversal.objects.count(), wallet_of(bob)) == (1, (0, 0))


def test_the_ledger_is_not_touched_until_stripe_has_made_it(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)

    row = ask(purchase, 1_000)

    assert (status(row), wallet_of(bob)) == (Status.ASKED, (10_000_00, 0))


def test_the_unspent_part_is_what_was_not_used_and_leaves_no_debt(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob, cents=2_500)  # 26,000 credits
    spend(bob, 6_501)

    assert unspent.of(purchase) == Unspent(19_499_00, 1_874)  # 18.74 dollars take 19,489.60 credits, 18.75 take 19,500
    row = ask(purchase, 1_874, unspent_only=True)
    run_queued_tasks()

    assert (status(row), ledger.wallet(bob).debt) == (Status.DONE, 0)
    assert wallet_of(bob) == (9_40, 0)


def test_used_credits_are_those_that_came_first(bob: Any, stripe_standin: StripeStandIn) -> None:
    ledger.grant(bob, 500_00, key="trial", memo="Trial")
    first = bought(stripe_standin, bob)
    second = bought(stripe_standin, bob, cents=500)
    ledger.grant(bob, 300_00, key="gift", memo="Gift")
    spend(bob, 2_500)  # the trial, and 2,000 of the first purchase

    assert unspent.of(first) == Unspent(8_000_00, 800)
    assert unspent.of(second) == Unspent(5_000_00, 500)
    spend(bob, 12_900)  # all but 400, of which 300 were given

    assert unspent.of(first) == Unspent(0, 0)
    assert unspent.of(second) == Unspent(100_00, 10)


def test_what_was_taken_back_of_a_later_purchase_does_not_count_against_an_earlier_one(
    bob: Any, stripe_standin: StripeStandIn
) -> None:
    first = bought(stripe_standin, bob)
    second = bought(stripe_standin, bob, cents=500)
    ask(second, 500)
    run_queued_tasks()

    assert unspent.of(first) == Unspent(10_000_00, 1_000)
    assert unspent.of(second) == Unspent(0, 0)


def test_what_is_set_aside_is_not_unspent(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    ledger.hold(bob, 4_000_00, key="open")

    assert unspent.of(purchase) == Unspent(6_000_00, 600)


def test_two_people_who_press_at_once_give_back_once(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)

    ask(purchase, 400)
    assert refusal(purchase, 400) == "A refund of $4.00 is on its way already."
    run_queued_tasks()

    assert refunded(stripe_standin) == [400]


def test_more_than_is_left_is_refused_with_what_is_allowed(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    ask(purchase, 400)
    run_queued_tasks()

    assert refusal(purchase, 601) == "At most $6.00 can be given back."
    spend(bob, 1_000)
    assert refusal(purchase, 600, unspent_only=True) == "At most $5.00 can be given back for what is unspent."
    ask(purchase, 600)
    run_queued_tasks()
    assert refusal(purchase, 1) == "All of it was given back already."
    assert refunded(stripe_standin) == [400, 600]


def test_what_was_never_paid_is_not_given_back(bob: Any, stripe_standin: StripeStandIn) -> None:
    assert refusal(choose(bob), 1_000) == "This purchase was not paid, so there is nothing to give back."


def test_lago_6257_a_disputed_payment_is_not_refunded_on_top(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    dispute = stripe_standin.act("dispute", payment=purchase.payment)
    hear(stripe_standin)

    assert refusal(purchase, 1_000) == refunds.DISPUTED

    stripe_standin.act("close_dispute", dispute=dispute["id"], won=True)
    hear(stripe_standin)
    assert refunds.refusal(purchase, cents=1_000, unspent_only=False) == ""  # the money is back: it can be given back


def test_a_dispute_that_we_did_not_hear_of_is_found_before_stripe_is_asked(
    bob: Any, stripe_standin: StripeStandIn
) -> None:
    purchase = bought(stripe_standin, bob)
    row = ask(purchase, 1_000)
    stripe_standin.act("dispute", payment=purchase.payment)

    run_queued_tasks()

    assert (status(row), row.error, refunded(stripe_standin)) == (Status.FAILED, refunds.DISPUTED, [])
    assert wallet_of(bob) == (0, 0)
    assert stripe_standin.log(method="POST", path="/v1/refunds") == []


def test_an_inquiry_of_the_bank_is_answered_by_a_refund(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    stripe_standin.act("dispute", payment=purchase.payment, inquiry=True)
    hear(stripe_standin)
    assert wallet_of(bob) == (10_000_00, 0)

    row = ask(purchase, 1_000)
    run_queued_tasks()

    assert (status(row), wallet_of(bob)) == (Status.DONE, (0, 0))


def test_what_somebody_refunded_at_the_dashboard_is_found_too(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    row = ask(purchase, 1_000)
    stripe_standin.act("refund", payment=purchase.payment, amount=300)

    run_queued_tasks()

    assert (status(row), row.error) == (Status.FAILED, "At most $7.00 can be given back by now.")
    assert (refunded(stripe_standin), wallet_of(bob)) == ([300], (7_000_00, 0))


def test_stripe_that_is_away_is_asked_again_under_the_same_key(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    row = ask(purchase, 1_000)
    stripe_standin.control(
        [{"on": "api", "path": "/v1/refunds", "method": "POST", "cut": "before_reply", "after": True, "times": 3}]
    )
    run_queued_tasks()

    assert (status(row), row.stripe_id) == (Status.SENT, None)
    assert refunded(stripe_standin) == [1_000]  # it has it; its answers were lost

    now_due()

    assert (status(row), refunded(stripe_standin), wallet_of(bob)) == (Status.DONE, [1_000], (0, 0))
    keys = {call["idempotency_key"] for call in stripe_standin.log(method="POST", path="/v1/refunds")}
    assert keys == {f"refund:{row.pk}"}


def test_nobody_asks_under_a_key_that_stripe_may_have_forgotten(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    row = ask(purchase, 400)
    StaffRefund.objects.update(status=Status.SENT, sent_at=timezone.now() - timedelta(hours=24))
    stripe_standin.act("refund", payment=purchase.payment, amount=400)  # as if it were that one

    run_queued_tasks()

    assert (status(row), row.error) == (Status.FAILED, refunds.UNANSWERED)
    assert (refunded(stripe_standin), wallet_of(bob)) == ([400], (6_000_00, 0))


def test_what_stripe_refuses_fails_with_its_words(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    row = ask(purchase, 1_000)
    Purchase.objects.update(payment="pi_unknown")

    run_queued_tasks()

    assert status(row) == Status.FAILED
    assert "pi_unknown" in row.error
    Purchase.objects.update(payment=purchase.payment)


def test_a_refund_that_the_bank_returns_brings_the_credits_back(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    row = ask(purchase, 1_000)
    run_queued_tasks()
    row.refresh_from_db()

    stripe_standin.act("fail_refund", refund=row.stripe_id)
    hear(stripe_standin)

    assert wallet_of(bob) == (10_000_00, 0)
    again = ask(purchase, 1_000)
    run_queued_tasks()
    assert (status(again), wallet_of(bob)) == (Status.DONE, (0, 0))


def test_a_worker_that_died_leaves_it_to_the_next(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    row = ask(purchase, 1_000)
    claimed = StaffRefund.objects.filter(pk=row.pk)
    claimed.update(due_at=timezone.now() + refunds.LEASE, tries=1)
    refunds.go_on(row.pk)
    assert refunded(stripe_standin) == []  # somebody else has it

    with time_machine.travel(timezone.now() + refunds.LEASE * 2, tick=True):
        refunds.sweep()
        run_queued_tasks()

    assert (status(row), refunded(stripe_standin)) == (Status.DONE, [1_000])


def test_the_ledger_names_no_row_of_staff(bob: Any, stripe_standin: StripeStandIn) -> None:
    purchase = bought(stripe_standin, bob)
    row = ask(purchase, 1_000)
    run_queued_tasks()
    row.refresh_from_db()

    taking = Reversal.objects.get().taking
    assert taking is not None and taking.key == payments.key(row.stripe_id or "")
