"""The API's documents as a page: the OpenAPI document in the site's own look, without a script of anybody's."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generations import catalogue
from partners import idempotency, waiting
from partners.problems import CONTENT_TYPE, KINDS

from . import schema
from .describe import OF_ANY_CALL, OF_ANY_KEY, OF_ANY_POST

COMMON = {*OF_ANY_CALL, *OF_ANY_KEY, *OF_ANY_POST}


@dataclass(frozen=True)
class Field:
    """One line of a table: a parameter, or a field of an object. `place`: where a parameter stands, as OpenAPI says."""

    name: str
    kind: str
    about: str
    place: str = ""


@dataclass(frozen=True)
class Answer:
    """A success: its status, what it means, and an example as JSON text (empty where it is none)."""

    status: str
    about: str
    example: str


@dataclass(frozen=True)
class Call:
    id: str
    method: str
    path: str
    title: str
    paragraphs: list[str]
    parameters: list[Field]
    bodies: list[tuple[str, str]]
    answers: list[Answer]
    problems: list[str]

    @property
    def own_problems(self) -> list[str]:
        """Those that not every such call can answer with."""
        return [code for code in self.problems if code not in COMMON]


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    document = schema.document()
    context = {
        "groups": groups(document),
        "objects": objects(document),
        "kinds": KINDS.items(),
        "model": catalogue.get(catalogue.DEFAULT),
        "root": f"{settings.PUBLIC_URL}/api/v1",
        "longest_wait": waiting.LONGEST_WAIT_S,
        "kept_hours": int(idempotency.KEPT_FOR.total_seconds() // 3600),
        "most_wait": idempotency.LONGEST_WAIT_S,
    }
    return render(request, "api/docs.html", context)


def groups(document: dict[str, Any]) -> dict[str, list[Call]]:
    """Every call, by its tag, in the order of the document."""
    found: dict[str, list[Call]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            found.setdefault(told["tags"][0], []).append(_call(method, path, told))
    return found


def objects(document: dict[str, Any]) -> list[tuple[str, str, list[Field]]]:
    """Every object of the answers and bodies: its name, what it is, and its fields."""
    schemas = document["components"]["schemas"]
    variants = {name: _variants(node, schemas) for name, node in schemas.items() if "discriminator" in node}
    hidden = {id(each) for found in variants.values() for each in found}
    return [
        (name, node.get("description", ""), [_field(*each) for each in _properties(node, variants.get(name))])
        for name, node in schemas.items()
        if ("properties" in node or name in variants) and id(node) not in hidden
    ]


def _variants(node: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    return [schemas[each["$ref"].rpartition("/")[2]] for each in node["oneOf"]]


def _properties(node: dict[str, Any], variants: list[dict[str, Any]] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields of an object; of variants, a field that differs is any of theirs."""
    for name, inner in (variants[0] if variants else node)["properties"].items():
        kinds = [each["properties"][name] for each in variants or [node]]
        if all(kind == inner for kind in kinds):
            yield name, inner
        elif all("const" in kind for kind in kinds):
            yield name, {**inner, "const": None, "enum": [kind["const"] for kind in kinds]}
        elif all("$ref" in kind for kind in kinds):
            yield name, {"anyOf": kinds, "description": "What goes with the image model."}
        else:
            yield name, inner


def _call(method: str, path: str, told: dict[str, Any]) -> Call:
    bodies = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
    return Call(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        title=told["summary"],
        paragraphs=[" ".join(part.split()) for part in told.get("description", "").split("\n\n")],
        parameters=[_parameter(each) for each in told.get("parameters", ())],
        bodies=[(each["summary"], _as_text(each["value"])) for each in bodies.values()],
        answers=[_answer(status, each) for status, each in told["responses"].items() if status.startswith("2")],
        problems=list(_problems(told["responses"])),
    )


def _answer(status: str, told: dict[str, Any]) -> Answer:
    examples = [
        each["value"]
        for kind, content in told.get("content", {}).items()
        if kind == "application/json"
        for each in content.get("examples", {}).values()
    ]
    return Answer(status, told.get("description", ""), _as_text(examples[0]) if examples else "")


def _problems(responses: dict[str, Any]) -> Iterator[str]:
    for told in responses.values():
        for example in told.get("content", {}).get(CONTENT_TYPE, {}).get("examples", {}).values():
            yield example["value"]["code"]


def _parameter(told: dict[str, Any]) -> Field:
    where = {"query": "in the address", "header": "header", "path": "in the path"}[told["in"]]
    return Field(told["name"], f"{_kind(told['schema'])}, {where}", told.get("description", ""), told["in"])


def _field(name: str, node: dict[str, Any]) -> Field:
    return Field(name, _kind(node), node.get("description", ""))


def _kind(node: dict[str, Any]) -> str:
    """What may stand there, in a few words."""
    if "$ref" in node:
        return str(node["$ref"]).rpartition("/")[2]
    if "anyOf" in node or "oneOf" in node:
        return " or ".join(_kind(each) for each in node.get("anyOf") or node["oneOf"])
    if "enum" in node:
        return ", ".join(str(value) for value in node["enum"])
    match node.get("type"):
        case list() as kinds:
            return " or ".join(_kind({**node, "type": each}) for each in kinds)
        case "array":
            return f"list of {_kind(node.get('items', {}))}"
        case "string" if "format" in node:
            return {"uuid": "id", "date-time": "time", "date": "day"}.get(node["format"], "text")
        case "integer" if "maximum" in node:
            return f"whole number, {node.get('minimum', 0)} to {node['maximum']}"
        case str(kind):
            return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(kind, kind)
    return "any"


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
