"""A submit that is sent again because its answer never came is the same order, in every dialect; one that was answered
is another."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from generations.models import Generation
from partners import idempotency, keys
from partners.models import KeptAnswer
from tests.conftest import draw_everything, wallet_of
from tests.generations.pages import picture
from tests.generations.strangers import Stranger, Visit
from tests.partners.test_waiting import until, waiters
from tests.standins.launch import StandIn

PATIENCE_S = 30.0
FOX = {"prompt": "a fox"}
KREA = {"engine": "fal", "model": "krea2", "operation": "createImage", "size": "large", "prompt": "a fox"}
STYLED = "image_style_references"


class Door:
    """One call that orders: where, the body for a reference, and where the answer has the order's id."""

    def __init__(self, path: str, body: Callable[[str], dict[str, Any]], place: str, *, holds: bool = False) -> None:
        self.path, self.body, self.place, self.holds = path, body, place, holds

    def id_in(self, answer: Any) -> str:
        told = answer.json()
        return str(told["generations"][0][self.place] if "generations" in told else told[self.place])


def krea(at: str) -> dict[str, Any]:
    return FOX | ({STYLED: [{"image_url": at}]} if at else {})


def civitai(at: str) -> dict[str, Any]:
    return {"steps": [{"$type": "imageGen", "input": recipe(at)}]}


def recipe(at: str) -> dict[str, Any]:
    return KREA | ({"imageStyleReferences": [{"imageUrl": at}]} if at else {})


def oxen(at: str) -> dict[str, Any]:
    return krea(at) | {"model": "krea-v2-large-text-to-image"}


DOORS = {
    "fal submit": Door("/fal/queue/krea/v2/large/text-to-image", krea, "request_id"),
    "fal run": Door("/fal/run/krea/v2/large/text-to-image", krea, "request_id", holds=True),
    "civitai workflow": Door("/v2/consumer/workflows", civitai, "id"),
    "civitai recipe": Door("/v2/consumer/recipes/imageGen", recipe, "workflowId", holds=True),
    "oxen queue": Door("/api/ai/queue", oxen, "generation_id"),
    "oxen generate": Door("/api/ai/images/generate", oxen, "generation_id", holds=True),
}
every_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
quick_doors = pytest.mark.parametrize("door", [door for door in DOORS.values() if not door.holds], ids=lambda d: d.path)
held_doors = pytest.mark.parametrize("door", [door for door in DOORS.values() if door.holds], ids=lambda d: d.path)


class Gate(Stranger):
    """A stranger's server whose picture comes when it is let through: an order that names it is not answered before."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.data = picture().read()
        super().__init__(self.hand_out, "127.0.0.1", 0, None)

    def hand_out(self, visit: Visit) -> None:
        self.is_open.wait(PATIENCE_S)
        visit.give(body=self.data, Content_Type="image/png")

    @property
    def picture(self) -> str:
        return f"http://127.0.0.1:{self.port}/a.png"


@pytest.fixture
def gate(settings: Settings) -> Iterator[Gate]:
    there = Gate()
    settings.SAFE_FETCH_ALLOW = settings.SAFE_FETCH_ALLOW | {f"127.0.0.1:{there.port}"}
    yield there
    there.is_open.set()
    there.leave()


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield pool


def send(http: httpx.Client, path: str, body: dict[str, Any]) -> socket.socket:
    """A POST of which nobody has read the answer yet."""
    host, port = str(http.base_url).rstrip("/").removeprefix("http://").split(":")
    line, content = socket.create_connection((host, int(port))), json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {http.headers['Authorization']}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    line.sendall(head.encode() + content)
    return line


def is_noted_as_lost() -> bool:
    """The one order's answer found nobody: its minute began anew when that was seen."""
    made = Generation.objects.first()
    return made is not None and KeptAnswer.objects.get().ends_at > made.created_at + timedelta(seconds=60)


@every_door
@pytest.mark.django_db(transaction=True)
def test_whoever_left_before_the_answer_and_asks_again_gets_the_same_order(
    http: httpx.Client, gate: Gate, aside: ThreadPoolExecutor, acme: Any, standin: StandIn, door: Door
) -> None:
    body = door.body(gate.picture)
    line = send(http, door.path, body)
    until(lambda: gate.seen)
    line.close()
    gate.is_open.set()
    until(is_noted_as_lost)

    again = aside.submit(http.post, door.path, json=body)
    if door.holds:
        until(waiters)
        draw_everything()
    answer = again.result(PATIENCE_S)

    made = Generation.objects.get()
    assert answer.status_code in (200, 202) and answer.headers["Idempotent-Replayed"] == "true", answer.text
    assert door.holds or door.id_in(answer) == str(made.pk)
    assert wallet_of(acme) == ((915_50, 0) if door.holds else (1000_00, 84_50))
    assert not [name for name in answer.headers if name.startswith("x-krea")]


