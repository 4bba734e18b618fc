"""fal's money: usage by day, billing events, the balance, as fal tells them and with every way of going wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.standins.fal.caller import LARGE, LORA, MEDIUM, Caller
from tests.standins.launch import StandIn

USAGE, EVENTS, BALANCE = "/api/models/usage", "/api/models/billing-events", "/api/account/billing?expand=credits"


def lines(caller: Caller, **params: Any) -> list[dict[str, Any]]:
    """Every line of every bucket, of every page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        told = caller.http.get(USAGE, params={**params, **({"cursor": cursor} if cursor else {})}).json()
        found += [line for bucket in told["time_series"] for line in bucket["results"]]
        cursor = told["next_cursor"]
        assert told["has_more"] is bool(cursor)
        if not cursor:
            return found


def left(caller: Caller) -> float:
    return float(caller.http.get(BALANCE).json()["credits"]["current_balance"])


def test_usage_is_what_was_drawn_by_day_and_endpoint(caller: Caller) -> None:
    caller.draw(LARGE)
    caller.draw(LARGE)
    caller.draw(LORA, image_size="square")

    told = caller.http.get(USAGE).json()

    (bucket,) = told["time_series"]
    assert datetime.fromisoformat(bucket["bucket"]).time() == datetime.min.time()
    large = next(line for line in bucket["results"] if line["endpoint_id"] == LARGE)
    assert large == {
        "endpoint_id": LARGE, "unit": "image", "quantity": 2, "unit_price": 0.06, "percent_discount": None,
        "cost_subtotal": 0.12, "cost_discount": 0, "cost_total": 0.12, "cost": 0.12, "currency": "USD",
    }  # fmt: skip
    assert [line["cost_total"] for line in lines(caller, limit=1)] == [0.12, 0.002621]
    assert [line["endpoint_id"] for line in lines(caller, endpoint_id=LORA)] == [LORA]


def test_usage_keeps_to_the_moments_that_are_asked_for(caller: Caller) -> None:
    caller.draw(LARGE)
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()

    assert lines(caller, start=soon, end="2099-01-01", bound_to_timeframe="false") == []
    assert len(lines(caller, start=soon, end="2099-01-01")) == 1  # the whole day that the moment is in
    assert caller.http.get(USAGE, params={"timeframe": "moon"}).status_code == 422


def test_events_tell_each_request_and_its_cost(caller: Caller) -> None:
    first, second = caller.submit(LARGE), caller.submit(MEDIUM)
    for ticket in (first, second):
        caller.result(ticket)

    told = caller.http.get(EVENTS, params={"limit": 1}).json()
    rest = caller.http.get(EVENTS, params={"limit": 1, "cursor": told["next_cursor"]}).json()

    events = [*told["billing_events"], *rest["billing_events"]]
    assert {each["request_id"]: each["cost_total"] for each in events} == {
        first["request_id"]: 0.06, second["request_id"]: 0.03,
    }  # fmt: skip
    assert {each["cost_estimate_nano_usd"] for each in events} == {60_000_000, 30_000_000}
    assert (rest["next_cursor"], rest["has_more"]) == (None, False)
    one = caller.http.get(EVENTS, params={"request_id": first["request_id"]}).json()["billing_events"]
    assert [each["request_id"] for each in one] == [first["request_id"]]


def test_what_failed_is_in_no_bill(fal: StandIn, caller: Caller) -> None:
    caller.result(caller.submit(prompt="a forbidden fox"))

    assert (lines(caller), caller.http.get(EVENTS).json()["billing_events"]) == ([], [])


def test_lines_are_left_out_and_sums_are_wrong_on_command(fal: StandIn, caller: Caller) -> None:
    caller.draw(LARGE)
    caller.draw(MEDIUM)

    fal.control([{"on": "usage", "endpoint": LARGE, "missing": True}])
    assert [line["endpoint_id"] for line in lines(caller)] == [MEDIUM]
    fal.control([{"on": "usage", "endpoint": LARGE, "off_micro_usd": -10_000}])
    assert {line["endpoint_id"]: line["cost_total"] for line in lines(caller)} == {LARGE: 0.05, MEDIUM: 0.03}
    fal.control([{"on": "events", "endpoint": LARGE, "missing": True}])
    assert len(caller.http.get(EVENTS).json()["billing_events"]) == 1
    assert len(caller.http.get(EVENTS).json()["billing_events"]) == 2


@pytest.mark.parametrize("path", [USAGE, EVENTS, BALANCE])
def test_an_ordinary_key_may_not_see_money(fal: StandIn, caller: Caller, path: str) -> None:
    fal.control(admin_key=False)

    answer = caller.http.get(path)

    assert answer.status_code == 403
    assert "Admin" in answer.json()["error"]["message"]


@pytest.mark.parametrize("status", [429, 503])
def test_money_fails_like_everything_else(fal: StandIn, caller: Caller, status: int) -> None:
    fal.control([{"on": on, "status": status} for on in ("usage", "events", "account")])

    assert [caller.http.get(path).status_code for path in (USAGE, EVENTS, BALANCE)] == [status] * 3


def test_another_price_holds_from_then_on(fal: StandIn, caller: Caller) -> None:
    caller.draw(LARGE)
    fal.control(prices={LARGE: 70_000})
    caller.draw(LARGE)

    assert sorted(line["cost_total"] for line in lines(caller)) == [0.06, 0.07]
    prices = caller.http.get("/api/models/pricing", params={"endpoint_id": LARGE}).json()["prices"]
    assert [price["unit_price"] for price in prices] == [0.07]


def test_money_runs_out_and_the_account_is_locked(fal: StandIn, caller: Caller) -> None:
    fal.control(balance_usd=0.1, locks_at_zero=True)
    caller.draw(LARGE)
    assert left(caller) == pytest.approx(0.04)
    caller.draw(LARGE)

    refused = caller.send(LARGE)

    assert (refused.status_code, left(caller)) == (403, 0)
    assert refused.json()["detail"].startswith("User is locked. Reason: Exhausted balance.")
    fal.control(balance_usd=5)
    assert caller.send(LARGE).status_code == 403  # a top-up alone does not unlock it
    fal.control(locked="")
    caller.draw(LARGE)
    assert left(caller) == pytest.approx(4.94)
