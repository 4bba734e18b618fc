"""Faults on command: each does what it says, on whom it names, as often as it was told."""

import time
from typing import Any

import httpx
import pytest

from tests.standins.fal.caller import LARGE, MEDIUM, Caller, decoded, mean_colour
from tests.standins.launch import StandIn


def test_a_reply_is_cut_after_the_work_was_done(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "submit", "cut": "before_reply"}])

    with pytest.raises(httpx.RemoteProtocolError):
        caller.send(prompt="lost")

    entry = fal.log(on="submit", prompt="lost")[0]
    caller.http.get(f"/queue/krea/v2/requests/{entry['request_id']}/status/stream")
    assert (entry["status"], fal.summary()["billed_draws"]) == (0, 1)


def test_a_connection_is_cut_before_any_work(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "submit", "cut": "before_body"}])

    with pytest.raises(httpx.RemoteProtocolError):
        caller.send(prompt="lost")

    assert (fal.log(on="submit")[0]["request_id"], fal.summary()["requests"]) == ("", {})


@pytest.mark.parametrize("on", ["status", "result", "cdn", "history", "jwks"])
def test_an_answer_is_cut_in_the_middle(fal: StandIn, caller: Caller, on: str) -> None:
    ticket = caller.submit()
    picture = caller.result(ticket).json()["images"][0]["url"]
    fal.control([{"on": on, "cut": "mid_body"}])
    addresses = {
        "status": ticket["status_url"],
        "result": ticket["response_url"],
        "cdn": picture,
        "history": f"/api/models/requests/by-endpoint?endpoint_id={MEDIUM}",
        "jwks": "/.well-known/jwks.json",
    }

    with pytest.raises(httpx.RemoteProtocolError):
        caller.http.get(addresses[on])

    assert caller.http.get(addresses[on]).status_code == 200


def test_a_status_body_and_headers_are_said_instead(fal: StandIn, caller: Caller) -> None:
    rule = {"on": "submit", "status": 429, "body": {"detail": "busy"}, "headers": {"X-Fal-Needs-Retry": "1"}}
    fal.control([rule, {"on": "submit", "status": 503, "body": "<h1>nginx</h1>"}])

    busy, down, good = caller.send(), caller.send(), caller.send()

    assert (busy.status_code, busy.json(), busy.headers["x-fal-needs-retry"]) == (429, {"detail": "busy"}, "1")
    assert (down.status_code, down.text, down.headers["content-type"][:9]) == (503, "<h1>nginx</h1>", "text/html")
    assert (good.status_code, sum(fal.summary()["requests"].values())) == (200, 1)


def test_an_answer_is_delayed(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "submit", "delay_s": 0.15}])
    began = time.monotonic()

    caller.submit()

    assert time.monotonic() - began >= 0.15


def test_an_answer_may_come_too_late_for_work_that_was_done(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "submit", "answer_delay_s": 5}])

    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(f"/queue/{MEDIUM}", json={"prompt": "slow"}, timeout=0.1)

    assert sum(fal.summary()["requests"].values()) == 1


def test_a_rule_skips_and_stops_when_told(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "submit", "status": 500, "skip": 1, "times": 2}])

    codes = [caller.send().status_code for _ in range(5)]

    assert codes == [200, 500, 500, 200, 200]


@pytest.mark.parametrize(
    ("matcher", "codes"),
    [
        ({"prompt": "owl"}, [200, 500, 200]),
        ({"endpoint": LARGE}, [200, 200, 500]),
        ({"prompt": "owl", "endpoint": LARGE}, [200, 200, 200]),
        ({}, [500, 500, 500]),
    ],
)
def test_a_rule_meets_those_it_names(fal: StandIn, caller: Caller, matcher: dict[str, str], codes: list[int]) -> None:
    fal.control([{"on": "submit", "status": 500, "times": None, **matcher}])

    answers = [caller.send(), caller.send(prompt="an owl"), caller.send(LARGE)]

    assert [answer.status_code for answer in answers] == codes


def test_a_rule_meets_one_request_at_every_address(fal: StandIn, caller: Caller) -> None:
    fal.control(latency_s=60)
    bad, good = caller.submit(prompt="an owl"), caller.submit()
    fal.control([{"on": "status", "status": 500, "request_id": bad["request_id"], "times": None}])
    fal.control([{"on": "cancel", "status": 502, "prompt": "owl"}])

    assert [caller.status(ticket).status_code for ticket in (bad, good)] == [500, 202]
    assert caller.cancel(bad).status_code == 502


def test_a_result_may_be_gone(fal: StandIn, caller: Caller) -> None:
    ticket = caller.submit()
    fal.control([{"on": "result", "gone": True}])

    assert caller.result(ticket).status_code == 404
    assert caller.result(ticket).status_code == 200


def test_a_picture_may_be_missing(fal: StandIn, caller: Caller) -> None:
    address = caller.draw()["images"][0]["url"]
    fal.control([{"on": "cdn", "missing": True}])

    assert [caller.http.get(address).status_code for _ in range(2)] == [404, 200]


def spoiled(fal: StandIn, caller: Caller, how: str) -> tuple[httpx.Response, bytes]:
    """What a picture's address gives with these wrong bytes, and the right ones."""
    address = caller.draw()["images"][0]["url"]
    fal.control([{"on": "cdn", "bytes": how}])
    return caller.http.get(address), caller.http.get(address).content


@pytest.mark.parametrize("how", ["garbage", "truncated", "empty", "html"])
def test_bytes_may_be_no_picture(fal: StandIn, caller: Caller, how: str) -> None:
    wrong, right = spoiled(fal, caller, how)

    assert (wrong.status_code, wrong.content != right) == (200, True)
    assert wrong.headers["content-type"].split(";")[0] == ("text/html" if how == "html" else "image/png")
    with pytest.raises((OSError, SyntaxError)):
        decoded(wrong.content)


