"""One's own ceilings: set, changed and removed by their owner, and kept by the ledger whichever door an order takes."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from billing import ceilings, ledger
from billing.errors import AllowanceExceeded, CeilingReached, InsufficientCredits
from billing.ledger import Limit
from billing.models import Account, Allowance, Period
from tests.conftest import wallet_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVENING = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
MORNING = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_midnight() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


def used(user: Any, period: Period, today: date) -> int:
    found = {meter.period: meter.used for meter in ceilings.meters(ledger.wallet(user), today=today)}
    return found[period]


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def client(alice: Any) -> Client:
    """alice, logged in."""
    logged_in = Client()
    logged_in.force_login(alice)
    return logged_in


@pytest.mark.parametrize("period", Period)
def test_a_hold_that_does_not_fit_is_refused_with_what_is_left(alice: Any, period: Period) -> None:
    ledger.set_ceiling(alice, period, 100_00)
    ledger.hold(alice, 80_00, key="order:1")

    with pytest.raises(CeilingReached) as refused:
        ledger.hold(alice, 20_01, key="order:2")

    assert (refused.value.limit, refused.value.left, refused.value.period) == (100_00, 20_00, period)
    assert wallet_of(alice) == (1000_00, 80_00)
    ledger.hold(alice, 20_00, key="order:3")


def test_the_refusal_names_the_ceiling_what_is_left_and_where_to_change_it(alice: Any, settings: Any) -> None:
    settings.PUBLIC_URL = "https://shop.example"
    ledger.set_ceiling(alice, Period.MONTH, 50_00)

    with time_machine.travel(EVENING, tick=False), pytest.raises(CeilingReached) as refused:
        ledger.hold(alice, 78_00, key="order:1")

    assert str(refused.value) == (
        "This costs 78.00 credits; 50.00 of your own monthly ceiling of 50.00 are left until 1 December, 00:00 UTC. "
        "You can change it on the billing page (https://shop.example/billing/#ceilings)."
    )


def test_what_was_used_before_the_ceiling_was_set_counts(alice: Any) -> None:
    ledger.hold(alice, 80_00, key="order:1")
    ledger.set_ceiling(alice, Period.DAY, 100_00)

    with pytest.raises(CeilingReached):
        ledger.hold(alice, 30_00, key="order:2")


def test_a_new_day_begins_with_nothing_and_the_month_goes_on(alice: Any) -> None:
    ledger.set_ceiling(alice, Period.DAY, 100_00)
    ledger.set_ceiling(alice, Period.MONTH, 150_00)
    for day in (10, 11):
        with time_machine.travel(datetime(2026, 11, day, tzinfo=UTC), tick=False):
            ledger.hold(alice, 70_00, key=f"order:{day}")

    with time_machine.travel(datetime(2026, 11, 12, tzinfo=UTC), tick=False), pytest.raises(CeilingReached) as refused:
        ledger.hold(alice, 20_00, key="order:12")

    assert (refused.value.period, refused.value.left) == (Period.MONTH, 10_00)


def test_what_is_released_goes_back_to_the_day_and_month_of_its_hold(alice: Any) -> None:
    with time_machine.travel(EVENING, tick=False):
        ledger.hold(alice, 80_00, key="order:1")
    with time_machine.travel(MORNING, tick=False):
        ledger.hold(alice, 5_00, key="order:2")
        ledger.capture("order:1", 30_00, memo="")

    assert [used(alice, period, EVENING.date()) for period in Period] == [30_00, 30_00]
    assert [used(alice, period, MORNING.date()) for period in Period] == [5_00, 5_00]


def test_a_ceiling_below_what_is_used_breaks_nothing_and_stops_what_is_new(alice: Any) -> None:
    ledger.hold(alice, 80_00, key="order:1")
    ledger.set_ceiling(alice, Period.DAY, 50_00)

    with pytest.raises(CeilingReached) as refused:
        ledger.hold(alice, 1, key="order:2")
    ledger.capture("order:1", 49_99, memo="")
    ledger.hold(alice, 1, key="order:2")

    assert refused.value.left == 0


def test_a_removed_ceiling_limits_nothing_and_use_is_counted_on(alice: Any) -> None:
    ledger.set_ceiling(alice, Period.DAY, 0)
    with pytest.raises(CeilingReached):
        ledger.hold(alice, 1, key="order:1")
    ledger.set_ceiling(alice, Period.DAY, None)
    ledger.hold(alice, 300_00, key="order:1")
    ledger.set_ceiling(alice, Period.DAY, 300_00)

    with pytest.raises(CeilingReached):
        ledger.hold(alice, 1, key="order:2")


def test_a_refused_hold_uses_up_nothing_of_any_limit(alice: Any) -> None:
    ledger.set_ceiling(alice, Period.MONTH, 50_00)
    for amount, refusal in ((60_00, CeilingReached), (1000_01, InsufficientCredits)):
        with pytest.raises(refusal):
            ledger.hold(alice, amount, key="order:1", limits=[Limit("key:7", 2000_00)])
    with pytest.raises(AllowanceExceeded):
        ledger.hold(alice, 10_00, key="order:1", limits=[Limit("key:7", 5_00, Period.DAY)])

    assert not Allowance.objects.filter(used__gt=0).exists()


def test_a_ceiling_is_of_one_wallet_alone(alice: Any, mallory: Any) -> None:
    ledger.set_ceiling(alice, Period.DAY, 0)

    ledger.hold(mallory, 10_00, key="order:1")

    assert [used(user, Period.DAY, NOON.date()) for user in (alice, mallory)] == [0, 10_00]


def test_owner_sets_changes_and_removes_a_ceiling_on_the_page(client: Client, alice: Any) -> None:
    ledger.hold(alice, 31_00, key="order:1")

    answer = client.post("/billing/ceilings", {"period": "day", "limit": "50"}, follow=True)
    assert answer.redirect_chain == [("/billing/#ceilings", 302)]
    assert "The daily ceiling is 50.00 credits." in text_of(answer)
    assert re.search(r"Today 31.00 of 50.00 credits 19.00 left until 22 November", text_of(answer))
    assert 'aria-valuenow="62" aria-valuetext="31.00 of 50.00 credits"' in answer.content.decode()
    client.post("/billing/ceilings", {"period": "day", "limit": "45.5"})
    client.post("/billing/ceilings", {"period": "month", "limit": "900"})
    assert (ledger.wallet(alice).day_ceiling, ledger.wallet(alice).month_ceiling) == (45_50, 900_00)

    client.post("/billing/ceilings", {"period": "day", "limit": "45.5", "remove": "1"})
    client.post("/billing/ceilings", {"period": "month", "limit": " "})

    assert (ledger.wallet(alice).day_ceiling, ledger.wallet(alice).month_ceiling) == (None, None)


@pytest.mark.parametrize("typed", ["-1", "1.234", "many", "1e3"])
def test_what_is_no_amount_is_refused_and_stays_in_the_field(client: Client, alice: Any, typed: str) -> None:
    answer = client.post("/billing/ceilings", {"period": "day", "limit": typed})

    assert answer.status_code == 422
    assert f'value="{typed}" aria-invalid="true"' in answer.content.decode()
    assert "at most two decimal places" in text_of(answer)
    assert ledger.wallet(alice).day_ceiling is None


def test_nobody_and_nonsense_change_no_ceiling(client: Client, alice: Any) -> None:
    assert client.post("/billing/ceilings", {"period": "year", "limit": "5"}).status_code == 400
    assert client.get("/billing/ceilings").status_code == 405
    assert Client().post("/billing/ceilings", {"period": "day", "limit": "5"}).status_code == 302
    assert Client(enforce_csrf_checks=True).post("/billing/ceilings", {"period": "day"}).status_code == 403
    assert not Account.objects.exclude(day_ceiling=None).exists()
