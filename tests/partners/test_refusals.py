"""Whatever is wrong, the answer is problem details that name the field and what is allowed."""

import gzip
import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from generations import lifecycle
from partners import problems
from partners.api import money
from tests.partners.caller import FOX, ROOT, Caller, fields, refusal


def with_input(**values: Any) -> dict[str, Any]:
    return {"model": "krea-2-medium", "input": {"prompt": "a fox", **values}}


WRONG_BODIES: list[tuple[Any, set[str]]] = [
    ({}, {"/model"}),
    ([], {""}),
    ("a fox", {""}),
    (None, {""}),
    ({"model": "dall-e", "input": {}}, {"/model"}),
    ({"model": ["krea-2-medium"], "input": {"prompt": "a fox"}}, {"/model"}),
    ({"model": "krea-2-medium"}, {"/input"}),
    ({"model": "krea-2-medium", "input": {}}, {"/input/prompt"}),
    ({"model": "krea-2-medium", "input": "a fox"}, {"/input"}),
    (with_input(creativity="huge", aspect_ratio=7), {"/input/creativity", "/input/aspect_ratio"}),
    (with_input(negative_prompt="cats"), {"/input/negative_prompt"}),
    (FOX | {"quantity": 0}, {"/quantity"}),
    (FOX | {"quantity": "2"}, {"/quantity"}),
    (FOX | {"quantity": True}, {"/quantity"}),
    (FOX | {"prompt": "a fox"}, {"/prompt"}),
    (FOX | {"webhook_url": "ftp://example.com"}, {"/webhook_url"}),
    (FOX | {"webhook_url": "https://10.0.0.7/hook"}, {"/webhook_url"}),
    (FOX | {"webhook_url": ["https://example.com"]}, {"/webhook_url"}),
    (FOX | {"a/b~c": 1}, {"/a~1b~0c"}),
    (FOX | {"reference": ""}, {"/reference"}),
    (FOX | {"reference": 7}, {"/reference"}),
    (FOX | {"reference": "x" * 201}, {"/reference"}),
    (FOX | {"reference": "a\0b"}, {"/reference"}),
    (FOX | {"quote": 7}, {"/quote"}),
    (FOX | {"metadata": []}, {"/metadata"}),
    (FOX | {"metadata": {"a": {"b": 1}}}, {"/metadata"}),
    (FOX | {"metadata": {"a": "x" * 501}}, {"/metadata"}),
    (FOX | {"metadata": {"a" * 65: 1}}, {"/metadata"}),
    (FOX | {"metadata": {"": 1}}, {"/metadata"}),
    (FOX | {"metadata": {"a": "b\0"}}, {"/metadata"}),
    (FOX | {"metadata": {"a": 10**30}}, {"/metadata"}),
    (FOX | {"metadata": {str(number): "x" for number in range(51)}}, {"/metadata"}),
    (FOX | {"metadata": {str(number): "x" * 400 for number in range(20)}}, {"/metadata"}),
    (FOX | {"quantity": 99, "nonsense": 1, "reference": 1}, {"/quantity", "/nonsense", "/reference"}),
]


def test_a_body_that_cannot_be_is_refused_with_every_field_that_is_wrong(api: Caller) -> None:
    answers = [(api.post("/generations", json.dumps(body)), expected) for body, expected in WRONG_BODIES]

    assert {refusal(answer) for answer, _ in answers} == {(422, "invalid_input")}
    assert [set(fields(answer)) for answer, _ in answers] == [expected for _, expected in answers]
    assert api.get("/generations").json()["items"] == []


def test_a_wrong_choice_names_the_choices(api: Caller) -> None:
    answer = api.post("/quotes", with_input(creativity="huge") | {"quantity": 99})

    assert fields(answer) == {
        "/input/creativity": ["raw", "low", "medium", "high"],
        "/quantity": {"minimum": 1, "maximum": 10},
    }
    assert answer.json()["errors"][0]["detail"] == "creativity must be one of raw, low, medium, high."


NO_JSON: list[Any] = [
    "{",
    '{"model": NaN}',
    '{"model": Infinity}',
    b"\xff\xfe",
    '"' + "a" * 100,
    "[" * 100_000,
    "[" * 500 + "]" * 500,
    '{"a":' * 40 + "1" + "}" * 40,
    "1" * 5000,
]


def test_what_is_no_json_is_refused(api: Caller) -> None:
    assert [refusal(api.post("/generations", body)) for body in NO_JSON] == [(400, "invalid_json")] * len(NO_JSON)


def test_no_body_at_all_is_an_empty_order(api: Caller) -> None:
    assert set(fields(api.post("/generations", ""))) == {"/model"}


def test_half_a_character_in_a_prompt_or_name_is_refused_and_not_stored(api: Caller) -> None:
    for body in ('{"model":"krea-2-medium","input":{"prompt":"\\ud800"}}', '{"\\ud800":1}'):
        assert refusal(api.post("/generations", body)) == (422, "invalid_input")


def test_a_body_that_is_not_said_to_be_json_is_refused(api: Caller) -> None:
    kinds = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "json"]

    answers = [api.client.post(f"{ROOT}/quotes", json.dumps(FOX), content_type=kind) for kind in kinds]

    assert {refusal(answer) for answer in answers} == {(415, "unsupported_media_type")}