@every_door
@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one_order(
    http: httpx.Client, gate: Gate, aside: ThreadPoolExecutor, acme: Any, standin: StandIn, door: Door
) -> None:
    held = [aside.submit(http.post, door.path, json=door.body(gate.picture)) for _ in range(2)]
    until(lambda: len(gate.seen) == 2)
    gate.is_open.set()
    if door.holds:
        until(lambda: waiters() == 2)
        draw_everything()
    first, second = (each.result(PATIENCE_S) for each in held)

    assert Generation.objects.count() == 1
    assert {first.status_code, second.status_code} <= {200, 202}
    assert sorted("idempotent-replayed" in answer.headers for answer in (first, second)) == [False, True]
    assert door.holds or door.id_in(first) == door.id_in(second)


@quick_doors
@pytest.mark.django_db(transaction=True)
def test_the_same_wish_once_more_after_its_answer_is_another_order(http: httpx.Client, door: Door) -> None:
    answers = [http.post(door.path, json=door.body("")) for _ in range(4)]

    assert len({door.id_in(answer) for answer in answers}) == Generation.objects.count() == 4
    assert not [answer for answer in answers if "idempotent-replayed" in answer.headers]


@held_doors
@pytest.mark.django_db(transaction=True)
def test_a_held_line_that_was_answered_is_not_joined(
    http: httpx.Client, drawing: Callable[[Callable[[], Any]], Any], door: Door
) -> None:
    answers = [drawing(lambda: http.post(door.path, json=door.body(""))) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert Generation.objects.count() == 2


@held_doors
@pytest.mark.django_db(transaction=True)
def test_whoever_leaves_a_held_line_finds_the_same_picture(
    http: httpx.Client, aside: ThreadPoolExecutor, standin: StandIn, door: Door
) -> None:
    line = send(http, door.path, door.body(""))
    until(lambda: waiters() == 1)
    KeptAnswer.objects.update(ends_at=timezone.now())  # its minute is over before it leaves
    line.close()
    until(is_noted_as_lost)

    again = aside.submit(http.post, door.path, json=door.body(""))
    until(lambda: waiters() == 1)
    draw_everything()

    assert again.result(PATIENCE_S).status_code == 200
    assert Generation.objects.count() == 1


class TestAProcessThatDied:
    """Its calls are never closed: a client that asks as the front does, and closes nothing, leaves the same rows."""

    pytestmark = pytest.mark.django_db

    @pytest.fixture
    def dying(self, key: Any) -> Callable[[Door], Any]:
        return self.program(key.secret)

    def program(self, secret: str) -> Callable[[Door], Any]:
        client = Client(headers={"Authorization": f"Bearer {secret}", "X-Krea-Front": "none"})
        return lambda door: client.post(door.path, door.body(""), content_type="application/json")

    @every_door
    def test_for_a_minute_a_repetition_gets_what_was_ordered_and_then_a_new_order(
        self, dying: Callable[[Door], Any], door: Door
    ) -> None:
        first, second = dying(door), dying(door)
        one = Generation.objects.count()
        KeptAnswer.objects.update(ends_at=timezone.now())

        third = dying(door)

        assert door.id_in(first) == door.id_in(second) != door.id_in(third)
        assert (one, Generation.objects.count(), KeptAnswer.objects.count()) == (1, 2, 1)
        lasts = KeptAnswer.objects.get().ends_at - timezone.now()
        assert timedelta(seconds=55) < lasts <= timedelta(seconds=60)

    def test_another_key_or_body_is_another_order(self, dying: Callable[[Door], Any], key: Any) -> None:
        door, other = DOORS["oxen queue"], self.program(keys.make(key.user, "Other")[1])
        fresh = Door(door.path, lambda at: oxen(at) | {"seed": 7}, door.place)

        assert len({door.id_in(call) for call in (dying(door), other(door), dying(fresh))}) == 3

    def test_what_was_refused_is_not_kept(self, dying: Callable[[Door], Any]) -> None:
        wrong = Door("/api/ai/queue", lambda at: oxen(at) | {"creativity": "wild"}, "generation_id")

        assert [dying(wrong).status_code for _ in range(2)] == [400, 400]
        assert not KeptAnswer.objects.exists()

    def test_what_nobody_may_join_any_more_is_pruned(self, dying: Callable[[Door], Any]) -> None:
        dying(DOORS["fal submit"])
        kept = idempotency.prune(within=timedelta(minutes=1))
        KeptAnswer.objects.update(ends_at=F("ends_at") - timedelta(minutes=17))

        assert (kept, idempotency.prune(within=timedelta(minutes=1))) == (0, 1)


@every_door
@pytest.mark.django_db
def test_an_idempotency_key_decides_alone(key: Any, door: Door) -> None:
    client = Client(headers={"Authorization": f"Bearer {key.secret}", "X-Krea-Front": "none"})

    def order(wish: str) -> Any:
        headers = {"Idempotency-Key": wish}
        return client.post(door.path, door.body(""), content_type="application/json", headers=headers)

    ids = [door.id_in(order(wish)) for wish in ("a", "b", "a")]

    assert ids[0] == ids[2] != ids[1]
    assert Generation.objects.count() == 2
