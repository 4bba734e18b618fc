"""The stream of events for a key: everything in order, nothing of others, resumed where it was cut."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from billing import ledger
from generations import lifecycle, live
from generations.models import Generation
from partners import keys
from partners.models import Key
from tests.partners.caller import FOX, ROOT, Caller, refusal

PATIENCE_S = 30.0
Run = Callable[[], Any]
pytestmark = pytest.mark.django_db(transaction=True)


def read(lines: Iterator[str], count: int) -> list[dict[str, Any]]:
    """The data of the next events, each of which has its id, its name and one line of JSON."""
    found: list[dict[str, Any]] = []
    told: dict[str, str] = {}
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < count:
        assert time.monotonic() < deadline, f"only {[each['type'] for each in found]} came"
        line = next(lines)
        if not line and "data" in told:
            data = json.loads(told["data"])
            assert (told["id"], told["event"]) == (str(data["seq"]), data["type"])
            found.append(data)
        told = {} if not line else told | dict([line.split(": ", 1)])
    return found


def stream(site: str, secret: str, query: str = "", **headers: str) -> Any:
    told = {"Authorization": f"Bearer {secret}", **headers}
    return httpx.stream("GET", f"{site}{ROOT}/events{query}", headers=told, timeout=30)


def test_a_key_hears_what_happens_to_its_account_and_to_nobody_else(
    site: str, api: Caller, key: Any, mallory: Any
) -> None:
    with stream(site, key.secret, "?since=0") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        assert events.headers["cache-control"] == "no-store"
        lines = events.iter_lines()
        assert [event["type"] for event in read(lines, 1)] == ["balance.updated"]
        ledger.grant(mallory, 100, key="hers", memo="Not acme's")
        made = api.order()
        lifecycle.cancel(Generation.objects.get())
        told = read(lines, 5)

    assert [event["seq"] for event in told] == list(range(2, 7))
    assert {event["type"] for event in told} == {
        "generation.updated", "image.updated", "generation.finished", "balance.updated",
    }  # fmt: skip
    finished = next(event for event in told if event["type"] == "generation.finished")
    assert finished["data"] == {"id": made["id"], "status": "canceled"}
    assert all(event["created_at"].endswith("Z") for event in told)


def test_images_are_told_in_the_words_of_the_api(site: str, api: Caller, key: Any, finish_all: Run) -> None:
    api.post("/generations", FOX)
    finish_all()

    with stream(site, key.secret, "?since=1") as events:
        lines = events.iter_lines()
        told = read(lines, 1)
        while told[-1]["type"] != "generation.finished":
            told += read(lines, 1)

    words = [event["data"]["status"] for event in told if event["type"] == "image.updated"]
    assert (set(words), words[-1]) == ({"running", "stored"}, "stored")


def test_a_stream_goes_on_where_it_was_cut(site: str, key: Any, acme: Any) -> None:
    for number in range(4):
        ledger.grant(acme, 100, key=f"gift:{number}", memo="A gift")

    with stream(site, key.secret, "?since=0", **{"Last-Event-ID": "2"}) as events:
        assert [event["seq"] for event in read(events.iter_lines(), 3)] == [3, 4, 5]


def test_without_a_since_only_what_comes_is_told(site: str, key: Any, acme: Any) -> None:
    with stream(site, key.secret) as events:
        lines = events.iter_lines()
        assert next(lines) == "retry: 2000"
        ledger.grant(acme, 100, key="gift", memo="A gift")
        assert [event["seq"] for event in read(lines, 1)] == [2]


def test_a_stream_ends_when_its_key_is_revoked(site: str, key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE_S", 0.05)
    monkeypatch.setattr(live, "CHECK_SESSION_EVERY_S", 0.0)

    with stream(site, key.secret) as events:
        lines = events.iter_lines()
        assert next(line for line in lines if line.startswith(":")) == ": still here"
        Key.objects.update(revoked_at=timezone.now())
        list(lines)  # to its end, or the time limit breaks it


def test_a_page_of_ours_hears_with_its_session(site: str, acme: Any) -> None:
    browser = Client()
    browser.force_login(acme)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"

    with httpx.stream("GET", f"{site}{ROOT}/events?since=0", headers={"Cookie": cookie}, timeout=30) as events:
        assert [event["type"] for event in read(events.iter_lines(), 1)] == ["balance.updated"]


def test_who_may_not_hear_is_told_why(site: str, acme: Any, key: Any) -> None:
    narrow = keys.make(acme, "Narrow", ["billing:read"])[1]
    address = f"{site}{ROOT}/events"

    def answer(method: str = "GET", query: str = "", secret: str = key.secret) -> httpx.Response:
        return httpx.request(method, address + query, headers={"Authorization": f"Bearer {secret}"}, timeout=10)

    assert refusal(httpx.get(address)) == (401, "missing_key")
    assert refusal(answer(secret=narrow)) == (403, "missing_scope")
    assert refusal(answer(query="?since=now")) == (422, "invalid_query")
    assert refusal(answer(query=f"?key={key.secret}")) == (422, "invalid_query")
    assert refusal(answer("POST")) == (405, "method_not_allowed")
    assert (answer("HEAD").status_code, answer("HEAD").text) == (200, "")


def test_what_is_ordered_while_nobody_listens_is_told_afterwards(site: str, api: Caller, key: Any) -> None:
    api.post("/generations", FOX)

    with stream(site, key.secret, "?since=1") as events:
        assert [event["type"] for event in read(events.iter_lines(), 1)] == ["generation.updated"]
