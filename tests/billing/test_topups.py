"""Auto top-up: what the customer agreed to and nothing else, one charge at a time, and it knows when to stop."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from billing import ledger, payments, takings, topup_attempts, topups
from billing.models import AutoTopUp, Kind, Pack, Purchase, TopUp
from tests.billing.at_stripe import hear
from tests.billing.topping_up import (
    ASKS,
    CREDITS,
    DECLINES,
    PRICE,
    THRESHOLD,
    agreement,
    asked,
    at,
    buy,
    charges,
    hear_of,
    pass_by,
    save_card,
    spend,
    statuses,
    sweep,
    switched_on,
    told,
)
from tests.conftest import wallet_of
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db
HERS = 1_000_00  # alice's, below the threshold
NO_ANSWER = {"on": "api", "method": "POST", "path": "/v1/payment_intents", "times": 3}  # a call and its repetitions


@pytest.fixture(autouse=True)
def _mails(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"


@pytest.fixture
def stripe(stripe_standin: StripeStandIn) -> StripeStandIn:
    return stripe_standin


@pytest.fixture
def clock() -> Iterator[Any]:
    """Stands in the middle of a month."""
    with time_machine.travel(datetime(2026, 11, 10, 12, tzinfo=UTC), tick=True) as traveller:
        yield traveller


def test_nothing_is_charged_before_the_customer_switches_it_on(alice: Any, stripe: StripeStandIn) -> None:
    save_card(stripe, alice)

    sweep()
    buy(stripe, alice)
    spend(alice, wallet_of(alice)[0])
    sweep()

    assert (charges(stripe), AutoTopUp.objects.count(), TopUp.objects.count()) == ([], 0, 0)


def test_it_fires_below_the_threshold_and_is_credited_once(alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice)

    for _ in range(5):
        sweep()
    hear(stripe)

    assert [(each["amount"], each["status"]) for each in charges(stripe)] == [(PRICE, "succeeded")]
    assert wallet_of(alice) == (HERS + CREDITS, 0)
    row = TopUp.objects.get()
    assert (row.status, row.purchase.status, asked(stripe)) == ("succeeded", "paid", [f"topup:{row.pk}"])
    assert told(alice) == ["top_up_done"]


def test_it_does_not_fire_at_the_threshold_or_above(alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice, threshold=HERS)

    sweep()
    assert charges(stripe) == []
    ledger.hold(alice, 1, key="one hundredth of a credit")  # what is set aside is not available
    sweep()

    assert len(charges(stripe)) == 1


def test_it_fires_for_somebody_who_never_had_credits(bob: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, bob)

    sweep()

    assert wallet_of(bob) == (CREDITS, 0)


def test_whoever_burns_through_a_pack_is_topped_up_again_within_minutes(
    alice: Any, stripe: StripeStandIn, clock: Any
) -> None:
    switched_on(stripe, alice)
    sweep()
    spend(alice, HERS + CREDITS)

    pass_by(clock, minutes=5)
    assert len(charges(stripe)) == 1
    pass_by(clock, minutes=6)

    assert (len(charges(stripe)), wallet_of(alice)) == (2, (CREDITS, 0))


def test_200_sweeps_over_a_declining_card_are_three_charges_and_an_end_akash_3756(
    alice: Any, stripe: StripeStandIn, clock: Any
) -> None:
    switched_on(stripe, alice, DECLINES)

    for _ in range(200):
        pass_by(clock, minutes=30)

    assert [each["status"] for each in charges(stripe)] == ["requires_payment_method"] * 3
    assert len(set(asked(stripe))) == len(asked(stripe)) == 3
    assert statuses(alice) == ["declined"] * 3
    row = AutoTopUp.objects.get()
    assert (row.is_on, row.off_because, wallet_of(alice)) == (False, "declines", (HERS, 0))
    assert told(alice) == ["top_up_declined", "top_up_declined", "top_up_off"]


def test_rests_grow_with_the_declines(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice, DECLINES)
    sweep()

    pass_by(clock, minutes=59)
    assert len(charges(stripe)) == 1
    pass_by(clock, minutes=2)
    assert len(charges(stripe)) == 2
    pass_by(clock, hours=11)
    assert len(charges(stripe)) == 2
    pass_by(clock, hours=2)

    assert len(charges(stripe)) == 3


def test_a_success_forgives_the_declines_before_it(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice, DECLINES)
    sweep()
    save_card(stripe, alice)  # the newest is charged

    pass_by(clock, hours=2)

    row = AutoTopUp.objects.get()
    assert (row.is_on, row.declines, statuses(alice)) == (True, 0, ["declined", "succeeded"])


def test_a_card_that_will_never_be_accepted_is_asked_for_once(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    stripe.act("decline", code="lost_card", times=10)

    for _ in range(10):
        pass_by(clock, hours=12)

    assert (len(charges(stripe)), AutoTopUp.objects.get().off_because) == (1, "refused")
    assert told(alice) == ["top_up_off"]


def test_off_stays_off_whatever_happens_codex_31987(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    topups.switch_off(alice)

    buy(stripe, alice)
    spend(alice, wallet_of(alice)[0])
    for _ in range(5):
        pass_by(clock, days=10)

    row = AutoTopUp.objects.get()
    assert (row.is_on, row.off_because, charges(stripe)) == (False, "", [])


def test_only_the_form_switches_it_on_after_declines(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    stripe.act("decline", code="lost_card")
    sweep()
    buy(stripe, alice)
    spend(alice, wallet_of(alice)[0])
    pass_by(clock, days=3)
    assert len(charges(stripe)) == 1

    topups.switch_on(alice, agreement())
    sweep()

    assert (statuses(alice), wallet_of(alice)) == (["declined", "succeeded"], (CREDITS, 0))


def test_sending_the_form_again_and_again_is_no_way_around_the_rest(
    alice: Any, stripe: StripeStandIn, clock: Any
) -> None:
    switched_on(stripe, alice, DECLINES)
    for _ in range(20):
        topups.switch_on(alice, agreement())
        sweep()
    assert len(charges(stripe)) == 1

    pass_by(clock, minutes=11)

    assert len(charges(stripe)) == 2


def test_an_attempt_that_was_not_sent_yet_is_dropped_when_it_is_switched_off(alice: Any, stripe: StripeStandIn) -> None:
    row = switched_on(stripe, alice)
    assert topups.begin(row.pk) is not None

    assert topups.switch_off(alice) is False
    sweep()

    assert (statuses(alice), charges(stripe), Purchase.objects.get().status) == (["canceled"], [], "abandoned")


def test_one_who_buys_by_hand_first_is_not_charged_beside_it(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    row = switched_on(stripe, alice)
    assert topups.begin(row.pk) is not None
    bought_by_hand = 1_000_00
    ledger.purchase(alice, cash=bought_by_hand, bonus=0, key="by hand", memo="A pack")

    sweep()
    assert (statuses(alice), charges(stripe)) == (["canceled"], [])
    spend(alice, bought_by_hand)
    pass_by(clock, minutes=11)

    assert statuses(alice) == ["canceled", "succeeded"]


def test_a_card_that_was_removed_switches_it_off(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice, threshold=HERS)
    customer = alice.stripe_customers.get().stripe_id
    for method in at(stripe).v1.customers.payment_methods.list(customer).data:
        at(stripe).v1.payment_methods.detach(method.id)
    spend(alice, 1)

    for _ in range(5):
        pass_by(clock, days=1)

    assert (charges(stripe), statuses(alice), told(alice)) == ([], ["canceled"], ["top_up_off"])
    assert AutoTopUp.objects.get().off_because == "no_card"


def test_a_debt_is_never_topped_up(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    takings.take(alice, cash=HERS + 1, bonus=0, kind=Kind.DISPUTE, key="dispute", memo="A dispute")

    for _ in range(5):
        pass_by(clock, days=1)
    assert (charges(stripe), wallet_of(alice)) == ([], (0, 0))
    ledger.grant(alice, 1, key="paid", memo="The debt is paid")
    sweep()

    assert len(charges(stripe)) == 1


def test_nobody_who_is_suspended_is_charged(alice: Any, stripe: StripeStandIn) -> None:
    row = switched_on(stripe, alice)
    assert topups.begin(row.pk) is not None
    alice.is_active = False
    alice.save()

    sweep()

    assert (charges(stripe), statuses(alice)) == ([], ["canceled"])


def test_the_ceiling_of_the_month_holds_and_is_told_once(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice, month_ceiling_cents=2 * PRICE + 999)

    for _ in range(6):
        spend(alice, wallet_of(alice)[0])
        pass_by(clock, hours=2)
    assert len(charges(stripe)) == 2
    assert told(alice) == ["top_up_done", "top_up_done", "top_up_ceiling"]
    pass_by(clock, days=21)

    assert (len(charges(stripe)), told(alice)[3:]) == (3, ["top_up_done"])


def test_a_decline_does_not_count_towards_the_ceiling(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice, DECLINES, month_ceiling_cents=PRICE)
    sweep()
    save_card(stripe, alice)

    pass_by(clock, hours=2)

    assert statuses(alice) == ["declined", "succeeded"]


def test_a_pack_that_costs_more_now_is_not_charged_without_asking(alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice)
    Pack.objects.filter(cents=PRICE).update(cents=PRICE + 100)

    sweep()

    assert (charges(stripe), AutoTopUp.objects.get().off_because, told(alice)) == ([], "pack", ["top_up_off"])


def test_one_charge_is_enough_lago_6177(alice: Any, stripe: StripeStandIn) -> None:
    with pytest.raises(ValueError, match="at most what the pack brings"):
        agreement(threshold=CREDITS + 1)
    switched_on(stripe, alice, threshold=CREDITS)
    spend(alice, HERS)

    for _ in range(5):
        sweep()

    assert (len(charges(stripe)), wallet_of(alice)) == (1, (CREDITS, 0))


def test_a_lost_answer_is_asked_for_again_under_the_same_key(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    stripe.control([{**NO_ANSWER, "cut": "before_reply"}])

    sweep()
    assert (statuses(alice), wallet_of(alice)) == (["sent"], (HERS, 0))
    pass_by(clock, seconds=30)

    assert (statuses(alice), wallet_of(alice)) == (["succeeded"], (HERS + CREDITS, 0))
    assert (len(charges(stripe)), len(set(asked(stripe)))) == (1, 1)


def test_a_call_that_never_left_is_made_again(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    stripe.control([{**NO_ANSWER, "cut": "before_body"}])

    sweep()
    assert charges(stripe) == []
    pass_by(clock, seconds=30)

    assert (len(charges(stripe)), wallet_of(alice)) == (1, (HERS + CREDITS, 0))


@pytest.mark.parametrize(("cut", "ends", "charged"), [("before_body", "canceled", 0), ("before_reply", "succeeded", 1)])
def test_somebody_who_is_suspended_meanwhile_is_not_charged_any_more(
    cut: str, ends: str, charged: int, alice: Any, stripe: StripeStandIn, clock: Any
) -> None:
    switched_on(stripe, alice)
    stripe.control([{**NO_ANSWER, "cut": cut}])
    sweep()
    assert statuses(alice) == ["sent"]

    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    pass_by(clock, seconds=30)

    assert (statuses(alice), len(charges(stripe))) == ([ends], charged)
    assert wallet_of(alice) == (HERS + charged * CREDITS, 0)


def test_the_event_may_come_before_the_answer(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    stripe.control([{**NO_ANSWER, "cut": "before_reply"}])
    sweep()

    hear_of(stripe)
    assert (statuses(alice), wallet_of(alice)) == (["succeeded"], (HERS + CREDITS, 0))
    pass_by(clock, hours=1)

    assert (len(charges(stripe)), told(alice), wallet_of(alice)) == (1, ["top_up_done"], (HERS + CREDITS, 0))


def test_after_a_day_a_charge_is_looked_for_and_not_sent_again(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    stripe.control([{**NO_ANSWER, "cut": "before_reply"}])
    sweep()
    calls = len(asked(stripe))

    pass_by(clock, hours=23, minutes=1)

    assert (statuses(alice), len(charges(stripe)), len(asked(stripe))) == (["succeeded"], 1, calls)
    assert wallet_of(alice) == (HERS + CREDITS, 0)


def test_after_a_day_what_never_arrived_is_given_up(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    stripe.control([{**NO_ANSWER, "cut": "before_body"}])
    sweep()
    row = TopUp.objects.get()

    clock.shift(timedelta(hours=23, minutes=1))
    topup_attempts.go_on(row.pk)

    row.refresh_from_db()
    assert (row.status, row.reason, charges(stripe)) == ("canceled", "never_arrived", [])
    sweep()
    assert statuses(alice) == ["canceled", "succeeded"]


def test_an_answer_of_stripes_own_that_failed_and_is_repeated_is_seen_through(
    alice: Any, stripe: StripeStandIn, clock: Any
) -> None:
    """Stripe keeps an answer of 500 for as long as it knows the key, whatever it did before it failed."""
    switched_on(stripe, alice)
    stripe.control(
        [{"on": "api", "method": "POST", "path": "/v1/payment_intents", "times": None, "cut": "before_reply"}]
    )

    for _ in range(5):
        pass_by(clock, minutes=16)

    assert (statuses(alice), len(charges(stripe)), wallet_of(alice)) == (["succeeded"], 1, (HERS + CREDITS, 0))


def test_a_fault_of_ours_is_no_decline(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice)
    error = {"type": "invalid_request_error", "message": "No such parameter: what"}
    stripe.control([{**NO_ANSWER, "times": 1, "status": 400, "error": error}])

    sweep()
    assert (statuses(alice), told(alice), AutoTopUp.objects.get().declines) == (["canceled"], [], 0)
    pass_by(clock, hours=2)

    assert statuses(alice) == ["canceled", "succeeded"]


def test_a_bank_that_wants_the_customer_is_asked_once_and_waits(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice, ASKS)

    for _ in range(100):
        pass_by(clock, hours=1)

    row = AutoTopUp.objects.get()
    assert (len(charges(stripe)), statuses(alice), row.declines, row.is_on) == (1, ["needs_action"], 0, True)
    assert told(alice) == ["top_up_needs_you"]


def test_a_bank_that_is_not_answered_for_a_week_ends_it(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    switched_on(stripe, alice, ASKS)
    sweep()

    for _ in range(10):
        pass_by(clock, days=1)

    assert [each["status"] for each in charges(stripe)] == ["canceled"]
    assert (statuses(alice), AutoTopUp.objects.get().off_because) == (["canceled"], "unanswered")
    assert told(alice) == ["top_up_needs_you", "top_up_off"]


def test_buying_by_hand_answers_the_bank_too(alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice, ASKS)
    sweep()

    buy(stripe, alice)

    assert [each["status"] for each in charges(stripe)] == ["canceled"]
    row = AutoTopUp.objects.get()
    assert (statuses(alice), row.is_on) == (["canceled"], True)


def test_switching_off_cancels_what_waits_for_the_bank(alice: Any, stripe: StripeStandIn) -> None:
    switched_on(stripe, alice, ASKS)
    sweep()

    topups.switch_off(alice)
    sweep()

    assert [each["status"] for each in charges(stripe)] == ["canceled"]
    assert (statuses(alice), AutoTopUp.objects.get().off_because) == (["canceled"], "")


def test_a_customer_who_is_gone_at_stripe_gets_another_and_is_not_charged(
    alice: Any, stripe: StripeStandIn, clock: Any
) -> None:
    switched_on(stripe, alice)
    stripe.act("delete_customer", customer=alice.stripe_customers.get().stripe_id)

    for _ in range(3):
        pass_by(clock, hours=2)

    assert (charges(stripe), AutoTopUp.objects.get().off_because) == ([], "no_card")


def test_many_are_topped_up_in_one_round_and_asleep_they_cost_one_query(
    alice: Any, mallory: Any, stripe: StripeStandIn, django_assert_max_num_queries: Any
) -> None:
    switched_on(stripe, alice, threshold=THRESHOLD)
    switched_on(stripe, mallory, threshold=THRESHOLD)
    sweep()
    assert (len(charges(stripe)), wallet_of(mallory)) == (2, (HERS + CREDITS, 0))

    with django_assert_max_num_queries(2):  # the other finds attempts that stand still
        topups.sweep()


def test_a_refund_is_no_spending_and_charges_nobody(alice: Any, stripe: StripeStandIn, clock: Any) -> None:
    """Its balance falls below the threshold: without this, giving money back would take it again at once."""
    switched_on(stripe, alice)
    sweep()
    [charged] = charges(stripe)
    assert statuses(alice) == ["succeeded"]

    at(stripe).v1.refunds.create({"payment_intent": charged["id"]})
    payments.look(charged["id"])
    for _ in range(5):
        pass_by(clock, hours=1)

    assert len(charges(stripe)) == 1
    row = AutoTopUp.objects.get()
    assert (row.is_on, row.off_because) == (False, "given_back")
    assert told(alice)[-1] == "top_up_off"
