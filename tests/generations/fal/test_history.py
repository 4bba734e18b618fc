"""fal's history finds a request whose answer was lost, by what we sent, and rescues results that the queue dropped."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from generations.fal.client import Accepted, Unavailable, send
from generations.fal.history import Found, NotThere, find, payload
from tests.generations.fal.conftest import LARGE, Serve
from tests.generations.fal.servers import CUT, Heard, Server, reply
from tests.standins.launch import StandIn

SENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = SENT + timedelta(minutes=5)
PROMPT = "a lighthouse in fog"
ID = "019ef3ca-bf2e-71b2-8000-000000000001"
OUTPUT = {"images": [{"url": "https://v3.fal.media/a.png"}]}


def item(**fields: object) -> dict[str, object]:
    """One entry of the history; a field that is given as ... is left out."""
    entry: dict[str, object] = {
        "request_id": ID,
        "endpoint_id": LARGE,
        "sent_at": "2026-11-20T12:00:01.250Z",
        "status_code": 200,
        "json_input": {"prompt": PROMPT, "seed": 7},
        "json_output": OUTPUT,
    }
    return {name: value for name, value in (entry | fields).items() if value is not ...}


def page(*items: object, **fields: object) -> bytes:
    return reply(200, {"items": list(items), "next_cursor": None, "has_more": False} | fields)


def search(exclude: set[str] = frozenset()) -> Found | NotThere:  # type: ignore[assignment]
    return find(LARGE, prompt=PROMPT, seed=7, since=SENT, until=LATER, exclude=exclude)


def asked(server: Server) -> list[dict[str, str]]:
    queries = [parse_qs(urlsplit(heard.target).query) for heard in server.heard]
    return [{name: values[0] for name, values in query.items()} for query in queries]


def test_a_request_is_found_by_prompt_and_seed(serve: Serve) -> None:
    server = serve(lambda heard: page(item(request_id="other", json_input={"prompt": PROMPT, "seed": 8}), item()))

    assert search() == Found(ID, 200, OUTPUT)
    [query] = asked(server)
    assert query == {
        "endpoint_id": LARGE,
        "start": "2026-11-20T11:59:30Z",
        "end": "2026-11-20T12:05:30Z",
        "expand": "payloads",
        "limit": "100",
    }
    assert server.heard[0].headers["authorization"] == "Key standin:standin"
    assert server.heard[0].target.startswith("/api/models/requests/by-endpoint?")


@pytest.mark.parametrize(
    "other",
    [
        {"json_input": {"prompt": "a lighthouse", "seed": 7}},
        {"json_input": {"prompt": PROMPT, "seed": 8}},
        {"json_input": {"prompt": PROMPT, "seed": True}},
        {"json_input": {"prompt": PROMPT}},
        {"endpoint_id": "krea/v2/medium/text-to-image"},
        {"sent_at": "2026-11-20T11:59:29Z"},
        {"sent_at": "2026-11-20T12:05:31Z"},
        {"sent_at": "2026-11-20T14:00:00+01:00"},
    ],
)
def test_another_request_is_not_taken_for_it(serve: Serve, other: dict[str, object]) -> None:
    serve(lambda heard: page(item(**other)))

    assert search() == NotThere(complete=True)


@pytest.mark.parametrize(
    "same",
    [
        {"sent_at": "2026-11-20T11:59:31Z"},
        {"sent_at": "2026-11-20T13:00:01+01:00"},
        {"sent_at": "2026-11-20T12:00:01"},
        {"endpoint_id": ...},
        {"json_input": json.dumps({"prompt": PROMPT, "seed": 7})},
        {"json_input": {"prompt": PROMPT, "seed": 7.0, "num_images": 1}},
    ],
)
def test_it_is_recognised_in_other_spellings(serve: Serve, same: dict[str, object]) -> None:
    serve(lambda heard: page(item(**same)))

    assert search() == Found(ID, 200, OUTPUT)


def test_a_request_that_belongs_to_another_draw_is_passed_over(serve: Serve) -> None:
    serve(lambda heard: page(item(request_id="older"), item()))

    assert search(exclude={"older"}) == Found(ID, 200, OUTPUT)
    assert search(exclude={"older", ID}) == NotThere(complete=True)


def test_one_that_is_still_drawn_is_found_without_its_end(serve: Serve) -> None:
    serve(lambda heard: page(item(status_code=None, json_output=None)))

    assert search() == Found(ID)


def test_a_failure_is_found_without_what_fal_echoes(serve: Serve) -> None:
    entry = {"type": "missing", "loc": ["body"], "msg": "x"}
    serve(lambda heard: page(item(status_code=422, json_output={"detail": [entry | {"input": PROMPT}]})))

    assert search() == Found(ID, 422, {"detail": [entry]})


@pytest.mark.parametrize(
    "unclear",
    [
        {"json_input": None},
        {"json_input": ...},
        {"json_input": "not JSON"},
        {"sent_at": None},
        {"sent_at": "yesterday"},
        {"request_id": None},
        {"request_id": "../x"},
    ],
)
def test_an_entry_that_cannot_be_compared_leaves_it_undecided(serve: Serve, unclear: dict[str, object]) -> None:
    serve(lambda heard: page(item(**unclear)))

    assert search() == NotThere(complete=False)


@pytest.mark.parametrize("body", [{"items": None}, {"items": ["text"]}, {}])
def test_a_page_that_cannot_be_read_leaves_it_undecided(serve: Serve, body: object) -> None:
    serve(lambda heard: reply(200, body))

    assert search() == NotThere(complete=False)


def paged(pages: list[bytes]) -> Any:
    """Answers page n to the cursor n."""

    def answer(heard: Heard) -> bytes:
        cursor = parse_qs(urlsplit(heard.target).query).get("cursor", ["0"])[0]
        return pages[int(cursor)]

    return answer


def test_all_pages_are_read(serve: Serve) -> None:
    other = item(request_id="other", json_input={"prompt": "x", "seed": 1})
    pages = [page(other, next_cursor="1", has_more=True), page(next_cursor="2", has_more=True), page(item())]
    server = serve(paged(pages))

    assert search() == Found(ID, 200, OUTPUT)
    assert [query.get("cursor") for query in asked(server)] == [None, "1", "2"]


def test_a_cursor_that_goes_round_leaves_it_undecided(serve: Serve) -> None:
    pages = [page(next_cursor="1", has_more=True), page(next_cursor="1", has_more=True)]
    server = serve(paged(pages))

    assert search() == NotThere(complete=False)
    assert len(server.heard) == 2


def test_a_history_without_an_end_leaves_it_undecided(serve: Serve) -> None:
    server = serve(lambda heard: page(next_cursor=str(len(server.heard)), has_more=True))

    assert search() == NotThere(complete=False)
    assert len(server.heard) == 30


@pytest.mark.parametrize(
    "answer", [CUT, reply(500), reply(429), reply(401), reply(403), reply(200, b"?"), reply(200, [])]
)
def test_a_history_that_cannot_be_had_is_unavailable(serve: Serve, answer: bytes) -> None:
    server = serve(lambda heard: answer)

    with pytest.raises(Unavailable):
        search()
    with pytest.raises(Unavailable):
        payload(LARGE, ID)
    assert len(server.heard) == 6


def test_a_passing_trouble_is_sat_out(serve: Serve) -> None:
    answers = [reply(503), page(item())]
    server = serve(lambda heard: answers[len(server.heard) - 1])

    assert search() == Found(ID, 200, OUTPUT)


def test_a_limit_of_calls_names_the_pause(serve: Serve) -> None:
    serve(lambda heard: reply(429, x_ratelimit_reset="42"))

    with pytest.raises(Unavailable) as told:
        search()

    assert told.value.retry_after_s == 42


def test_a_result_that_the_queue_dropped_is_rescued(serve: Serve) -> None:
    server = serve(lambda heard: page(item(request_id="other"), item()))

    assert payload(LARGE, ID, since=SENT) == (200, OUTPUT)
    [query] = asked(server)
    assert (query["request_id"], query["start"]) == (ID, "2026-11-20T11:59:30Z")


@pytest.mark.parametrize(
    "items",
    [
        [],
        [item(request_id="other")],
        [item(json_output=None)],
        [item(status_code=None)],
        ["text"],
    ],
)
def test_what_is_not_in_the_history_cannot_be_rescued(serve: Serve, items: list[object]) -> None:
    serve(lambda heard: page(*items))

    assert payload(LARGE, ID) is None


# The stand-in's history -----------------------------------------------------------------------------


def sent(prompt: str, seed: int = 7) -> str:
    outcome = send(LARGE, {"prompt": prompt, "seed": seed}, webhook=None)
    assert isinstance(outcome, Accepted)
    return outcome.request_id


def test_a_lost_answer_is_found_in_the_stand_ins_history(standin: StandIn) -> None:
    standin.control([{"on": "submit", "cut": "before_reply"}], latency_s=60)
    began = datetime.now(UTC)
    send(LARGE, {"prompt": PROMPT, "seed": 7}, webhook=None)
    sent(PROMPT, seed=8)

    assert find(LARGE, prompt=PROMPT, seed=7, since=began) == NotThere(complete=True)

    standin.control(finish=True)
    found = find(LARGE, prompt=PROMPT, seed=7, since=began)
    assert isinstance(found, Found)
    assert (found.status_code, standin.log(on="submit")[0]["request_id"]) == (200, found.request_id)
    assert payload(LARGE, found.request_id) == (200, found.output)


def test_more_requests_than_a_page_holds_are_searched(standin: StandIn) -> None:
    standin.control(concurrency=200, latency_s=60)
    began = datetime.now(UTC)
    first = sent(PROMPT)
    for seed in range(100, 205):
        sent(PROMPT, seed)
    standin.control(finish=first)
    standin.control(finish=True)

    found = find(LARGE, prompt=PROMPT, seed=7, since=began)

    assert isinstance(found, Found)
    assert found.request_id == first
    assert len(standin.log(on="history")) == 2
