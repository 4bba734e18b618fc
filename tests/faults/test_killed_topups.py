"""An attempt to top up that dies at any of its writes, or on its way to Stripe, charges once and is credited once.

To die before a write is to die after the commit before it: nothing is changed between, and that is where Stripe is
asked.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from billing import topup_attempts, topups
from billing.models import TopUp
from tests.billing.topping_up import CREDITS, charges, switched_on
from tests.conftest import make_user, run_queued_tasks, wallet_of
from tests.faults.fuse import HARMLESS, Died, Fuse
from tests.standins.launch import StripeStandIn

pytestmark = pytest.mark.django_db(transaction=True)


def life() -> None:
    topups.sweep()
    run_queued_tasks()


def kills(work: Callable[[], Any]) -> list[int]:
    """After how many statements to die: before each write."""
    made: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        made.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return [place for place, sql in enumerate(made) if not sql.startswith(HARMLESS)]


def afterlife() -> None:
    """The follower and the workers of later."""
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _ in range(3):
            clock.shift(timedelta(seconds=settings.SWEEP_AGE_S + 1))
            life()


def test_an_attempt_that_dies_anywhere_charges_once(stripe_standin: StripeStandIn) -> None:
    switched_on(stripe_standin, make_user("burner@example.com"))
    places = kills(life)
    assert len(places) > 15

    for number, place in enumerate(places, start=1):
        user = make_user(f"burner{number}@example.com")
        switched_on(stripe_standin, user)
        with pytest.raises(Died), Fuse(place).burning():
            life()
        OrmQ.objects.all().delete()

        afterlife()

        assert list(TopUp.objects.filter(user=user).values_list("status", flat=True)) == ["succeeded"], place
        assert wallet_of(user) == (CREDITS, 0), place
        assert len(charges(stripe_standin)) == number + 1, place


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/customers/*"), ("POST", "/v1/payment_intents"), ("GET", "/v1/payment_intents/*")]
)
def test_a_network_that_is_cut_at_any_call_charges_once(
    stripe_standin: StripeStandIn, bob: Any, method: str, path: str
) -> None:
    switched_on(stripe_standin, bob)
    stripe_standin.control([{"on": "api", "method": method, "path": path, "cut": "mid_body"}])

    life()
    assert wallet_of(bob) == (0, 0)
    afterlife()

    assert (len(charges(stripe_standin)), wallet_of(bob)) == (1, (CREDITS, 0))


def test_two_workers_of_which_one_was_only_slow_charge_once(stripe_standin: StripeStandIn, bob: Any) -> None:
    """Its lease is over and another one did the work; then it wakes up and says what it had to say."""
    made = topups.begin(switched_on(stripe_standin, bob).pk)
    assert made is not None
    afterlife()
    slow = TopUp.objects.select_related("purchase", "user").get(pk=made.pk)

    topup_attempts._charge(slow)

    assert (len(charges(stripe_standin)), wallet_of(bob)) == (1, (CREDITS, 0))
