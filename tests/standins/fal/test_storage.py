"""Uploads as the JavaScript client makes them, and what becomes of the files. The Python client speaks for itself."""

from typing import Any

from tests.standins.fal.caller import Caller
from tests.standins.launch import StandIn


def initiate(caller: Caller, path: str = "initiate", **headers: str) -> dict[str, Any]:
    asked = {"content_type": "image/webp", "file_name": "my picture.webp"}
    response = caller.http.post(f"/rest/storage/upload/{path}?storage_type=fal-cdn-v3", json=asked, headers=headers)
    told: dict[str, Any] = response.json()
    return told


def test_a_promised_place_is_filled_without_a_key(fal: StandIn, caller: Caller) -> None:
    told = initiate(caller)

    put = caller.anybody.put(told["upload_url"], content=b"bytes", headers={"Content-Type": "image/webp"})

    got = caller.anybody.get(told["file_url"])
    assert told["file_url"].startswith(f"{fal.url}/cdn/files/uploads/")
    assert told["file_url"].endswith("_my-picture.webp")
    assert (put.status_code, got.content, got.headers["content-type"]) == (200, b"bytes", "image/webp")


def test_a_range_of_a_file_can_be_had(caller: Caller) -> None:
    told = initiate(caller)
    caller.anybody.put(told["upload_url"], content=b"0123456789")

    got = caller.anybody.get(told["file_url"], headers={"Range": "bytes=2-4"})

    assert (got.status_code, got.content) == (206, b"234")


def test_a_place_that_was_never_filled_is_not_found(caller: Caller) -> None:
    assert caller.anybody.get(initiate(caller)["file_url"]).status_code == 404
    assert caller.anybody.put("/cdn/put/nobody", content=b"x").status_code == 404


def test_a_large_file_comes_in_parts(caller: Caller) -> None:
    told = initiate(caller, "initiate-multipart")
    address = told["upload_url"]

    parts = [
        caller.anybody.put(f"{address}/{number}?x=1", content=data) for number, data in ((2, b"-two"), (1, b"one"))
    ]
    etags = [part.json() for part in parts]
    done = caller.anybody.post(f"{address}/complete?x=1", json={"parts": etags})

    assert [(part["partNumber"], bool(part["etag"])) for part in etags] == [(2, True), (1, True)]
    assert (done.status_code, caller.anybody.get(told["file_url"]).content) == (200, b"one-two")


def test_a_missing_part_is_noticed(caller: Caller) -> None:
    address = initiate(caller, "initiate-multipart")["upload_url"]
    caller.anybody.put(f"{address}/1", content=b"one")

    answers = [
        caller.anybody.post(f"{address}/complete", json={"parts": [{"partNumber": 1}, {"partNumber": 2}]}),
        caller.anybody.post(f"{address}/complete", json={"parts": "all"}),
    ]

    assert [answer.status_code for answer in answers] == [400, 422]


def test_a_file_goes_when_its_lifetime_is_over(caller: Caller) -> None:
    told = initiate(caller, **{"X-Fal-Object-Lifecycle": '{"expiration_duration_seconds": 0}'})
    kept = initiate(caller, **{"X-Fal-Object-Lifecycle": '{"expiration_duration_seconds": 3600}'})

    for one in (told, kept):
        caller.anybody.put(one["upload_url"], content=b"bytes")

    assert [caller.anybody.get(one["file_url"]).status_code for one in (told, kept)] == [404, 200]


def test_uploading_at_once_needs_a_token(fal: StandIn, caller: Caller) -> None:
    told = caller.http.post("/rest/storage/auth/token?storage_type=fal-cdn-v3", json={}).json()
    good = {"Authorization": f"{told['token_type']} {told['token']}", "Content-Type": "text/plain"}

    answers = [
        caller.anybody.post(f"{told['base_url']}/files/upload", content=b"x", headers=headers)
        for headers in (good, {"Authorization": "Bearer made-up"}, {})
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert caller.anybody.get(answers[0].json()["access_url"]).content == b"x"


def test_uploads_fail_on_command(fal: StandIn, caller: Caller) -> None:
    fal.control([{"on": "upload", "status": 500}])

    answers = [caller.http.post("/rest/storage/upload/initiate", json={}).status_code for _ in range(2)]

    assert answers == [500, 200]


def test_a_browser_may_ask_from_another_site(caller: Caller) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization, x-fal-queue-priority"

    answer = caller.http.options("/queue/krea/v2/large/text-to-image", headers=asked)

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    assert "x-fal-queue-priority" in answer.headers["access-control-allow-headers"]
