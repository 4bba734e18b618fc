"""The platform API: what was asked for, what it cost, what is left."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.standins.fal.caller import LARGE, LORA, MEDIUM, Caller
from tests.standins.launch import StandIn

PATH = "/api/models/requests/by-endpoint"


def ask(caller: Caller, **params: Any) -> dict[str, Any]:
    response = caller.http.get(PATH, params={"endpoint_id": MEDIUM, **params})
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


def prompts(told: dict[str, Any]) -> list[str]:
    return [item["json_input"]["prompt"] for item in told["items"]]


def test_history_tells_input_output_and_times(caller: Caller) -> None:
    ticket = caller.submit(seed=5)
    output = caller.result(ticket).json()

    item = ask(caller, expand="payloads")["items"][0]

    times = [datetime.fromisoformat(item.pop(name)) for name in ("sent_at", "started_at", "ended_at")]
    assert times == sorted(times)
    assert abs(times[0] - datetime.now(UTC)) < timedelta(seconds=10)
    assert item.pop("duration") >= 0
    assert item == {
        "request_id": ticket["request_id"],
        "endpoint_id": MEDIUM,
        "status_code": 200,
        "json_input": {"prompt": "a fox", "seed": 5},
        "json_output": output,
    }
    assert "json_input" not in ask(caller)["items"][0]


def test_history_finds_a_request_whose_answer_was_lost(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "submit", "cut": "before_reply"}])
    with pytest.raises(Exception, match="disconnected"):
        caller.send(prompt="lost", seed=11)
    lost = fal.log(on="submit")[0]["request_id"]
    caller.events({"status_url": f"/queue/krea/v2/requests/{lost}/status"})

    items = ask(caller, expand="payloads", start=datetime.now(UTC) - timedelta(minutes=1))["items"]

    assert [(item["request_id"], item["json_input"]["seed"]) for item in items] == [(lost, 11)]


def test_history_shows_what_is_over_unless_told_otherwise(fal: StandIn, caller: Caller) -> None:
    fal.control(latency_s=60)
    caller.submit()

    shown = []
    for wish in ("ended", "all", "none"):
        fal.control(history_shows=wish)
        shown.append(len(ask(caller)["items"]))

    assert shown == [0, 1, 0]


def test_history_comes_in_pages_latest_first(caller: Caller) -> None:
    for number in range(5):
        caller.draw(prompt=f"fox {number}")

    first = ask(caller, expand="payloads", limit=2)
    second = ask(caller, expand="payloads", limit=2, cursor=first["next_cursor"])
    third = ask(caller, expand="payloads", limit=2, cursor=second["next_cursor"])

    assert [prompts(page) for page in (first, second, third)] == [["fox 4", "fox 3"], ["fox 2", "fox 1"], ["fox 0"]]
    assert [page["has_more"] for page in (first, second, third)] == [True, True, False]
    assert third["next_cursor"] is None


def test_history_filters(caller: Caller) -> None:
    good, bad = caller.submit(prompt="a fox"), caller.submit(prompt="forbidden")
    other = caller.submit(LARGE, prompt="a bear")
    for ticket in (good, bad, other):
        caller.events(ticket)
    long_ago = datetime.now(UTC) - timedelta(hours=1)

    def shown(**params: Any) -> list[str]:
        return sorted(prompts(ask(caller, expand="payloads", **params)))

    assert shown() == ["a fox", "forbidden"]
    assert shown(endpoint_id=f"{MEDIUM},{LARGE}") == ["a bear", "a fox", "forbidden"]
    assert shown(status="success") == ["a fox"]
    assert shown(status="user_error") == ["forbidden"]
    assert shown(request_id=bad["request_id"]) == ["forbidden"]
    assert shown(end=long_ago) == []
    assert shown(start=long_ago) == ["a fox", "forbidden"]


@pytest.mark.parametrize("params", [{"endpoint_id": ""}, {"limit": 101}, {"start": "yesterday"}])
def test_history_refuses_what_makes_no_sense(caller: Caller, params: dict[str, Any]) -> None:
    assert caller.http.get(PATH, params={"endpoint_id": MEDIUM, **params}).status_code == 422


def test_history_hides_on_command(fal: StandIn, caller: Caller) -> None:
    caller.draw(prompt="an owl")
    caller.draw(prompt="a fox")
    fal.control([{"on": "history", "missing": True, "prompt": "owl"}])

    assert prompts(ask(caller, expand="payloads")) == ["a fox"]
    assert prompts(ask(caller, expand="payloads")) == ["a fox", "an owl"]


def test_account_tells_prices_usage_and_what_is_left(fal: StandIn, caller: Caller) -> None:
    caller.draw(LARGE)
    caller.draw(LORA, image_size="square")

    prices = caller.http.get("/api/models/pricing", params={"endpoint_id": f"{LARGE},{LORA}"}).json()["prices"]
    usage = caller.http.get("/api/models/usage?expand=summary").json()["summary"]
    left = caller.http.get("/api/account/billing?expand=credits").json()

    assert [(price["unit_price"], price["unit"]) for price in prices] == [(0.06, "image"), (0.01, "megapixels")]
    assert [(line["quantity"], line["cost"]) for line in usage] == [(1, 0.06), (0.262144, 0.002621)]
    assert left["credits"] == {"current_balance": 999.937379, "currency": "USD"}
    fal.control(locked=True)
    assert caller.http.get("/api/account/billing?expand=credits").json()["credits"]["current_balance"] == 0
    assert caller.http.get("/api/meta").json()["webhook_ip_ranges"]
