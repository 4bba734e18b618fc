"""The API's documents: valid, complete, with examples that are true. Other tests hold answers against them."""

import re
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from generations import catalogue
from partners import problems
from partners.api import docs, examples, schema
from tests.partners.caller import Caller, broken
from tests.standins.launch import ROOT as TREE

CALLS = [
    (method, path, told) for path, methods in schema.document()["paths"].items() for method, told in methods.items()
]
NAMES = [told["operationId"] for *_, told in CALLS]


def test_the_document_is_openapi_3_1_and_served_to_all(db: None) -> None:
    answer = Client().get("/api/v1/openapi.json")

    document = answer.json()
    assert (answer.status_code, document["openapi"]) == (200, "3.1.0")
    assert document == schema.document()
    for node in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(node)


def test_every_call_of_the_interface_is_described() -> None:
    assert {f"{method.upper()} {path.removeprefix('/api/v1')}" for method, path, _ in CALLS} == {
        "GET /models", "GET /models/{id}", "POST /quotes", "GET /generations", "POST /generations",
        "GET /generations/{id}", "DELETE /generations/{id}", "POST /generations/{id}/cancel", "GET /images/{id}",
        "GET /images/{id}/content", "GET /uploads", "POST /uploads", "GET /uploads/{id}", "DELETE /uploads/{id}",
        "GET /uploads/{id}/content", "GET /events", "GET /generations/{id}/events", "GET /balance", "GET /ledger",
        "GET /usage",
        "GET /webhooks", "POST /webhooks", "GET /webhooks/{id}", "PATCH /webhooks/{id}", "DELETE /webhooks/{id}",
        "POST /webhooks/{id}/rotate", "POST /webhooks/{id}/test", "POST /webhooks/{id}/redeliver",
        "GET /webhooks/{id}/deliveries", "GET /webhooks/{id}/deliveries/{delivery}",
        "POST /webhooks/{id}/deliveries/{delivery}/redeliver", "GET /webhooks/settings", "PATCH /webhooks/settings",
        "POST /webhooks/settings/rotate", "GET /webhooks/callbacks", "GET /webhooks/callbacks/{delivery}",
        "POST /webhooks/callbacks/{delivery}/redeliver",
    }  # fmt: skip
    assert len(set(NAMES)) == len(NAMES)
    for _, _, told in CALLS:
        assert told["summary"] and told["description"] and told["tags"]


@pytest.mark.parametrize(("method", "path", "told"), CALLS, ids=NAMES)
def test_every_example_fits_its_schema(method: str, path: str, told: dict[str, Any]) -> None:
    contents = [told.get("requestBody", {}), *told["responses"].values()]
    held = [
        (content["schema"], example["value"])
        for each in contents
        for content in each.get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]

    assert [broken(shape, value) for shape, value in held if broken(shape, value)] == []
    assert held


@pytest.mark.parametrize("operation", examples.REQUESTS)
def test_every_example_of_a_body_can_be_sent(api: Caller, operation: str) -> None:
    method, path = next((method, path) for method, path, told in CALLS if told["operationId"] == operation)
    send = {"post": api.post, "patch": api.patch}[method]

    answers = [send(path.removeprefix("/api/v1"), body) for body in examples.REQUESTS[operation].values()]

    assert {answer.status_code for answer in answers} <= {200, 201, 202}


def test_orders_say_which_input_goes_with_which_image_model() -> None:
    body = {"$ref": "#/components/schemas/GenerationBody"}
    fox = {"prompt": "a fox"}

    for image_model in catalogue.all():
        assert broken(body, {"model": image_model.id, "input": fox, "quantity": image_model.max_quantity}) == []
        assert broken(body, {"model": image_model.id, "input": fox, "quantity": image_model.max_quantity + 1})
        assert broken(body, {"model": image_model.id, "input": fox | {"unknown": 1}})
    assert broken(body, {"model": "krea-2-medium", "input": fox | {"num_inference_steps": 20}})
    assert broken(body, {"model": "flux-krea-dev", "input": fox | {"num_inference_steps": 20}}) == []


def test_every_post_takes_an_idempotency_key() -> None:
    posts = [told for method, _, told in CALLS if method == "post"]

    assert all("Idempotency-Key" in [each["name"] for each in told["parameters"]] for told in posts)


def test_every_code_belongs_to_a_call_or_to_what_is_no_call() -> None:
    told = {code for calls in docs.groups(schema.document()).values() for call in calls for code in call.problems}

    assert set(problems.KINDS) - told == {"unknown_address"}


def test_the_page_has_every_call_object_and_code(db: None) -> None:
    answer = Client().get("/api/v1/docs/")

    page = answer.content.decode()
    ids = set(re.findall(r' id="([^"]+)"', page))
    assert answer.status_code == 200
    assert set(NAMES) | set(problems.KINDS) <= ids
    assert {f"object-{name}" for name, *_ in docs.objects(schema.document())} <= ids
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    assert "style=" not in page


def test_the_table_of_errors_is_complete() -> None:
    text = (TREE / "docs" / "api" / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.*) \| (.*) \|$", text, re.MULTILINE)

    assert rows == [(code, str(kind.status), kind.cause, kind.cure) for code, kind in problems.KINDS.items()]
