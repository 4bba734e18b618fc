"""Races of auto top-up, on a real PostgreSQL: however many sweep, work and hear of it at once, one charge."""

from functools import partial
from typing import Any

from django.db import connection

from billing import ledger, payments, topup_attempts, topups
from billing.models import TopUp
from tests.billing.topping_up import CREDITS, charges, switched_on
from tests.conftest import make_user, run_queued_tasks, wallet_of
from tests.faults.together import ON_POSTGRES, crowd, failures, together
from tests.standins.launch import StripeStandIn

pytestmark = ON_POSTGRES


def test_16_sweeps_at_once_make_one_attempt_of_each(stripe_standin: StripeStandIn, db: None) -> None:
    users = [make_user(f"burner{number}@example.com") for number in range(3)]
    for user in users:
        switched_on(stripe_standin, user)

    results = crowd(topups.sweep, 16)

    assert failures(results) == []
    assert sorted(TopUp.objects.values_list("user", flat=True)) == sorted(user.pk for user in users)


def test_8_workers_at_one_attempt_charge_once(stripe_standin: StripeStandIn, bob: Any) -> None:
    made = topups.begin(switched_on(stripe_standin, bob).pk)
    assert made is not None

    results = crowd(partial(topup_attempts.go_on, made.pk), 8)

    assert failures(results) == []
    assert (len(charges(stripe_standin)), wallet_of(bob)) == (1, (CREDITS, 0))


def test_the_answer_and_four_events_at_once_credit_once(stripe_standin: StripeStandIn, bob: Any) -> None:
    made = topups.begin(switched_on(stripe_standin, bob).pk)
    assert made is not None
    stripe_standin.control(
        [{"on": "api", "method": "POST", "path": "/v1/payment_intents", "times": 3, "cut": "before_reply"}]
    )
    topup_attempts.go_on(made.pk)
    (charge,) = charges(stripe_standin)
    TopUp.objects.update(due_at=made.created_at)

    hear = partial(payments.look, charge["id"])
    results = together([hear, hear, partial(topup_attempts.go_on, made.pk), hear, hear, topups.sweep])

    assert failures(results) == []
    assert (wallet_of(bob), TopUp.objects.get().status) == ((CREDITS, 0), "succeeded")


def test_orders_purchases_switches_and_sweeps_do_not_lock_up(stripe_standin: StripeStandIn, bob: Any) -> None:
    switched_on(stripe_standin, bob)
    numbers = iter(range(1000))

    def spend() -> None:
        key = f"race:{next(numbers)}"
        ledger.grant(bob, 10_00, key=f"gift:{key}", memo="A gift")
        ledger.hold(bob, 10_00, key=key)
        ledger.capture(key, 10_00, memo="A fox")

    results = together([spend, topups.sweep, partial(topups.switch_off, bob), spend, topups.sweep, spend] * 3)

    assert failures(results) == []
    assert TopUp.objects.count() <= 1
    run_queued_tasks()
    connection.close()
    assert len(charges(stripe_standin)) <= 1
    assert wallet_of(bob)[0] in (0, CREDITS)
