"""The queue: accepted, waiting, drawn, over; who may ask; who comes first."""

from typing import Any

import pytest

from tests.standins.fal.caller import FLUX, LARGE, LORA, MEDIUM, Caller
from tests.standins.launch import StandIn


def test_submit_is_accepted_with_absolute_addresses_of_this_host(fal: StandIn, caller: Caller) -> None:
    response = caller.send(LARGE, seed=3)

    told = response.json()
    stem = f"{fal.url}/queue/krea/v2/requests/{told['request_id']}"
    assert response.status_code == 200
    assert response.headers["x-fal-request-id"] == told["request_id"]
    assert told == {
        "status": "IN_QUEUE",
        "request_id": told["request_id"],
        "gateway_request_id": told["request_id"],
        "response_url": stem,
        "status_url": f"{stem}/status",
        "cancel_url": f"{stem}/cancel",
        "queue_position": 0,
    }


def test_status_is_202_until_it_is_over_and_then_200(fal: StandIn, caller: Caller) -> None:
    fal.control(latency_s=60)
    ticket = caller.submit()

    before = caller.status(ticket)
    fal.control(finish=ticket["request_id"])
    after = caller.status(ticket)

    assert (before.status_code, before.json()["status"]) == (202, "IN_PROGRESS")
    assert (before.json()["logs"], before.json()["metrics"]) == (None, {})
    assert (after.status_code, after.json()["status"]) == (200, "COMPLETED")
    assert after.json()["metrics"]["inference_time"] >= 0


@pytest.mark.parametrize(("logs", "is_list"), [("1", True), ("true", True), ("0", False), ("false", False)])
def test_logs_are_a_list_when_asked_for(caller: Caller, logs: str, is_list: bool) -> None:
    ticket = caller.submit()
    caller.events(ticket)

    told = caller.http.get(ticket["status_url"], params={"logs": logs}).json()

    assert isinstance(told["logs"], list) == is_list
    if is_list:
        assert set(told["logs"][0]) == {"timestamp", "level", "source", "message"}


def test_result_is_refused_until_it_is_there(fal: StandIn, caller: Caller) -> None:
    fal.control(latency_s=60)
    ticket = caller.submit()

    early = caller.http.get(ticket["response_url"])
    fal.control(finish=True)
    late = caller.http.get(ticket["response_url"])

    assert (early.status_code, early.json()) == (400, {"detail": "Request is still in progress"})
    assert late.status_code == 200


def test_result_of_krea_has_the_picture_its_size_and_its_seed(fal: StandIn, caller: Caller) -> None:
    ticket = caller.submit(MEDIUM, seed=77, aspect_ratio="16:9")

    response = caller.result(ticket)

    name = f"{ticket['request_id']}.png"
    image = {"url": f"{fal.url}/cdn/files/drawn/{name}", "content_type": "image/png", "file_name": name}
    assert response.json() == {"images": [{**image, "file_size": None, "width": 1376, "height": 768}], "seed": 77}
    assert response.headers["x-fal-billable-units"] == "1"
    assert response.headers["x-fal-request-id"] == ticket["request_id"]


def test_result_of_the_open_models_has_more(caller: Caller) -> None:
    response = caller.result(caller.submit(FLUX, prompt="dunes", image_size="landscape_16_9"))

    told = response.json()
    assert (told["prompt"], told["has_nsfw_concepts"]) == ("dunes", [False])
    assert told["timings"]["inference"] >= 0
    assert response.headers["x-fal-billable-units"] == "0.589824"


def test_several_pictures_of_one_request_differ_and_are_billed_each(fal: StandIn, caller: Caller) -> None:
    told = caller.draw(LORA, num_images=2, image_size="square")

    files = {caller.http.get(image["url"]).content for image in told["images"]}
    assert len(files) == 2
    assert fal.summary()["cost_micro_usd"] == round(10_000 * 2 * 512 * 512 / 1_000_000)


@pytest.mark.parametrize("path", ["krea/v2", "krea/v2/large/text-to-image"])
@pytest.mark.parametrize("ending", ["", "/response"])
def test_longer_addresses_are_understood_too(caller: Caller, path: str, ending: str) -> None:
    ticket = caller.submit(LARGE)
    caller.events(ticket)

    assert caller.http.get(f"/queue/{path}/requests/{ticket['request_id']}{ending}").status_code == 200


def test_another_applications_address_knows_nothing_of_it(caller: Caller) -> None:
    ticket = caller.submit(LARGE)

    response = caller.http.get(f"/queue/fal-ai/flux/requests/{ticket['request_id']}/status")

    assert (response.status_code, response.json()) == (404, {"status": "NOT_FOUND"})


def test_only_so_many_are_drawn_at_once_and_the_first_come_first(fal: StandIn, caller: Caller) -> None:
    fal.control(concurrency=1, latency_s=60)

    tickets = [caller.submit(prompt=f"fox {number}") for number in range(4)]
    waiting = [caller.status(ticket).json() for ticket in tickets]
    fal.control(latency_s=0.01, finish=True)
    for ticket in tickets:
        caller.events(ticket)

    ended = [item["json_input"]["prompt"] for item in reversed(history(caller))]
    assert [told.get("queue_position") for told in waiting] == [None, 0, 1, 2]
    assert ended == ["fox 0", "fox 1", "fox 2", "fox 3"]
    assert fal.summary()["most_in_progress"] == 1


def test_low_priority_stands_behind_everybody(fal: StandIn, caller: Caller) -> None:
    fal.control(concurrency=1, latency_s=60)
    caller.submit()
    address, low = f"/queue/{MEDIUM}", {"X-Fal-Queue-Priority": "low"}
    patient = caller.http.post(address, json={"prompt": "a snail"}, headers=low).json()

    assert caller.status(patient).json()["queue_position"] == 0
    caller.submit()
    assert caller.status(patient).json()["queue_position"] == 1


