"""Waiting calls through the front, over real HTTP: a held line costs neither a thread nor a connection."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import httpx
import pytest
from django.utils import timezone

from generations import lifecycle
from generations.models import Generation
from krea_site import waiting
from partners.models import Key
from tests.conftest import draw_everything
from tests.partners.caller import FOX, broken, operation, refusal
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 30.0


@pytest.fixture
def http(site: str, key: Any) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {key.secret}"}
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(base_url=f"{site}/api/v1", headers=headers, timeout=60, limits=limits) as client:
        yield client


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=48) as pool:
        yield pool


def until(true: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
    return found


def waiters() -> int:
    """How many lines are held in this process."""
    held = [each for room in waiting._rooms.values() for each in room._waiting.values()]
    return sum(len(futures) for each in held for futures in each.values())


def cancel_all() -> None:
    for generation in Generation.objects.filter(outcome=None):
        lifecycle.cancel(generation)


def after_waiting(held: "Future[httpx.Response]") -> httpx.Response:
    """The answer of a held line: documented, and without a word between front and views."""
    answer = held.result(PATIENCE_S)
    told = operation("post", "/generations")
    assert told is not None
    assert (
        broken(told["responses"][str(answer.status_code)]["content"]["application/json"]["schema"], answer.json()) == []
    )
    assert not [name for name in answer.headers if name.startswith("x-krea")]
    return answer


def test_an_order_that_is_waited_for_answers_with_the_finished_pictures(
    http: httpx.Client, aside: ThreadPoolExecutor, standin: StandIn
) -> None:
    held = aside.submit(http.post, "/generations", json=FOX, headers={"Prefer": "wait=60"})
    until(waiters)
    assert not held.done()
    draw_everything()

    answer = after_waiting(held)

    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=60"
    image = answer.json()["images"][0]
    content = http.get(f"/images/{image['id']}/content")
    part = http.get(f"/images/{image['id']}/content", headers={"Range": "bytes=0-7"})
    assert sha256(content.content).hexdigest() == image["sha256"]
    assert (content.headers["content-type"], content.headers["etag"]) == ("image/png", f'"{image["sha256"]}"')
    assert (part.status_code, part.content) == (206, b"\x89PNG\r\n\x1a\n")
    assert not [name for name in content.headers if name.startswith("x-krea")]
    path = f"/images/{image['id']}/content"
    head = http.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(image["bytes"]))
    assert http.get(path, headers={"If-None-Match": head.headers["etag"]}).status_code == 304
    assert http.get(path, headers={"Range": "bytes=999999999-"}).status_code == 416
    small = http.get(path, params={"variant": "320"}, headers={"Range": "bytes=8-11"})
    assert (small.status_code, small.content, small.headers["content-type"]) == (206, b"WEBP", "image/webp")
    assert http.head(path, params={"variant": "99"}).status_code == 422


def test_what_is_not_finished_in_time_is_answered_as_it_stands(http: httpx.Client, aside: ThreadPoolExecutor) -> None:
    answer = after_waiting(aside.submit(http.post, "/generations?wait=1", json=FOX))

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    path = f"/generations/{answer.json()['id']}"
    assert http.get(path, headers={"Prefer": "wait=1"}).status_code == 202
    assert http.get(path).status_code == 200


def test_a_generation_can_be_waited_for_as_often_as_one_likes(http: httpx.Client, aside: ThreadPoolExecutor) -> None:
    path = f"/generations/{http.post('/generations', json=FOX).json()['id']}"
    held = [aside.submit(http.get, path, params={"wait": 60}) for _ in range(3)]
    until(lambda: waiters() == 3)
    cancel_all()

    assert [(answer.status_code, answer.json()["status"]) for answer in map(after_waiting, held)] == [
        (200, "canceled")
    ] * 3
    assert http.get(path, params={"wait": 60}).status_code == 200
    assert until(lambda: waiters() == 0)


def test_a_retry_of_a_waiting_order_waits_for_the_same_one(http: httpx.Client, aside: ThreadPoolExecutor) -> None:
    def order() -> httpx.Response:
        return http.post("/generations?wait=60", json=FOX, headers={"Idempotency-Key": "k"})

    held = [aside.submit(order), aside.submit(order)]
    until(lambda: waiters() == 2)
    cancel_all()

    first, second = (after_waiting(each) for each in held)
    assert first.content == second.content and Generation.objects.count() == 1
    assert sorted("idempotent-replayed" in answer.headers for answer in (first, second)) == [False, True]


def test_many_who_wait_leave_the_calls_of_others_alone(http: httpx.Client, aside: ThreadPoolExecutor) -> None:
    path = f"/generations/{http.post('/generations', json=FOX).json()['id']}"
    held = [aside.submit(http.get, path, params={"wait": 100}) for _ in range(40)]
    until(lambda: waiters() == 40)

    quick = [http.get("/models", timeout=5).status_code for _ in range(10)]
    cancel_all()

    assert quick == [200] * 10
    assert {after_waiting(each).status_code for each in held} == {200}


def test_a_caller_who_leaves_while_waiting_leaves_nothing_behind(http: httpx.Client, site: str, key: Any) -> None:
    path = f"/api/v1/generations/{http.post('/generations', json=FOX).json()['id']}?wait=100"
    host, port = site.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)))
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key.secret}\r\n\r\n".encode())
    until(lambda: waiters() == 1)

    line.close()

    assert until(lambda: waiters() == 0)


def test_a_key_that_is_revoked_while_it_waits_is_refused(http: httpx.Client, aside: ThreadPoolExecutor) -> None:
    held = aside.submit(http.post, "/generations?wait=60", json=FOX)
    until(waiters)
    Key.objects.update(revoked_at=timezone.now())
    cancel_all()

    assert refusal(held.result(PATIENCE_S)) == (401, "revoked_key")


def test_the_word_between_front_and_views_is_not_a_strangers_to_say(http: httpx.Client) -> None:
    made = http.post("/generations", json=FOX).json()

    answer = http.get(f"/generations/{made['id']}?wait=1", headers={"X-Krea-Front": "line", "X-Krea-Picture": "x"})

    assert answer.status_code == 202
    assert answer.json() == made


def test_a_body_that_is_too_large_for_the_front_is_a_problem(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("krea_site.front.MOST_BODY_BYTES", 1000)

    assert refusal(http.post("/generations", json=FOX | {"reference": "x" * 2000})) == (413, "body_too_large")


def test_a_reference_is_fetched_by_the_front_and_the_order_is_made_once(http: httpx.Client, fox_host: str) -> None:
    references = [{"image_url": f"{fox_host}/fox.png"}]
    body = {"model": "krea-2-medium", "input": {"prompt": "a fox", "image_style_references": references}}

    answers = [http.post("/generations", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert Generation.objects.count() == 1


def test_a_watch_ends_with_the_last_who_waits_and_begins_anew() -> None:
    async def wait_and_leave() -> list[int]:
        room, counts = waiting.Room(), []
        generation = Generation().pk
        for _ in range(2):
            finished = room.enter(7, generation)
            await asyncio.sleep(0)
            counts.append(len(room._watches))
            room.leave(7, generation, finished)
            await asyncio.gather(*room._watches)
            await asyncio.sleep(0)
            counts.append(len(room._watches))
        assert room._bells == {} and dict(room._waiting) == {}
        return counts

    assert asyncio.run(wait_and_leave()) == [1, 0, 1, 0]