def test_a_packed_body_is_refused_whether_it_is_packed_or_not(api: Caller) -> None:
    for body in (gzip.compress(json.dumps(FOX).encode()), json.dumps(FOX).encode()):
        answer = api.client.post(
            f"{ROOT}/quotes", body, content_type="application/json", headers={"Content-Encoding": "gzip"}
        )
        assert refusal(answer) == (415, "unsupported_media_type")
        assert "Content-Encoding" in answer.json()["detail"]


def test_the_document_is_read_and_not_written_by_a_key_or_without(api: Caller) -> None:
    strict = Client(enforce_csrf_checks=True)
    for method in ("post", "put", "patch", "delete", "options"):
        answer = getattr(strict, method)(f"{ROOT}/openapi.json")
        assert (refusal(answer), answer.headers["Allow"]) == ((405, "method_not_allowed"), "GET")


def test_what_no_view_hears_of_is_a_problem_too(api: Caller) -> None:
    answer = api.client.get(f"{ROOT}/balance", headers={"Host": "evil.example"})

    assert refusal(answer) == (400, "bad_request")


def test_the_beginning_and_the_end_of_time_are_times(api: Caller) -> None:
    for query in ({"until": "0001-01-01"}, {"until": "0001-01-02T00:00:00Z"}, {"until": "9999-12-31T23:59:59Z"}):
        assert api.get("/usage", **query).json()["items"] == []
        assert api.get("/generations", **query).json()["items"] == []


def test_a_body_larger_than_django_reads_is_refused(api: Caller, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024

    assert refusal(api.post("/quotes", with_input(prompt="x" * 2000))) == (413, "body_too_large")


WRONG_QUERIES = [
    ("/generations", {"status": "done"}, "status"),
    ("/generations", {"limit": "0"}, "limit"),
    ("/generations", {"limit": "101"}, "limit"),
    ("/generations", {"limit": "x"}, "limit"),
    ("/generations", {"limit": "²"}, "limit"),
    ("/generations", {"cursor": "x"}, "cursor"),
    ("/generations", {"key": "x"}, "key"),
    ("/generations", {"since": "yesterday"}, "since"),
    ("/generations", {"since": "2026-13-01"}, "since"),
    ("/generations", {"until": "2026-02-30T00:00:00Z"}, "until"),
    ("/generations", {"q": "x" * 201}, "q"),
    ("/generations", {"q": ""}, "q"),
    ("/generations", {"reference": ""}, "reference"),
    ("/generations", {"model": "dall-e"}, "model"),
    ("/generations", {"reference": "a\0"}, "reference"),
    ("/generations", {"stauts": "failed"}, "stauts"),
    ("/ledger", {"limit": "-1"}, "limit"),
    ("/ledger", {"kind": "usage"}, "kind"),
    ("/events", {"since": "now"}, "since"),
    ("/balance", {"currency": "usd"}, "currency"),
    ("/models", {"page": "2"}, "page"),
]


def test_a_wrong_parameter_is_refused_and_named(api: Caller) -> None:
    answers = [api.get(path, **query) for path, query, _ in WRONG_QUERIES]

    assert {refusal(answer) for answer in answers} == {(422, "invalid_query")}
    assert [set(fields(answer)) for answer in answers] == [{wrong} for *_, wrong in WRONG_QUERIES]


def test_a_wrong_parameter_of_an_order_orders_nothing(api: Caller) -> None:
    for query in ("wait=101", "wait=-1", "wait=x", "dry_run=maybe", "zap=1"):
        assert refusal(api.post(f"/generations?{query}", FOX)) == (422, "invalid_query")
    assert api.get("/generations").json()["items"] == []


def test_an_unknown_address_is_a_problem_and_no_page(db: None) -> None:
    client = Caller(None).client
    paths = ["/", "/generation", "/generations/", "/generations/7", "/images", "/../admin", "/a/b"]
    methods = ["get", "post", "put", "patch", "delete", "options", "head"]

    answers = [getattr(client, method)(ROOT + path) for path in paths for method in methods]

    assert {(answer.status_code, answer.headers["Content-Type"]) for answer in answers} == {
        (404, "application/problem+json")
    }


def test_a_wrong_method_says_which_are_right(api: Caller) -> None:
    wrong = [
        ("put", "/generations", ["GET", "POST"]),
        ("delete", "/generations", ["GET", "POST"]),
        ("get", "/quotes", ["POST"]),
        ("post", "/balance", ["GET"]),
        ("patch", "/generations/019ab2c4-1f3e-7c55-8a51-6d1f0b7a9e01", ["DELETE", "GET"]),
        ("options", "/models", ["GET"]),
    ]

    for method, path, allowed in wrong:
        answer = getattr(api.client, method)(ROOT + path)
        assert refusal(answer) == (405, "method_not_allowed")
        assert (answer.json()["allowed"], answer.headers["Allow"]) == (allowed, ", ".join(allowed))


def test_a_fault_of_ours_says_nothing_of_its_inside(
    api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the password is 7")

    monkeypatch.setattr(money, "_wallet", fail)

    answer = api.get("/balance")

    assert refusal(answer) == (500, "internal_error")
    assert b"password" not in answer.content
    assert "Balance failed: RuntimeError" in caplog.text


def test_a_database_that_does_not_answer_is_busy(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(lifecycle, "place", fail)

    answer = api.post("/generations", FOX)

    assert refusal(answer) == (503, "busy")
    assert answer.headers["Retry-After"] == "2"


def test_every_kind_of_problem_has_its_words() -> None:
    for code, kind in problems.KINDS.items():
        assert code.replace("_", "").isalpha() and 400 <= kind.status < 600
        for words in (kind.title, kind.cause, kind.cure):
            assert words.endswith("."), code