def test_too_long_a_queue_is_refused_where_that_was_wished(fal: StandIn, caller: Caller) -> None:
    fal.control(concurrency=1, latency_s=60)
    for _ in range(3):
        caller.submit()

    refused = caller.http.post(f"/queue/{MEDIUM}?fal_max_queue_length=1", json={"prompt": "a fox"})
    accepted = caller.http.post(f"/queue/{MEDIUM}?fal_max_queue_length=2", json={"prompt": "a fox"})

    assert (refused.status_code, accepted.status_code) == (429, 200)


def test_a_request_that_does_not_start_in_its_time_is_over(fal: StandIn, caller: Caller) -> None:
    fal.control(concurrency=1, latency_s=60)
    caller.submit()
    hurried = {"X-Fal-Request-Timeout": "0.05"}
    ticket = caller.http.post(f"/queue/{MEDIUM}", json={"prompt": "a hare"}, headers=hurried).json()

    response = caller.result(ticket)

    assert (response.status_code, response.json()["error_type"]) == (504, "request_timeout")
    assert response.headers["x-fal-error-type"] == "request_timeout"
    assert response.headers["x-fal-request-timeout-type"] == "user"
    assert caller.status(ticket).json()["error_type"] == "request_timeout"


def test_the_same_request_twice_is_drawn_and_billed_twice(fal: StandIn, caller: Caller) -> None:
    first, second = caller.submit(LARGE, seed=1), caller.submit(LARGE, seed=1)
    caller.events(first)
    caller.events(second)

    summary = fal.summary()
    assert first["request_id"] != second["request_id"]
    assert (summary["billed_draws"], summary["billed_again"], summary["cost_micro_usd"]) == (2, 1, 120_000)


def test_style_references_cost_more(fal: StandIn, caller: Caller) -> None:
    reference = {"image_url": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="}

    caller.draw(LARGE, image_style_references=[reference] * 3)

    assert fal.summary()["cost_micro_usd"] == 65_000


def test_the_stream_tells_every_step_and_ends(fal: StandIn, caller: Caller) -> None:
    fal.control(concurrency=1, latency_s=0.3)
    caller.submit()

    steps = [told["status"] for told in caller.events(caller.submit())]

    assert steps == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


def test_run_waits_and_answers_with_the_output(caller: Caller) -> None:
    told = caller.http.post(f"/run/{LORA}", json={"prompt": "a fox", "image_size": "square"}).json()

    assert caller.http.get(told["images"][0]["url"]).status_code == 200


def test_run_is_refused_when_all_slots_are_taken(fal: StandIn, caller: Caller) -> None:
    fal.control(concurrency=1, latency_s=60)
    caller.submit()

    response = caller.http.post(f"/run/{LORA}", json={"prompt": "a fox"})

    assert (response.status_code, response.json()["error_type"]) == (429, "concurrent_requests_limit")
    assert response.headers["x-fal-needs-retry"] == "1"


def test_sync_mode_puts_the_picture_into_the_answer(caller: Caller) -> None:
    asked = {"prompt": "a fox", "image_size": "square", "sync_mode": True}

    told = caller.http.post(f"/run/{LORA}", json=asked).json()

    assert told["images"][0]["url"].startswith("data:image/png;base64,iVBOR")


@pytest.mark.parametrize(
    ("authorization", "said"),
    [
        ("Key nobody:secret", "No user found for Key ID and Secret"),
        ("Key nocolon", "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."),
        ("Bearer standin:standin", "invalid key credentials"),
        ("", "Authentication is required to access this application"),
    ],
)
def test_a_bad_key_is_refused_everywhere(fal: StandIn, caller: Caller, authorization: str, said: str) -> None:
    fal.control(keys=["standin:standin"])
    ticket = caller.submit()
    bad = {"Authorization": authorization}

    answers = [
        caller.anybody.post(f"/queue/{MEDIUM}", json={"prompt": "x"}, headers=bad),
        caller.anybody.post(f"/run/{MEDIUM}", json={"prompt": "x"}, headers=bad),
        caller.anybody.get(ticket["status_url"], headers=bad),
        caller.anybody.get(ticket["response_url"], headers=bad),
        caller.anybody.put(ticket["cancel_url"], headers=bad),
        caller.anybody.get(f"/api/models/requests/by-endpoint?endpoint_id={MEDIUM}", headers=bad),
        caller.anybody.post("/rest/storage/upload/initiate", json={}, headers=bad),
    ]

    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {(401, said)}


def test_what_is_not_there_is_not_found(fal: StandIn, caller: Caller) -> None:
    nobody = f"/queue/krea/v2/requests/{'0' * 8}-0000-7000-8000-{'0' * 12}"

    assert caller.http.post("/queue/krea/v9/huge", json={"prompt": "x"}).status_code == 404
    assert caller.http.get(f"{nobody}/status").json() == {"status": "NOT_FOUND"}
    assert caller.http.get(nobody).status_code == 404
    assert caller.http.put(f"{nobody}/cancel").status_code == 404


@pytest.mark.parametrize("body", ["{", '{"prompt": NaN}', "\x00"])
def test_what_is_not_json_is_refused_at_once(caller: Caller, body: str) -> None:
    response = caller.http.post(f"/queue/{MEDIUM}", content=body, headers={"Content-Type": "application/json"})

    assert (response.status_code, response.json()["error_type"]) == (400, "bad_request")


def history(caller: Caller) -> list[dict[str, Any]]:
    response = caller.http.get("/api/models/requests/by-endpoint", params={"endpoint_id": MEDIUM, "expand": "payloads"})
    items: list[dict[str, Any]] = response.json()["items"]
    return items
