"""Races for credits, on a real PostgreSQL: 32 at the same moment; what may happen once happens once."""

import threading
from functools import partial
from typing import Any

from django.db import connection, transaction

from billing import ledger, takings
from billing.allowances import OWN
from billing.errors import AllowanceExceeded, AlreadySettled, CeilingReached, InsufficientCredits, LedgerError
from billing.models import Allowance, Hold, Kind, Period, Transfer
from generations import lifecycle
from generations.models import Generation
from tests.conftest import make_user, wallet_of
from tests.faults.on_the_road import FOX, FOX_COSTS
from tests.faults.together import ON_POSTGRES, crowd, failures, together

pytestmark = ON_POSTGRES


def test_a_capture_against_a_release_settles_one_way(rich: Any) -> None:
    for number in range(20):
        key = f"race:{number}"
        ledger.hold(rich, FOX_COSTS, key=key)

        results = together(
            [partial(ledger.capture, key, FOX_COSTS, memo="a fox"), partial(ledger.release, key)] * 4
        )  # fmt: skip

        assert failures(results, AlreadySettled) == []
        assert Transfer.objects.filter(key=key).count() == (Hold.objects.get(key=key).captured == FOX_COSTS)
    captured = Transfer.objects.filter(kind=Kind.USAGE).count()
    assert wallet_of(rich) == (10_000_00 - captured * FOX_COSTS, 0)


def test_32_holds_for_credits_that_suffice_for_7_are_exactly_7(db: None) -> None:
    poor = make_user("poor@example.com", 7 * 10_00 + 9_99)
    numbers = iter(range(32))

    results = crowd(lambda: ledger.hold(poor, 10_00, key=f"race:{next(numbers)}"))

    assert failures(results, InsufficientCredits) == []
    assert (Hold.objects.count(), wallet_of(poor)) == (7, (79_99, 70_00))


def test_32_orders_for_credits_that_suffice_for_7_are_exactly_7(db: None) -> None:
    poor = make_user("poor@example.com", 7 * FOX_COSTS)

    results = crowd(partial(lifecycle.submit, poor, FOX))

    assert failures(results, InsufficientCredits) == []
    assert (Generation.objects.count(), wallet_of(poor)) == (7, (7 * FOX_COSTS, 7 * FOX_COSTS))


def test_the_same_hold_said_by_32_is_held_once(rich: Any) -> None:
    results = crowd(partial(ledger.hold, rich, 10_00, key="race"))

    assert failures(results) == []
    assert (Hold.objects.count(), wallet_of(rich)) == (1, (10_000_00, 10_00))


def test_the_same_grant_purchase_and_refund_said_by_32_are_done_once(rich: Any) -> None:
    buy = partial(ledger.purchase, rich, cash=50_00, bonus=5_00, key="stripe:1", memo="A pack")
    give = partial(ledger.grant, rich, 7_00, key="trial:1", memo="Welcome")
    take = partial(takings.take, rich, cash=20_00, bonus=0, kind=Kind.REFUND, key="refund:1", memo="A refund")

    results = together([buy, give, take, take] * 8)

    assert failures(results) == []
    assert wallet_of(rich) == (10_000_00 + 50_00 + 5_00 + 7_00 - 20_00, 0)


def test_refunds_against_orders_leave_a_debt_and_no_wallet_below_zero(db: None) -> None:
    for number in range(10):
        user = make_user(f"user{number}@example.com", 2 * FOX_COSTS)
        order = partial(lifecycle.submit, user, FOX)
        take = partial(
            takings.take, user, cash=50_00, bonus=0, kind=Kind.DISPUTE, key=f"dispute:{number}", memo="A dispute"
        )
        take_more = partial(
            takings.take, user, cash=30_00, bonus=0, kind=Kind.REFUND, key=f"refund:{number}", memo="A refund"
        )

        results = together([order, order, take, take, take_more, order])

        assert failures(results, LedgerError) == []
        purse = ledger.wallet(user)
        assert purse.balance - purse.debt == 2 * FOX_COSTS - 80_00
        for generation in Generation.objects.filter(user=user):
            lifecycle.cancel(generation)
        purse.refresh_from_db()
        assert (purse.balance, purse.held, purse.debt) == (0, 0, 80_00 - 2 * FOX_COSTS)


def test_the_same_wish_said_by_32_is_one_generation(rich: Any) -> None:
    results = crowd(partial(lifecycle.submit, rich, FOX, wish="tab:1"))

    assert failures(results) == []
    assert len({each.pk for each in results}) == Generation.objects.count() == 1
    assert wallet_of(rich) == (10_000_00, FOX_COSTS)


def test_an_allowance_of_3_lets_3_of_32_through(rich: Any) -> None:
    limits = [ledger.Limit("key:1", 3 * FOX_COSTS + 1), ledger.Limit("user:1", 5 * FOX_COSTS)]

    results = crowd(partial(lifecycle.submit, rich, FOX, limits=limits))

    assert failures(results, AllowanceExceeded) == []
    assert Generation.objects.count() == 3
    assert {row.name: row.used for row in Allowance.objects.exclude(OWN)} == {
        "key:1": 3 * FOX_COSTS,
        "user:1": 3 * FOX_COSTS,
    }


def test_ones_own_ceiling_of_3_lets_3_of_32_through(rich: Any) -> None:
    ledger.set_ceiling(rich, Period.DAY, 3 * FOX_COSTS + 1)
    ledger.set_ceiling(rich, Period.MONTH, 5 * FOX_COSTS)

    results = crowd(partial(lifecycle.submit, rich, FOX))

    assert failures(results, CeilingReached) == []
    assert Generation.objects.count() == 3
    assert {row.used for row in Allowance.objects.all()} == {3 * FOX_COSTS}


def test_a_ceiling_that_is_set_holds_for_a_hold_that_waited_for_it(rich: Any) -> None:
    """The hold has read the wallet and waits for its row; what it read of the ceiling is out of date by then."""
    began = threading.Event()

    def lower() -> None:
        with transaction.atomic():
            ledger.set_ceiling(rich, Period.DAY, 0)
            began.set()
            wait_until_somebody_waits()

    def order() -> None:
        assert began.wait(60)
        ledger.hold(rich, 1, key="race")

    lowered, ordered = together([lower, order])

    assert lowered is None
    assert isinstance(ordered, CeilingReached)


def wait_until_somebody_waits(unless: threading.Event | None = None) -> None:
    """Until another connection of this database waits for a lock, or `unless` has happened."""
    with connection.cursor() as cursor:
        while unless is None or not unless.is_set():
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone():
                return


def test_the_first_credits_and_the_first_orders_of_a_new_customer_do_not_lock_up(db: None) -> None:
    for number in range(15):
        user = make_user(f"new{number}@example.com")
        give = partial(ledger.grant, user, 100_00, key=f"trial:{user.pk}", memo="Welcome")
        order = partial(lifecycle.submit, user, FOX)

        results = together([give, order, give, order, partial(ledger.hold, user, 1, key=f"race:{number}")])

        assert failures(results, InsufficientCredits) == []
        assert wallet_of(user)[0] == 100_00
