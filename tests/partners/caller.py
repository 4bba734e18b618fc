"""Calls the API as a partner's program does, and holds every answer against the published document."""

import json
import re
from typing import Any

from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from partners.api import schema

ROOT = "/api/v1"
FOX = {"model": "krea-2-medium", "input": {"prompt": "a red fox in the snow"}}


class Caller:
    """Each method gives Django's response."""

    def __init__(self, secret: str | None) -> None:
        self.client = Client(
            headers={"Authorization": f"Bearer {secret}"} if secret else {}, raise_request_exception=False
        )

    def get(self, path: str, **query: Any) -> Any:
        return _documented("get", path, self.client.get(ROOT + path, query))

    def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> Any:
        sent = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            told["Idempotency-Key"] = key
        response = self.client.post(ROOT + path, sent, content_type="application/json", headers=told)
        return _documented("post", path, response)

    def patch(self, path: str, body: Any) -> Any:
        response = self.client.patch(ROOT + path, json.dumps(body), content_type="application/json")
        return _documented("patch", path, response)

    def delete(self, path: str) -> Any:
        return _documented("delete", path, self.client.delete(ROOT + path))

    def order(self, body: Any = FOX, **headers: Any) -> Any:
        """The generation of a new order."""
        response = self.post("/generations", body, **headers)
        assert response.status_code == 202, response.content
        return response.json()


def refusal(response: Any) -> tuple[int, str]:
    """Status and code of a problem, whose details are whole."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    body = response.json()
    assert body["status"] == response.status_code
    assert body["title"] and body["detail"] and body["type"].endswith(f"/api/v1/docs/#{body['code']}")
    return response.status_code, body["code"]


def fields(response: Any) -> dict[str, Any]:
    """What a refusal allows, by the field or parameter that is wrong."""
    return {
        error["parameter"] if error["pointer"] is None else error["pointer"]: error["allowed"]
        for error in response.json()["errors"]
    }


def broken(shape: dict[str, Any], value: Any) -> list[str]:
    """Where a value leaves a schema of the document."""
    whole = {**shape, "components": schema.document()["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def operation(method: str, path: str) -> dict[str, Any] | None:
    """What the document says of a call."""
    for template, methods in schema.document()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, ROOT + path.partition("?")[0]):
            found: dict[str, Any] | None = methods.get(method)
            return found
    return None


def _documented(method: str, path: str, response: Any) -> Any:
    told = operation(method, path)
    if told is None:
        return response
    answer = told["responses"].get(str(response.status_code))
    assert answer is not None, f"{method} {path} answers {response.status_code}, which is not documented"
    if response.status_code != 204:
        kind = response.headers["Content-Type"].partition(";")[0]
        assert kind in answer["content"], f"{method} {path} answers {kind}, which is not documented"
        if kind.endswith("json"):
            assert broken(answer["content"][kind]["schema"], response.json()) == []
            _is_an_example(answer["content"][kind], response)
    return response


def _is_an_example(content: dict[str, Any], response: Any) -> None:
    """The code of a refusal is one of those that the call's document names."""
    if response.status_code >= 400:
        codes = {example["value"]["code"] for example in content["examples"].values()}
        assert response.json()["code"] in codes