def test_bytes_may_be_black_or_of_another_kind(fal: StandIn, caller: Caller) -> None:
    black, right = spoiled(fal, caller, "black")
    gif, _ = spoiled(fal, caller, "gif")
    mislabelled, its = spoiled(fal, caller, "wrong_type")

    assert (decoded(black.content).size, mean_colour(decoded(black.content))) == (decoded(right).size, (0, 0, 0))
    assert (decoded(gif.content).format, gif.headers["content-type"]) == ("GIF", "image/png")
    assert (mislabelled.content == its, mislabelled.headers["content-type"]) == (True, "application/octet-stream")


def test_bytes_may_be_a_bomb(fal: StandIn, caller: Caller) -> None:
    bomb, _ = spoiled(fal, caller, "bomb")

    assert len(bomb.content) < 1_000_000
    assert bomb.content[16:24] == (16_000).to_bytes(4, "big") * 2


def test_bytes_may_have_no_end(fal: StandIn, caller: Caller) -> None:
    address = caller.draw()["images"][0]["url"]
    fal.control([{"on": "cdn", "bytes": "huge"}])

    with caller.http.stream("GET", address) as response:
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > 20_000_000:
                break

    assert "content-length" not in response.headers
    assert fal.summary()["billed_draws"] == 1


def test_a_locked_account_draws_nothing_more_but_tells_what_it_knows(fal: StandIn, caller: Caller) -> None:
    ticket = caller.submit()
    fal.control(locked="Exhausted balance. Top up.")

    refused = [caller.send(), caller.http.post("/rest/storage/upload/initiate", json={})]

    told = {"detail": "User is locked. Reason: Exhausted balance. Top up."}
    assert [(answer.status_code, answer.json()) for answer in refused] == [(403, told)] * 2
    assert caller.result(ticket).status_code == 200
    fal.control(locked="")
    assert caller.send().status_code == 200


def test_all_is_down_and_comes_up_again(fal: StandIn, caller: Caller) -> None:
    fal.control(down=True)
    with pytest.raises(httpx.RemoteProtocolError):
        caller.send()
    fal.control(down=503)
    assert caller.send().status_code == 503

    fal.control(down=False)

    assert caller.send().status_code == 200


@pytest.mark.parametrize(
    ("failure", "code", "body"),
    [
        ({"status": 500}, 500, None),
        ({"status": 422, "body": {"detail": "No media was generated"}}, 422, {"detail": "No media was generated"}),
        ({"status": 502, "body": "<h1>bad</h1>"}, 502, "<h1>bad</h1>"),
        (
            {"status": 503, "body": {"detail": "gone", "error_type": "runner_disconnected"}},
            503,
            {"detail": "gone", "error_type": "runner_disconnected"},
        ),
    ],
)
def test_an_image_model_fails_as_it_is_told(
    fal: StandIn, caller: Caller, failure: dict[str, Any], code: int, body: Any
) -> None:
    fal.control(fail={"prompt": "owl", **failure})

    result = caller.result(caller.submit(prompt="an owl"))
    again, other = caller.submit(prompt="an owl"), caller.submit()

    assert result.status_code == code
    assert body is None or body == (result.text if isinstance(body, str) else result.json())
    assert result.headers.get("x-fal-error-type", "") == ("runner_disconnected" if code == 503 else "")
    assert (caller.result(again).status_code, caller.result(other).status_code) == (200, 200)
    assert fal.summary()["billed_draws"] == 2


def test_settings_are_told_and_put_back(fal: StandIn) -> None:
    told = fal.control([{"on": "cdn", "missing": True, "prompt": "owl"}], latency_s=3, concurrency=7)

    rule = {"on": "cdn", "prompt": "owl", "times": 1, "skip": 0, "fired": 0, "missing": True}
    assert [{**found, "id": 0} for found in told["rules"]] == [{**rule, "id": 0}]
    assert (told["latency_s"], told["concurrency"]) == (3, 7)
    calm = fal.control(calm=True)
    assert (calm["rules"], calm["latency_s"], calm["concurrency"], calm["speed"]) == ([], None, 10, 0.002)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"speeed": 1},
        {"latency_s": "long"},
        {"rules": [{"on": "nowhere", "status": 500}]},
        {"rules": [{"on": "submit"}]},
        {"rules": ["submit"]},
        {"rules": [{"on": "submit", "cut": "sometimes"}]},
        {"rules": [{"on": "cdn", "bytes": "pink"}]},
        {"rules": [{"on": "submit", "colour": "pink"}]},
        7,
    ],
)
def test_what_cannot_be_understood_changes_nothing(fal: StandIn, caller: Caller, nonsense: Any) -> None:
    before = fal.control()

    response = caller.anybody.post("/__control", json=nonsense)

    assert (response.status_code, bool(response.json()["detail"]), fal.control()) == (400, True, before)


def test_the_log_knows_who_asked_for_what(fal: StandIn, caller: Caller) -> None:
    caller.send(LARGE, prompt="an owl", seed=9)
    caller.send(prompt="a fox")

    entry = fal.log(on="submit", prompt="owl")[0]

    assert len(fal.log(on="submit")) == 2
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", f"/queue/{LARGE}", 200)
    assert (entry["body"], entry["endpoint"]) == ({"prompt": "an owl", "seed": 9}, LARGE)
    assert entry["headers"]["authorization"] == "Key standin"
    assert fal.log(request_id=entry["request_id"]) == [entry]
    assert fal.log(limit=1)[0]["prompt"] == "a fox"
