"""The stream of events for a key: everything in order, nothing of others, resumed where it was cut."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing import ledger
from generations import events, lifecycle, live
from generations.models import Event, Generation
from partners import keys
from partners.api import events as events_api
from partners.models import Key
from tests.partners.caller import FOX, ROOT, Caller, fields, refusal

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
        assert next(lines).startswith("retry: ")
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
    for wrong in ("now", "-1", "0m", "11m", "1.5", "9" * 19, "%C2%B2"):
        assert refusal(answer(query=f"?since={wrong}")) == (422, "invalid_query")
    assert refusal(answer(query=f"?key={key.secret}")) == (422, "invalid_query")
    assert refusal(answer("POST")) == (405, "method_not_allowed")
    assert (answer("HEAD").status_code, answer("HEAD").text) == (200, "")


def test_what_is_ordered_while_nobody_listens_is_told_afterwards(site: str, api: Caller, key: Any) -> None:
    api.post("/generations", FOX)

    with stream(site, key.secret, "?since=1") as events:
        assert [event["type"] for event in read(events.iter_lines(), 1)] == ["generation.updated"]


def test_a_new_stream_may_begin_with_the_last_minutes(site: str, api: Caller, key: Any, acme: Any) -> None:
    for number in range(3):
        ledger.grant(acme, 100, key=f"gift:{number}", memo="A gift")
    Event.objects.filter(seq__lte=2).update(created_at=timezone.now() - timedelta(minutes=11))
    Event.objects.filter(seq=3).update(created_at=timezone.now() - timedelta(minutes=5))

    assert told_by(api, "/events", since="10m") == [3, 4]
    assert told_by(api, "/events", since="4m") == [4]
    assert told_by(api, "/events", since="0") == [1, 2, 3, 4]
    with stream(site, key.secret, "?since=10m") as events:
        assert [event["seq"] for event in read(events.iter_lines(), 2)] == [3, 4]


def test_where_events_are_gone_a_reader_is_told_and_not_left_without_them(api: Caller, acme: Any) -> None:
    for number in range(5):
        ledger.grant(acme, 100, key=f"gift:{number}", memo="A gift")
    Event.objects.filter(seq__lte=3).delete()

    gone = api.get("/events", since="1")

    assert refusal(gone) == (410, "events_gone")
    assert gone.json()["resume_after"] == 3
    assert told_by(api, "/events", since="3") == told_by(api, "/events", since="0") == [4, 5, 6]
    assert told_by(api, "/events", since="6") == []


def test_a_number_that_no_event_has_yet_is_refused(api: Caller) -> None:
    ahead = api.get("/events", since="2")

    assert (refusal(ahead), fields(ahead)) == ((422, "invalid_query"), {"since": {"maximum": 1}})


def test_the_id_of_a_comeback_is_checked_as_well(api: Caller, site: str, key: Any) -> None:
    def answer(last: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key.secret}", "Last-Event-ID": last}
        return httpx.get(f"{site}{ROOT}/events", headers=headers, timeout=10)

    assert fields(answer("the last"))["Last-Event-ID"] == events_api.ALLOWED
    assert fields(answer("2")) == {"Last-Event-ID": {"maximum": 1}}


def test_one_generation_is_followed_from_its_beginning_to_its_end(
    site: str, api: Caller, key: Any, finish_all: Run
) -> None:
    other, mine = api.order(), api.order()
    finish_all()
    path = f"{ROOT}/generations/{mine['id']}/events"
    headers = {"Authorization": f"Bearer {key.secret}"}

    with httpx.stream("GET", site + path, headers=headers, timeout=30) as stream:
        whole = "".join(stream.iter_text())  # it ends by itself
    told = read(iter(whole.splitlines()), whole.count("data: "))
    last = headers | {"Last-Event-ID": str(told[-1]["seq"])}

    assert [event["type"] for event in (told[0], told[-1])] == ["generation.updated", "generation.finished"]
    assert {event["data"].get("generation", event["data"]["id"]) for event in told} == {mine["id"]}
    assert [event["data"]["status"] for event in told if event["type"] == "image.updated"][-1] == "stored"
    assert httpx.get(site + path, headers=last).status_code == 204
    assert api.get(f"/generations/{other['id']}/events").content.count(b"generation.finished") == 2


def test_a_generation_that_runs_is_followed_from_any_place(site: str, api: Caller, key: Any) -> None:
    made = api.order()
    headers = {"Authorization": f"Bearer {key.secret}", "Last-Event-ID": str(events.latest(Key.objects.get().user_id))}

    with httpx.stream("GET", f"{site}{ROOT}/generations/{made['id']}/events", headers=headers, timeout=30) as following:
        lines = following.iter_lines()
        assert next(lines).startswith("retry: ")
        ledger.grant(Key.objects.get().user, 100, key="aside", memo="A gift")
        lifecycle.cancel(Generation.objects.get())
        assert [event["type"] for event in read(lines, 2)] == ["image.updated", "generation.finished"]
        assert "".join(lines) == ""


def test_a_finished_generation_whose_events_are_gone_is_told_so(api: Caller, stranger: Caller) -> None:
    made = api.order()
    lifecycle.cancel(Generation.objects.get())
    Event.objects.all().delete()

    assert api.get(f"/generations/{made['id']}/events").status_code == 204
    assert refusal(stranger.get(f"/generations/{made['id']}/events")) == (404, "not_found")


def test_one_stream_more_than_an_account_may_have_is_refused(site: str, key: Any, settings: Settings) -> None:
    settings.API_STREAMS = 2

    with stream(site, key.secret) as one, stream(site, key.secret) as other:
        lines = one.iter_lines(), other.iter_lines()
        assert all(next(each).startswith("retry: ") for each in lines)
        headers = {"Authorization": f"Bearer {key.secret}"}
        refused = httpx.get(f"{site}{ROOT}/events", headers=headers, timeout=10)
        settings.API_STREAMS, settings.WEB_STREAMS = 3, 2
        full = httpx.get(f"{site}{ROOT}/events", headers=headers, timeout=10)
        waited = httpx.post(f"{site}{ROOT}/generations?wait=60", headers=headers, json=FOX, timeout=10)

    assert refusal(refused) == (429, "too_many_streams")
    assert (refused.json()["streams_limit"], refused.headers["retry-after"]) == (2, "5")
    assert (refusal(full), full.headers["retry-after"]) == ((503, "busy"), "5")
    assert (waited.status_code, waited.json()["status"]) == (202, "queued")  # at once: there is no room to wait


def told_by(api: Caller, path: str, **query: str) -> list[int]:
    """The numbers of what a stream begins with."""
    return [int(seq) for seq in re.findall(rb"^id: (\d+)$", api.get(path, **query).content, re.MULTILINE)]
